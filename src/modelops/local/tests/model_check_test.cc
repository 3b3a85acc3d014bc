#include "modelops/local/model_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "modelfile/safetensors.h"

namespace fw::modelops {
namespace {

using modelfile::GgufHeader;
using modelfile::GgufValue;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ModelCheckTest : public testing::Test {
 protected:
  /// A header of a small model; tests change what they are about.
  static GgufHeader model(const std::string& architecture = "llama") {
    GgufHeader header;
    header.set("general.architecture", GgufValue::string(architecture));
    header.set(architecture + ".context_length", GgufValue::u32(2048));
    header.set(architecture + ".block_count", GgufValue::u32(1));
    header.set("tokenizer.ggml.model", GgufValue::string("gpt2"));
    header.tensors = {{.name = "token_embd.weight", .type = 0, .shape = {4}}};
    return header;
  }

  std::filesystem::path write(const std::string& name, const GgufHeader& header) {
    const auto path = folder_.path() / name;
    const std::string zeros(16, '\0');
    EXPECT_TRUE(modelfile::write_gguf(path, header, [&](const auto&, const auto& sink) { return sink(zeros); }).ok());
    return path;
  }
  std::filesystem::path write_bytes(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
    return folder_.path() / name;
  }
  static std::vector<std::string> errors(const std::filesystem::path& path, bool is_trained = false,
                                         std::vector<int> keep_layers = {}) {
    ModelSpec spec{.name = "m", .path = path, .keep_layers = std::move(keep_layers), .context_length = 1024};
    return check_model(spec, is_trained).errors;
  }

  io::TemporaryFolder folder_;
};

TEST_F(ModelCheckTest, AWholeModelIsGood) { EXPECT_THAT(errors(write("m.gguf", model()), true), IsEmpty()); }

TEST_F(ModelCheckTest, ForeignFilesAreNamedForWhatTheyAre) {
  EXPECT_THAT(errors(folder_.path() / "none.gguf"), ElementsAre("does not exist"));
  EXPECT_THAT(errors(write_bytes("a", "\x89PNG\r\n\x1a\n")), ElementsAre("is a PNG picture, not a GGUF file"));
  EXPECT_THAT(errors(write_bytes("b", "version https://git-lfs.github.com/spec/v1\n")),
              ElementsAre(HasSubstr("git lfs pull")));
  EXPECT_THAT(errors(write_bytes("c", "root:x:0:0\n")), ElementsAre(HasSubstr("a text file")));
  EXPECT_THAT(errors(write_bytes("d", "")), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(errors(write_bytes("e", std::string("\x40\0\0\0\0\0\0\0{\"__m", 13))),
              ElementsAre(HasSubstr("safetensors")));
  EXPECT_THAT(errors(write_bytes("f", "<!DOCTYPE html>")), ElementsAre(HasSubstr("HTML page")));
}

TEST_F(ModelCheckTest, ACutFileIsNotWhole) {
  const auto path = write("m.gguf", model());
  // Of the last tensor's 16 bytes, behind which 16 align the file's end.
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 24);
  EXPECT_EQ(errors(path).size(), 1U);
}

TEST_F(ModelCheckTest, WhatAnswersNoChatsIsSaid) {
  auto adapter = model();
  adapter.set("general.type", GgufValue::string("adapter"));
  EXPECT_THAT(errors(write("adapter.gguf", adapter)), ElementsAre(HasSubstr("LoRA adapter")));
  EXPECT_THAT(errors(write("bert.gguf", model("nomic-bert"))), ElementsAre(HasSubstr("embedding model")));
  auto pooled = model("qwen3");
  pooled.set("qwen3.pooling_type", GgufValue::u32(3));
  EXPECT_THAT(errors(write("pooled.gguf", pooled)), ElementsAre(HasSubstr("embedding model")));
  EXPECT_THAT(errors(write("clip.gguf", model("clip"))), ElementsAre(HasSubstr("projector")));
  auto vocabulary = model();
  vocabulary.tensors.clear();
  EXPECT_THAT(errors(write("vocab.gguf", vocabulary)), ElementsAre(HasSubstr("vocabulary only")));
  auto mute = model();
  mute.erase("tokenizer.ggml.model");
  EXPECT_THAT(errors(write("mute.gguf", mute)), ElementsAre(HasSubstr("no tokenizer")));
}

TEST_F(ModelCheckTest, VectorsComeFromEncodersAndCoarselyFromOthersButNotFromRerankers) {
  const auto found = [](const std::filesystem::path& path) {
    return check_embedding_model({.name = "m", .path = path, .context_length = 512});
  };
  const auto bert = found(write("bert.gguf", model("bert")));
  EXPECT_THAT(bert.errors, IsEmpty());
  EXPECT_THAT(bert.warnings, IsEmpty());
  const auto decoder = found(write("m.gguf", model()));
  EXPECT_THAT(decoder.errors, IsEmpty());
  EXPECT_THAT(decoder.warnings, ElementsAre(HasSubstr("mean of its tokens' vectors")));
  auto reranker = model("bert");
  reranker.set("bert.pooling_type", GgufValue::u32(4));
  EXPECT_THAT(found(write("rank.gguf", reranker)).errors, ElementsAre(HasSubstr("reranker")));
  auto mute = model("bert");
  mute.erase("tokenizer.ggml.model");
  EXPECT_THAT(found(write("mute.gguf", mute)).errors, ElementsAre(HasSubstr("no tokenizer")));
  EXPECT_THAT(found(folder_.path() / "none.gguf").errors, ElementsAre("does not exist"));
}

TEST_F(ModelCheckTest, AFolderOfABertGivesVectorsAndAnswersNoChats) {
  const float zero = 0;
  const modelfile::TensorToWrite tensor{
      "a", modelfile::ElementType::kF32, {1}, {reinterpret_cast<const char*>(&zero), sizeof zero}};
  ASSERT_TRUE(modelfile::write_safetensors(folder_.path() / "model.safetensors", {&tensor, 1}).ok());
  write_bytes("config.json", R"({"model_type": "bert"})");
  const ModelSpec folder{.name = "m", .path = folder_.path()};
  EXPECT_THAT(check_embedding_model(folder).errors, ElementsAre(HasSubstr("neither tokenizer.json nor vocab.txt")));
  write_bytes("vocab.txt", "[PAD]\n");
  EXPECT_THAT(check_embedding_model(folder).errors, IsEmpty());
  EXPECT_THAT(errors(folder_.path()), ElementsAre(HasSubstr("answers no chats")));
  write_bytes("config.json", R"({"model_type": "xlm-roberta"})");
  EXPECT_THAT(check_embedding_model(folder).errors,
              Contains(AllOf(HasSubstr("xlm-roberta"), HasSubstr("convert_hf_to_gguf.py"))));
}

TEST_F(ModelCheckTest, MissingPartsOfASplitModelAreNamed) {
  auto part = model();
  part.set("split.count", GgufValue::u32(3));
  part.set("split.no", GgufValue::u32(0));
  const auto first = write("m-00001-of-00003.gguf", part);
  part.set("split.no", GgufValue::u32(1));
  const auto second = write("m-00002-of-00003.gguf", part);
  EXPECT_THAT(errors(first),
              ElementsAre("is a split model, and these parts are missing beside it: m-00003-of-00003.gguf"));
  EXPECT_THAT(errors(second), Contains(HasSubstr("give m-00001-of-00003.gguf")));
  EXPECT_THAT(errors(write("renamed.gguf", part)), ElementsAre(HasSubstr("not that of a part")));
}

TEST_F(ModelCheckTest, WhatIsAskedOfTheModelIsCheckedToo) {
  EXPECT_THAT(errors(write("mamba.gguf", model("mamba")), true), ElementsAre(HasSubstr("cannot be trained")));
  EXPECT_THAT(errors(write("mamba.gguf", model("mamba")), false), IsEmpty());
  EXPECT_THAT(errors(write("m.gguf", model()), false, {0, 7}), ElementsAre(HasSubstr("keep_layers")));
  const ModelSpec large{.name = "m", .path = write("m.gguf", model()), .context_length = 9000};
  EXPECT_THAT(check_model(large, false).warnings, ElementsAre(HasSubstr("served with 2048")));
}

TEST_F(ModelCheckTest, FoldersMissShardsOrHoldPointers) {
  write_bytes("config.json", R"({"model_type": "llama"})");
  write_bytes("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  write_bytes("one.safetensors", "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_THAT(errors(folder_.path()), Contains(HasSubstr("index are missing: two.safetensors")));
  EXPECT_THAT(errors(folder_.path()), Contains(HasSubstr("one.safetensors is a Git LFS pointer")));
  write_bytes("adapter_config.json", "{}");
  EXPECT_THAT(errors(folder_.path()), ElementsAre(HasSubstr("LoRA adapter")));
}

TEST_F(ModelCheckTest, AFolderIsGoodWhenItCanBecomeAGgufFile) {
  const float zero = 0;
  const modelfile::TensorToWrite tensor{
      "a", modelfile::ElementType::kF32, {1}, {reinterpret_cast<const char*>(&zero), sizeof zero}};
  ASSERT_TRUE(modelfile::write_safetensors(folder_.path() / "model.safetensors", {&tensor, 1}).ok());
  write_bytes("config.json", R"({"model_type": "gemma3_text"})");
  EXPECT_THAT(errors(folder_.path(), true), ElementsAre(HasSubstr("has no tokenizer")));
  write_bytes("tokenizer.json", "{}");
  EXPECT_THAT(errors(folder_.path(), true), IsEmpty());
  write_bytes("config.json", R"({"model_type": "mamba"})");
  EXPECT_THAT(errors(folder_.path(), true),
              ElementsAre(AllOf(HasSubstr("mamba"), HasSubstr("qwen3 and smollm3 are, mistral as llama"))));
  write_bytes("config.json", R"({"model_type": "llama", "quantization_config": {"bits": 4}})");
  EXPECT_THAT(errors(folder_.path(), true), ElementsAre(HasSubstr("quantised")));
  std::filesystem::remove(folder_.path() / "model.safetensors");
  write_bytes("config.json", R"({"model_type": "llama"})");
  EXPECT_THAT(errors(folder_.path(), true), ElementsAre(HasSubstr("no *.safetensors file")));
}

}  // namespace
}  // namespace fw::modelops
