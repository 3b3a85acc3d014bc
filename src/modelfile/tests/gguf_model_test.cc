#include "modelfile/gguf_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "modelfile/keep_layers.h"
#include "modelfile/summary.h"

namespace fw::modelfile {
namespace {

using ::testing::HasSubstr;

// A model of two layers in three files, as llama.cpp's gguf-split writes it: metadata in the first, tensors anywhere.
class ModelInSeveralFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    first_.set("general.architecture", GgufValue::string("llama"));
    first_.set("llama.block_count", GgufValue::u32(2));
    write(0, first_, {{"token_embd.weight", 0, {8}}});
    write(1, {}, {{"blk.0.attn_q.weight", 0, {8, 4}}});
    write(2, {}, {{"blk.1.attn_q.weight", 0, {8, 4}}, {"output_norm.weight", 0, {8}}});
  }

  [[nodiscard]] std::filesystem::path file(int part) const {
    return folder_.path() / ("m-0000" + std::to_string(part + 1) + "-of-00003.gguf");
  }
  void write(std::uint32_t part, GgufHeader header, std::vector<GgufTensor> tensors, std::uint32_t all = 4) {
    header.set("split.no", GgufValue::u32(part));
    header.set("split.count", GgufValue::u32(3));
    header.set("split.tensors.count", GgufValue::u32(all));
    header.tensors = std::move(tensors);
    ASSERT_TRUE(write_gguf(file(static_cast<int>(part)), header, [](const GgufTensor& t, const auto& sink) {
                  return sink(std::string(t.bytes, t.name.starts_with("blk.1") ? 'b' : 'a'));
                }).ok());
  }
  [[nodiscard]] std::string error() const {
    const auto model = read_gguf_model(file(0));
    return model.ok() ? "" : model.error().message;
  }

  io::TemporaryFolder folder_;
  GgufHeader first_;
};

TEST_F(ModelInSeveralFiles, IsOneModelWithTheTensorsOfAll) {
  const auto model = read_gguf_model(file(0));
  ASSERT_TRUE(model.ok()) << model.error();
  EXPECT_EQ(model->header.tensors.size(), 4U);
  EXPECT_EQ(model->header.find("split.count"), nullptr);
  EXPECT_EQ(model->files.size(), 3U);
  EXPECT_EQ(model->file_of, (std::vector<std::size_t>{0, 1, 2, 2}));
  std::uint64_t bytes = 0;
  for (int i = 0; i < 3; ++i) bytes += std::filesystem::file_size(file(i));
  EXPECT_EQ(model->file_bytes, bytes);
}

TEST_F(ModelInSeveralFiles, IsInspectedWhole) {
  const auto summary = inspect(file(0));
  ASSERT_TRUE(summary.ok()) << summary.error();
  EXPECT_EQ(summary->parameters, 8U + 32 + 32 + 8);
  EXPECT_EQ(summary->files, 3U);
  EXPECT_THAT(to_text(*summary), HasSubstr("and 2 more"));
}

TEST_F(ModelInSeveralFiles, LosesLayersIntoOneFile) {
  const auto out = folder_.path() / "small.gguf";
  ASSERT_TRUE(keep_layers(file(0), out, {1}).ok());
  const auto header = read_gguf_header(out);
  ASSERT_TRUE(header.ok()) << header.error();
  EXPECT_EQ(header->find("split.count"), nullptr);
  const auto* tensor = header->find_tensor("blk.0.attn_q.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ((*io::read_file(out))[header->data_offset + tensor->offset], 'b');
  EXPECT_FALSE(keep_layers(file(0), file(2), {1}).ok());
}

TEST_F(ModelInSeveralFiles, NamesTheFileThatIsMissingOrDoesNotBelong) {
  write(1, {}, {{"blk.0.attn_q.weight", 0, {8, 4}}}, 4);
  std::filesystem::rename(file(2), file(1));
  EXPECT_THAT(error(), HasSubstr("does not say that it is part 2 of 3"));
  std::filesystem::remove(file(1));
  EXPECT_THAT(error(), HasSubstr("m-00002-of-00003.gguf"));
}

TEST_F(ModelInSeveralFiles, RefusesATensorInTwoFilesAndALackOfSome) {
  write(1, {}, {{"token_embd.weight", 0, {8}}});
  EXPECT_THAT(error(), HasSubstr("twice"));
  write(1, {}, {});
  EXPECT_THAT(error(), HasSubstr("the first says 4"));
}

TEST_F(ModelInSeveralFiles, IsNamedByItsFirstFile) {
  const auto later = read_gguf_model(file(1));
  ASSERT_FALSE(later.ok());
  EXPECT_THAT(later.error().message, HasSubstr("name the first, " + file(0).string()));
  std::filesystem::rename(file(0), folder_.path() / "renamed.gguf");
  const auto renamed = read_gguf_model(folder_.path() / "renamed.gguf");
  ASSERT_FALSE(renamed.ok());
  EXPECT_THAT(renamed.error().message, HasSubstr("give the files their names back"));
}

}  // namespace
}  // namespace fw::modelfile
