#include "modelfile/keep_layers.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/file.h"
#include "modelfile/summary.h"

namespace fw::modelfile {
namespace {

// A model of `count` layers; each tensor is 8 floats filled with its layer's letter.
GgufHeader model(std::uint32_t count, const std::string& architecture = "llama") {
  GgufHeader header;
  header.set("general.architecture", GgufValue::string(architecture));
  header.set("general.size_label", GgufValue::string("1B"));
  header.set(architecture + ".block_count", GgufValue::u32(count));
  std::vector<std::uint32_t> heads(count);
  for (std::uint32_t i = 0; i < count; ++i) heads[i] = 10 + i;
  header.set(architecture + ".attention.head_count", GgufValue::u32s(heads));
  header.set(architecture + ".rope.dimension_sections", GgufValue::u32s(heads));
  header.tensors.push_back({"token_embd.weight", 0, {8}});
  for (std::uint32_t i = 0; i < count; ++i) {
    header.tensors.push_back({"blk." + std::to_string(i) + ".attn_q.weight", 0, {8}});
    header.tensors.push_back({"blk." + std::to_string(i) + ".ffn_up.weight", 0, {2, 4}});
  }
  header.tensors.push_back({"output_norm.weight", 0, {8}});
  return header;
}

char letter_of(const GgufTensor& tensor) {
  return tensor.name.starts_with("blk.") ? static_cast<char>('a' + std::stoi(tensor.name.substr(4))) : 'Z';
}

struct Models {
  explicit Models(const GgufHeader& header) {
    EXPECT_TRUE(write_gguf(in, header, [](const GgufTensor& t, const auto& sink) {
                  return sink(std::string(t.bytes, letter_of(t)));
                }).ok());
  }
  [[nodiscard]] char letter(const std::string& tensor) const {
    const auto header = read_gguf_header(out);
    const auto* found = header->find_tensor(tensor);
    return found == nullptr ? '-' : (*io::read_file(out))[header->data_offset + found->offset];
  }

  io::TemporaryFolder folder;
  std::filesystem::path in = folder.path() / "in.gguf";
  std::filesystem::path out = folder.path() / "out.gguf";
};

TEST(KeepLayers, RenumbersLayersAndTakesTheirBytesAlong) {
  const Models models(model(12));
  ASSERT_TRUE(keep_layers(models.in, models.out, {0, 1, 5, 11}).ok());
  EXPECT_EQ(models.letter("blk.0.attn_q.weight"), 'a');
  EXPECT_EQ(models.letter("blk.2.ffn_up.weight"), 'f');
  EXPECT_EQ(models.letter("blk.3.attn_q.weight"), 'l');
  EXPECT_EQ(models.letter("blk.4.attn_q.weight"), '-');
  EXPECT_EQ(models.letter("output_norm.weight"), 'Z');
}

TEST(KeepLayers, AdaptsWhatTheMetadataSaysOfLayers) {
  const Models models(model(4));
  ASSERT_TRUE(keep_layers(models.in, models.out, {1, 3}).ok());
  const auto header = read_gguf_header(models.out);
  EXPECT_EQ(header->find("llama.block_count")->as_uint(), 2U);
  EXPECT_EQ(header->find("llama.attention.head_count")->as_uints(), (std::vector<std::uint64_t>{11, 13}));
  EXPECT_EQ(header->find("llama.rope.dimension_sections")->count, 4U);
  EXPECT_EQ(header->find("flywheel.kept_layers")->as_uints(), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(header->find("general.size_label")->as_string(), "0M");
}

TEST(KeepLayers, RemembersTheFirstModelsLayersWhenReducedTwice) {
  const Models models(model(8));
  const auto once = reduce_header(*read_gguf_header(models.in), {1, 3, 5, 7});
  const auto twice = reduce_header(once->header, {0, 3});
  EXPECT_EQ(twice->header.find("flywheel.kept_layers")->as_uints(), (std::vector<std::uint64_t>{1, 7}));
}

TEST(KeepLayers, RefusesLayersThatAreNotThereOrOutOfOrder) {
  const GgufHeader header = model(4);
  for (const std::vector<int>& layers : {std::vector<int>{}, {4}, {-1}, {1, 0}, {2, 2}}) {
    EXPECT_EQ(reduce_header(header, layers).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_NE(reduce_header(header, {9}).error().message.find("0 to 3"), std::string::npos);
}

TEST(KeepLayers, RefusesModelsWhoseLayersAreNotAlike) {
  EXPECT_EQ(reduce_header(model(4, "gemma3"), {0}).error().code, ErrorCode::kUnimplemented);
  GgufHeader moe = model(4, "qwen3moe");
  moe.set("qwen3moe.leading_dense_block_count", GgufValue::u32(0));
  EXPECT_TRUE(reduce_header(moe, {0}).ok());
  moe.set("qwen3moe.leading_dense_block_count", GgufValue::u32(1));
  EXPECT_EQ(reduce_header(moe, {0}).error().code, ErrorCode::kUnimplemented);
}

TEST(KeepLayers, RefusesModelsThatContradictThemselves) {
  GgufHeader header = model(4);
  header.set("llama.block_count", GgufValue::u32(3));
  EXPECT_EQ(reduce_header(header, {0}).error().code, ErrorCode::kDataLoss);
  header.set("llama.block_count", GgufValue::u32(5));
  EXPECT_EQ(reduce_header(header, {4}).error().code, ErrorCode::kDataLoss);
  header.set("llama.block_count", GgufValue::u32(0));
  EXPECT_EQ(reduce_header(header, {0}).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(reduce_header(GgufHeader{}, {0}).error().code, ErrorCode::kDataLoss);
}

TEST(KeepLayers, NeverOverwritesTheModelItReads) {
  const Models models(model(4));
  const std::string before = *io::read_file(models.in);
  EXPECT_EQ(keep_layers(models.in, models.folder.path() / "." / "in.gguf", {0}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(*io::read_file(models.in), before);
}

TEST(KeepLayers, LeavesNothingOfATruncatedModel) {
  const Models models(model(4));
  const std::string whole = *io::read_file(models.in);
  for (const std::size_t size : {whole.size() - 40, whole.size() / 2, std::size_t{30}}) {
    std::ofstream(models.in, std::ios::binary) << whole.substr(0, size);
    const Status status = keep_layers(models.in, models.out, {0});
    EXPECT_EQ(status.error().code, ErrorCode::kDataLoss);
    EXPECT_NE(status.error().message.find("in.gguf"), std::string::npos) << status.error();
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(models.folder.path()), {}), 1);
}

}  // namespace
}  // namespace fw::modelfile
