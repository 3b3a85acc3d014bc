#include "modelfile/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/safetensors.h"
#include "modelfile/tests/gguf_bytes.h"

namespace fw::modelfile {
namespace {

ModelSummary small_summary() {
  const std::string bytes = testing::small_file();
  return *summarise(*parse_gguf_header(bytes, bytes.size()));
}

TEST(ModelSummary, SaysWhatTheHeaderSays) {
  const ModelSummary summary = small_summary();
  EXPECT_EQ(summary.architecture, "llama");
  EXPECT_EQ(summary.parameters, 40U);
  EXPECT_EQ(summary.layers, 2U);
  EXPECT_EQ(summary.heads, 9U);  // the largest of the per-layer counts
  EXPECT_EQ(summary.vocabulary, 3U);
  EXPECT_EQ(summary.context_length, std::nullopt);
  EXPECT_EQ(summary.types.at("Q8_0").bytes, 34U);
  EXPECT_TRUE(summary.tied_embeddings);
}

TEST(ModelSummary, JsonHasNullForWhatTheFileDoesNotSay) {
  const auto json = to_json(small_summary());
  EXPECT_TRUE(json["context_length"].is_null());
  EXPECT_EQ(json["types"]["F32"]["parameters"], 8);
}

TEST(ModelSummary, TextNamesKeptLayersAsRanges) {
  ModelSummary summary = small_summary();
  summary.kept_layers = {0, 1, 2, 7, 19, 20};
  EXPECT_NE(to_text(summary).find("kept of the original: 0-2, 7, 19-20\n"), std::string::npos) << to_text(summary);
}

TEST(ModelSummary, NamesOutOfTheFileCannotSteerATerminalNorBreakJson) {
  GgufHeader header;
  header.set("general.architecture", GgufValue::string("llama"));
  header.set("general.name", GgufValue::string("\x1b[2Jhi\xff\xc2\x9b ok"));
  const ModelSummary summary = *summarise(header);
  EXPECT_EQ(to_text(summary).find('\x1b'), std::string::npos);
  EXPECT_EQ(to_text(summary).find("\xc2\x9b"), std::string::npos);
  EXPECT_NO_THROW((void)to_json(summary).dump());
  EXPECT_NE(to_text(summary).find(" ok\n"), std::string::npos);
}

TEST(ModelSummary, AFileWithoutArchitectureIsNoModel) {
  EXPECT_EQ(summarise(GgufHeader{}).error().code, ErrorCode::kDataLoss);
}

TEST(Inspect, NamesTheFileAndItsSize) {
  const io::TemporaryFolder folder;
  const auto path = folder.path() / "small.gguf";
  ASSERT_TRUE(io::write_file_atomically(path, testing::small_file()).ok());
  EXPECT_EQ(inspect(path)->file_bytes, testing::small_file().size());
  EXPECT_EQ(inspect(path)->path, path.string());
  EXPECT_NE(inspect("/nonexistent.gguf").error().message.find("/nonexistent.gguf"), std::string::npos);
}

class InspectFolder : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(io::write_file_atomically(folder_.path() / name, content).ok());
  }
  void write_weights(const std::string& name) {
    const std::string bytes(24, '\0');
    const TensorToWrite tensor{"w", ElementType::kF32, {2, 3}, bytes};
    write(name, make_safetensors({&tensor, 1}));
  }
  io::TemporaryFolder folder_;
};

TEST_F(InspectFolder, OfAModelSaysWhatItsFilesSay) {
  write("config.json", R"({"model_type":"llama","num_hidden_layers":30,"hidden_size":576,"num_attention_heads":9,
    "num_key_value_heads":3,"vocab_size":49152,"tie_word_embeddings":true,"rope_theta":1e5})");
  write("tokenizer_config.json", R"({"tokenizer_class":"GPT2Tokenizer","chat_template":"{% if tools %}{% endif %}"})");
  write_weights("model-00001-of-00002.safetensors");
  write_weights("model-00002-of-00002.safetensors");
  const auto summary = inspect(folder_.path());
  ASSERT_TRUE(summary.ok()) << summary.error();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->layers, 30U);
  EXPECT_EQ(summary->context_length, std::nullopt);
  EXPECT_EQ(summary->parameters, 12U);
  EXPECT_EQ(summary->types.at("F32").tensors, 2U);
  EXPECT_TRUE(summary->tied_embeddings);
  EXPECT_TRUE(summary->chat_template_knows_tools);
  EXPECT_NE(to_text(*summary).find("GPT2Tokenizer"), std::string::npos);
}

TEST_F(InspectFolder, OfAnAdapterNamesItsBase) {
  write("adapter_config.json", R"({"peft_type":"LORA","base_model_name_or_path":"base\u001b[2J"})");
  write_weights("adapter_model.safetensors");
  const auto summary = inspect(folder_.path());
  ASSERT_TRUE(summary.ok()) << summary.error();
  EXPECT_EQ(summary->kind, "adapter");
  EXPECT_EQ(summary->format, "PEFT LORA");
  EXPECT_EQ(summary->name, "base?[2J");
}

TEST_F(InspectFolder, ThatIsNoneOrDamagedIsAnError) {
  EXPECT_EQ(inspect(folder_.path()).error().code, ErrorCode::kNotFound);
  write("config.json", R"({"model_type":"llama"})");
  EXPECT_EQ(inspect(folder_.path()).error().code, ErrorCode::kNotFound);
  write("model.safetensors", "short");
  const auto damaged = inspect(folder_.path());
  EXPECT_EQ(damaged.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(damaged.error().message.find("model.safetensors"), std::string::npos);
  write("config.json", "[]");
  EXPECT_EQ(inspect(folder_.path()).error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace fw::modelfile
