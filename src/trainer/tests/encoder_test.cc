// Folders of BERT encoders become GGUF files, or are refused by what is wrong with them.
#include "trainer/convert/encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "trainer/convert/gguf_cache.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::HasSubstr;

class Encoders : public testing::Test {
 protected:
  void SetUp() override {
    const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
    ASSERT_NE(source, nullptr);
    fs::copy(fs::path(source) / "tests/golden/encoders/bert", folder_, fs::copy_options::recursive);
  }

  void edit(const char* name, const std::function<void(Json&)>& change) const {
    auto json = Json::parse(io::read_file(folder_ / name).value_or("{}"));
    change(json);
    ASSERT_TRUE(io::write_file_atomically(folder_ / name, json.dump()).ok());
  }
  [[nodiscard]] modelfile::GgufHeader converted() const {
    const auto status = convert_to_gguf(folder_, out_);
    EXPECT_TRUE(status.ok()) << status.error().message;
    return modelfile::read_gguf_header(out_).value_or(modelfile::GgufHeader());
  }
  [[nodiscard]] std::string refusal() const {
    fs::remove(out_);
    const auto status = convert_to_gguf(folder_, out_);
    EXPECT_FALSE(fs::exists(out_)) << "a refused folder leaves no file";
    return status.ok() ? "nothing was refused" : status.error().message;
  }

  io::TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path() / "model", out_ = temporary_.path() / "out.gguf";
};

TEST_F(Encoders, SayWhatTheEngineReads) {
  const auto header = converted();
  EXPECT_EQ(header.find("general.architecture")->as_string(), "bert");
  EXPECT_EQ(header.find("bert.context_length")->as_uint(), 64U);
  EXPECT_EQ(header.find("bert.pooling_type")->as_uint(), 1U);
  EXPECT_EQ(header.find("bert.attention.causal")->as_bool(), false);
  const auto* tokens = header.find("tokenizer.ggml.tokens");
  EXPECT_TRUE(tokens->has_string("[CLS]"));
  EXPECT_TRUE(tokens->has_string("\xE2\x96\x81order")) << "begins a word";
  EXPECT_TRUE(tokens->has_string("ment")) << "continues one";
  EXPECT_EQ(header.find_tensor("blk.1.attn_output_norm.bias")->elements(), 48U);
  EXPECT_EQ(header.find_tensor("pooler.dense.weight"), nullptr);
}

TEST_F(Encoders, PoolAsTheFolderSaysOrSayNothing) {
  edit("1_Pooling/config.json", [](Json& json) {
    json["pooling_mode_mean_tokens"] = false;
    json["pooling_mode_cls_token"] = true;
  });
  EXPECT_EQ(converted().find("bert.pooling_type")->as_uint(), 2U);
  edit("1_Pooling/config.json", [](Json& json) { json["pooling_mode_mean_tokens"] = true; });
  EXPECT_THAT(refusal(), HasSubstr("several poolings"));
  edit("1_Pooling/config.json", [](Json& json) { json = {{"pooling_mode_max_tokens", true}}; });
  EXPECT_THAT(refusal(), HasSubstr("pools by max"));
  fs::remove_all(folder_ / "1_Pooling");
  EXPECT_EQ(converted().find("bert.pooling_type"), nullptr);
  edit("modules.json", [](Json& json) { json.push_back({{"type", "sentence_transformers.models.Dense"}}); });
  EXPECT_THAT(refusal(), HasSubstr("Dense"));
}

TEST_F(Encoders, AreReadWithAVocabularyInLinesToo) {
  const auto whole = converted();
  const auto tokenizer = Json::parse(io::read_file(folder_ / "tokenizer.json").value_or("{}"));
  std::map<int, std::string> tokens;
  for (const auto& [token, id] : tokenizer["model"]["vocab"].items()) tokens[id.get<int>()] = token;
  std::string lines;
  for (const auto& [id, token] : tokens) lines += token + "\n";
  fs::remove(folder_ / "tokenizer.json");
  EXPECT_THAT(refusal(), HasSubstr("neither tokenizer.json nor vocab.txt"));
  ASSERT_TRUE(io::write_file_atomically(folder_ / "vocab.txt", lines).ok());
  const auto listed = converted();
  for (const char* key : {"tokens", "token_type", "bos_token_id", "seperator_token_id", "normalizer.lowercase"}) {
    const std::string name = "tokenizer.ggml." + std::string(key);
    EXPECT_EQ(*whole.find(name), *listed.find(name)) << key;
  }
}

TEST_F(Encoders, ThatTheEngineWouldRunOtherwiseAreRefused) {
  const auto with = [&](const char* file, const std::function<void(Json&)>& change) {
    const auto old = io::read_file(folder_ / file).value_or("");
    edit(file, change);
    auto words = refusal();
    EXPECT_TRUE(io::write_file_atomically(folder_ / file, old).ok());
    return words;
  };
  EXPECT_THAT(with("config.json", [](Json& j) { j["hidden_act"] = "relu"; }), HasSubstr("activation relu"));
  EXPECT_THAT(with("config.json", [](Json& j) { j["position_embedding_type"] = "relative_key"; }),
              HasSubstr("relative_key"));
  EXPECT_THAT(with("config.json", [](Json& j) { j["hidden_size"] = 40; }), HasSubstr("another shape"));
  EXPECT_THAT(with("config.json", [](Json& j) { j["num_hidden_layers"] = 3; }),
              HasSubstr("lacks tensor encoder.layer.2."));
  EXPECT_THAT(with("config.json", [](Json& j) { j["num_hidden_layers"] = 1; }), HasSubstr("has no place"));
  EXPECT_THAT(with("config.json", [](Json& j) { j["vocab_size"] = -1; }), HasSubstr("vocab_size"));
  EXPECT_THAT(with("tokenizer.json", [](Json& j) { j["model"]["type"] = "BPE"; }), HasSubstr("WordPiece"));
  EXPECT_THAT(with("tokenizer.json", [](Json& j) { j["normalizer"] = nullptr; }), HasSubstr("normalizer"));
  EXPECT_THAT(with("tokenizer.json", [](Json& j) { j["model"]["vocab"]["far"] = 100'000; }), HasSubstr("\"far\""));
}

TEST_F(Encoders, AreConvertedAgainWhereTheirPoolingChanges) {
  const auto cache = temporary_.path() / "cache";
  const auto first = find_or_convert(folder_, cache);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(find_or_convert(folder_, cache).value(), *first);
  edit("1_Pooling/config.json", [](Json& json) { json = {{"pooling_mode", "cls"}}; });
  EXPECT_NE(find_or_convert(folder_, cache).value(), *first);
}

}  // namespace
}  // namespace fw::trainer
