// Each family that is trained, out of both its files: the folder that transformers wrote and the GGUF file that
// llama.cpp's converter made of it, against the logits that transformers computed.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "io/file.h"
#include "modelfile/gguf_model.h"
#include "trainer/convert/convert.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/model/reference.h"
#include "trainer/tests/golden_support.h"
#include "trainer/tests/tiny_folder.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int kVocabulary = 97;

class RecordedFamily : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { recorded_ = golden_folder() / "families" / GetParam(); }

  void expect_recorded_logits(const std::filesystem::path& model) const {
    const at::NoGradGuard no_grad;
    const auto weights = load_or_throw(model);
    const Vectors vectors(recorded_ / "vectors.safetensors");
    for (const std::string key : {"short", "long"}) {
      const auto ids = vectors.integers(key + ".ids");
      const auto expected = vectors.floats(key + ".logits").squeeze(0);
      const auto last = [&](const at::Tensor& logits) {
        return logits.narrow(0, logits.size(0) - expected.size(0), expected.size(0));
      };
      const auto mask = at::ones_like(ids);
      EXPECT_LE(largest_difference(last(packed_logits(weights, nullptr, rows_of(ids, mask)).at(0)), expected),
                kTolerance)
          << model << " " << key;
      EXPECT_LE(largest_difference(last(reference_logits(weights, nullptr, ids, mask).squeeze(0)), expected),
                kTolerance)
          << model << " " << key;
    }
  }

  // The recorded folder with a tokenizer beside it.
  [[nodiscard]] std::filesystem::path folder_with_tokenizer() const {
    const auto folder = temporary_.path() / "model";
    std::filesystem::create_directories(folder);
    for (const char* name : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(recorded_ / name, folder / name, std::filesystem::copy_options::overwrite_existing);
    write_byte_tokenizer(kVocabulary, folder);
    return folder;
  }

  double loss(const ModelWeights& weights, const Adapter* adapter) const {
    Random random(8);
    return reference_loss(weights, adapter, random_rows(3, 4, 9, weights.config.vocab, random)).item<double>();
  }

  std::filesystem::path recorded_;
  io::TemporaryFolder temporary_;
};

TEST_P(RecordedFamily, GivesTheRecordedLogitsOutOfItsFolder) { expect_recorded_logits(recorded_); }

TEST_P(RecordedFamily, GivesTheRecordedLogitsOutOfItsGgufFile) { expect_recorded_logits(recorded_ / "model.gguf"); }

TEST_P(RecordedFamily, IsConvertedIntoTheTensorsThatTheEnginesOwnConverterMakes) {
  const auto out = temporary_.path() / "out.gguf";
  const auto status = convert_to_gguf(folder_with_tokenizer(), out);
  ASSERT_TRUE(status.ok()) << status.error();
  const auto ours = modelfile::read_gguf_model(out), theirs = modelfile::read_gguf_model(recorded_ / "model.gguf");
  ASSERT_TRUE(ours.ok() && theirs.ok());
  const auto our_files = modelfile::GgufModelFiles::open(*ours), their_files = modelfile::GgufModelFiles::open(*theirs);
  const auto bytes_of = [](const auto& files, std::size_t index) {
    std::string bytes;
    EXPECT_TRUE(files->copy(index, [&](std::string_view piece) { return bytes += piece, Status(); }).ok());
    return bytes;
  };
  std::size_t compared = 0;
  for (std::size_t i = 0; i < theirs->header.tensors.size(); ++i) {
    const auto& tensor = theirs->header.tensors[i];
    const auto* own = ours->header.find_tensor(tensor.name);
    ASSERT_NE(own, nullptr) << tensor.name;
    EXPECT_EQ(own->type, tensor.type) << tensor.name;
    EXPECT_EQ(own->shape, tensor.shape) << tensor.name;
    const auto index = static_cast<std::size_t>(own - ours->header.tensors.data());
    const auto mine = bytes_of(our_files, index), his = bytes_of(their_files, i);
    ++compared;
    if (tensor.name != "rope_freqs.weight") {
      EXPECT_EQ(mine, his) << tensor.name;
      continue;
    }
    for (std::size_t at = 0; at + 4 <= his.size(); at += 4)
      EXPECT_NEAR(*reinterpret_cast<const float*>(&mine[at]), *reinterpret_cast<const float*>(&his[at]), 1e-5);
  }
  EXPECT_EQ(ours->header.tensors.size(), compared);
  expect_recorded_logits(out);
}

TEST_P(RecordedFamily, IsConvertedWithItsTokenizerAndTemplate) {
  const auto out = temporary_.path() / "out.gguf";
  ASSERT_TRUE(convert_to_gguf(folder_with_tokenizer(), out).ok());
  const auto model = modelfile::read_gguf_model(out);
  ASSERT_TRUE(model.ok()) << model.error();
  const auto& header = model->header;
  EXPECT_EQ(header.find("tokenizer.ggml.model")->as_string(), "gpt2");
  EXPECT_EQ(header.find("tokenizer.ggml.pre")->as_string(), "gpt-2");
  EXPECT_EQ(header.find("tokenizer.ggml.tokens")->count, static_cast<std::uint64_t>(kVocabulary));
  EXPECT_TRUE(header.find("tokenizer.ggml.merges")->has_string("a b"));
  EXPECT_EQ(header.find("tokenizer.ggml.bos_token_id")->as_uint(), 1U);
  EXPECT_EQ(header.find("tokenizer.chat_template")->as_string(), "{{ messages }}");
}

TEST_P(RecordedFamily, IsRefusedWhenItsConfigAndItsWeightsDisagree) {
  const auto folder = folder_with_tokenizer();
  auto config = nlohmann::json::parse(io::read_file(folder / "config.json").value());
  config["intermediate_size"] = 64;
  ASSERT_TRUE(io::write_file_atomically(folder / "config.json", config.dump()).ok());
  const auto status = convert_to_gguf(folder, temporary_.path() / "out.gguf");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("another shape than config.json says"), std::string::npos) << status.error();
  EXPECT_FALSE(std::filesystem::exists(temporary_.path() / "out.gguf"));
}

TEST_P(RecordedFamily, HasAdaptersThatAreTheSameInEveryForm) {
  const auto weights = load_or_throw(recorded_ / "model.gguf");
  const auto adapter = random_adapter(weights.config, {.rank = 4, .alpha = 6, .first_layer = 1}, 5);
  const double expected = loss(weights, &adapter);
  ASSERT_NE(expected, loss(weights, nullptr));
  const auto paths = write_adapter(adapter, weights.config, "base", 0, temporary_.path() / "adapter");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const auto read = read_peft_adapter(weights.config, paths->peft);
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_NEAR(loss(weights, &*read), expected, 1e-5 * expected);
  const auto merged = temporary_.path() / "merged.gguf";
  const auto status = write_merged_model(recorded_ / "model.gguf", paths->gguf, {}, MergedType::kF32, merged);
  ASSERT_TRUE(status.ok()) << status.error();
  EXPECT_NEAR(loss(load_or_throw(merged), nullptr), expected, 1e-4 * expected);
}

INSTANTIATE_TEST_SUITE_P(All, RecordedFamily, testing::ValuesIn(folders_in(golden_folder() / "families")),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fw::trainer
