// Each family in the real engine: the GGUF file that we make of its folder gives the logits that transformers computed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/tests/llama_server.h"
#include "trainer/convert/convert.h"
#include "trainer/tests/golden_support.h"
#include "trainer/tests/tiny_folder.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

// The engine rounds to bfloat16 on the way, and has GELU in a table of half precision: 0.08 was the most.
constexpr double kTolerance = 0.15;

class FamilyInTheEngine : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto recorded = golden_folder() / "families" / GetParam();
    const auto folder = temporary_.path() / "model";
    std::filesystem::create_directories(folder);
    for (const char* name : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(recorded / name, folder / name);
    write_byte_tokenizer(97, folder);
    const auto status = convert_to_gguf(folder, file_);
    ASSERT_TRUE(status.ok()) << status.error();
    vectors_.emplace(recorded / "vectors.safetensors");
  }

  // Log probabilities of the token after `key`'s ids, as transformers has them.
  [[nodiscard]] std::vector<double> recorded(const std::string& key) const {
    const auto logits = vectors_->floats(key + ".logits").squeeze(0);
    const auto last = logits.narrow(0, logits.size(0) - 1, 1).to(at::kDouble).log_softmax(-1).contiguous();
    return {last.const_data_ptr<double>(), last.const_data_ptr<double>() + last.numel()};
  }

  io::TemporaryFolder temporary_;
  std::filesystem::path file_ = temporary_.path() / "model.gguf";
  std::optional<Vectors> vectors_;
};

TEST_P(FamilyInTheEngine, GivesTheRecordedProbabilities) {
  modelfile::LlamaServer server(FW_LLAMA_SERVER, {"-m", file_.string(), "-c", "256", "-np", "1"});
  ASSERT_TRUE(server.ready()) << "llama-server did not become ready";
  for (const std::string key : {"short", "long"}) {
    const auto ids = vectors_->integers(key + ".ids").flatten();
    const std::vector<std::int64_t> prompt(ids.const_data_ptr<std::int64_t>(),
                                           ids.const_data_ptr<std::int64_t>() + ids.numel());
    const auto answer = Json::parse(server.post(
        "/completion", Json{{"prompt", prompt}, {"n_predict", 1}, {"n_probs", 97}, {"temperature", 0}}.dump()));
    const auto expected = recorded(key);
    const auto& likeliest = answer.at("completion_probabilities").at(0).at("top_logprobs");
    ASSERT_EQ(likeliest.size(), expected.size());
    for (const auto& token : likeliest)
      EXPECT_NEAR(token.at("logprob").get<double>(), expected[token.at("id").get<std::size_t>()], kTolerance)
          << key << " token " << token.at("id");
    EXPECT_EQ(likeliest[0].at("id").get<std::ptrdiff_t>(),
              std::max_element(expected.begin(), expected.end()) - expected.begin());
  }
}

INSTANTIATE_TEST_SUITE_P(All, FamilyInTheEngine, testing::ValuesIn(folders_in(golden_folder() / "families")),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fw::trainer
