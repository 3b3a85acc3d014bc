#include "trainer/convert/convert.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "io/file.h"
#include "modelfile/gguf.h"
#include "trainer/convert/gguf_cache.h"
#include "trainer/convert/sentencepiece.h"
#include "trainer/convert/vocabulary.h"
#include "trainer/tests/tiny_folder.h"
#include "trainer/tests/tiny_model.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

class Conversions : public testing::Test {
 protected:
  void SetUp() override { write_folder(weights_, folder_); }

  void edit(const char* name, const std::function<void(Json&)>& change) const {
    auto json = Json::parse(io::read_file(folder_ / name).value_or("{}"));
    change(json);
    ASSERT_TRUE(io::write_file_atomically(folder_ / name, json.dump()).ok());
  }
  [[nodiscard]] std::string refusal() const {
    const auto status = convert_to_gguf(folder_, out_);
    EXPECT_FALSE(std::filesystem::exists(out_)) << "a refused folder leaves no file";
    return status.ok() ? "nothing was refused" : status.error().message;
  }

  io::TemporaryFolder temporary_;
  std::filesystem::path folder_ = temporary_.path() / "model", out_ = temporary_.path() / "out.gguf";
  ModelWeights weights_ = TinyModel::make(TinyModel::config(), 3);
};

TEST_F(Conversions, KeepEveryWeight) {
  const auto status = convert_to_gguf(folder_, out_);
  ASSERT_TRUE(status.ok()) << status.error();
  const auto source = open_weights(out_);
  ASSERT_TRUE(source.ok()) << source.error();
  const auto loaded = load_weights(**source);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  const auto expected = weights_.parameters(), actual = loaded->parameters();
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(expected[i].equal(actual[i])) << i;
}

TEST_F(Conversions, SayWhatTheyDoNotTake) {
  edit("config.json", [](Json& json) { json["hidden_size"] = 48; });
  EXPECT_NE(refusal().find("another shape than config.json says"), std::string::npos);
  edit("config.json", [](Json& json) { json["hidden_size"] = 24, json["num_hidden_layers"] = 4; });
  EXPECT_NE(refusal().find("lacks tensor model.layers.3."), std::string::npos);
  edit("config.json", [](Json& json) { json["num_hidden_layers"] = 3, json["model_type"] = "mamba"; });
  EXPECT_NE(refusal().find("mamba"), std::string::npos);
}

TEST_F(Conversions, OfAFolderWithoutATokenizerNameIt) {
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_NE(refusal().find("no tokenizer"), std::string::npos);
}

TEST_F(Conversions, OfAnUnknownCutOfTextAreRefused) {
  edit("tokenizer.json", [](Json& json) {
    json["pre_tokenizer"] = {
        {"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Split"}, {"pattern", {{"Regex", "[a-z]+"}}}}, {{"type", "ByteLevel"}, {"use_regex", false}}}}};
  });
  EXPECT_NE(refusal().find("convert_hf_to_gguf.py"), std::string::npos);
}

TEST_F(Conversions, OfWeightsThatAreNoNumbersNameTheTensor) {
  weights_.layers[1].down[3][4] = std::nanf("");
  write_folder(weights_, folder_);
  EXPECT_NE(refusal().find("model.layers.1.mlp.down_proj.weight"), std::string::npos);
}

TEST_F(Conversions, OnAFullDiskAreAnErrorAndLeaveNothing) {
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{4096, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto status = convert_to_gguf(folder_, out_);
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(Conversions, AreKeptAndFoundAgainByContent) {
  int steps = 0;
  const auto count = [&](std::uint64_t, std::uint64_t) { return ++steps, true; };
  const auto cache = temporary_.path() / "cache";
  const auto first = find_or_convert(folder_, cache, count);
  ASSERT_TRUE(first.ok()) << first.error();
  EXPECT_GT(steps, 0);
  steps = 0;
  EXPECT_EQ(find_or_convert(folder_, cache, count).value(), *first);
  const auto copy = temporary_.path() / "copy";
  std::filesystem::copy(folder_, copy);
  EXPECT_EQ(find_or_convert(copy, cache, count).value(), *first);
  EXPECT_EQ(steps, 0);

  const auto whole = io::read_file(*first).value();
  auto other = whole;
  other.back() ^= 1;
  std::filesystem::path told;
  const auto on_changed = [&](const std::filesystem::path& file) { told = file; };
  ASSERT_TRUE(io::write_file_atomically(*first, other).ok());
  EXPECT_EQ(find_or_convert(folder_, cache, count, on_changed).value(), *first);
  EXPECT_EQ(io::read_file(*first).value(), whole) << "what is served is what the folder's files make";
  EXPECT_EQ(told, *first);
  std::filesystem::remove(first->string() + ".sha256");
  ASSERT_TRUE(io::write_file_atomically(*first, other).ok());
  EXPECT_EQ(find_or_convert(folder_, cache, count, on_changed).value(), *first);
  EXPECT_EQ(io::read_file(*first).value(), whole) << "nobody knows what it held";

  edit("config.json", [](Json& json) { json["rms_norm_eps"] = 1e-4; });
  EXPECT_NE(find_or_convert(folder_, cache, count).value(), *first);
  EXPECT_GT(steps, 0);
}

TEST_F(Conversions, ThatAreStoppedLeaveNothing) {
  const auto status = convert_to_gguf(folder_, out_, [](std::uint64_t, std::uint64_t) { return false; });
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(out_));
}

class Vocabularies : public testing::Test {
 protected:
  [[nodiscard]] Result<Vocabulary> read(const Json& tokenizer, const Json& config = Json::object(),
                                        std::int64_t size = 8) const {
    EXPECT_TRUE(io::write_file_atomically(folder_.path() / "tokenizer.json", tokenizer.dump()).ok());
    EXPECT_TRUE(io::write_file_atomically(folder_.path() / "tokenizer_config.json", config.dump()).ok());
    return read_vocabulary(folder_.path(), size);
  }
  static Json split(const std::string& pattern) {
    return {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}}, {{"type", "ByteLevel"}, {"use_regex", false}}}}};
  }
  static Json pairs(Json pre_tokenizer, bool ignore_merges = false) {
    return {
        {"pre_tokenizer", std::move(pre_tokenizer)},
        {"added_tokens", {{{"id", 4}, {"content", "<|end|>"}, {"special", true}}, {{"id", 5}, {"content", "<tool>"}}}},
        {"model",
         {{"type", "BPE"},
          {"ignore_merges", ignore_merges},
          {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}, {"abab", 3}}},
          {"merges", {"a b", {"ab", "ab"}}}}}};
  }

  io::TemporaryFolder folder_;
};

TEST_F(Vocabularies, OfBytePairsHaveTokensTypesAndMerges) {
  const auto v =
      read(pairs({{"type", "ByteLevel"}}), {{"eos_token", {{"content", "<|end|>"}}}, {"add_bos_token", false}});
  ASSERT_TRUE(v.ok()) << v.error();
  EXPECT_EQ(v->model, "gpt2");
  EXPECT_EQ(v->tokens, (std::vector<std::string>{"a", "b", "ab", "abab", "<|end|>", "<tool>", "[PAD6]", "[PAD7]"}));
  using enum TokenType;
  EXPECT_EQ(v->types,
            (std::vector<TokenType>{kNormal, kNormal, kNormal, kNormal, kControl, kUserDefined, kUnused, kUnused}));
  EXPECT_EQ(v->merges, (std::vector<std::string>{"a b", "ab ab"}));
  EXPECT_EQ(v->special.at("eos"), 4);
  EXPECT_EQ(v->add_bos, false);
}

TEST_F(Vocabularies, KnowPublishedWaysToCutText) {
  const std::string llama =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  EXPECT_EQ(read(pairs(split(llama), true))->pre, "llama-bpe");
  EXPECT_EQ(read(pairs(split(llama), false))->pre, "smaug-bpe");
  auto qwen = llama;
  qwen.replace(qwen.find("{1,3}"), 5, "");
  EXPECT_EQ(read(pairs(split(qwen)))->pre, "qwen2");
  const Json smollm{
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Digits"}, {"individual_digits", true}}, {{"type", "ByteLevel"}, {"use_regex", true}}}}};
  EXPECT_EQ(read(pairs(smollm))->pre, "smollm");
  EXPECT_EQ(read(pairs(split("x"))).error().code, ErrorCode::kUnimplemented);
}

TEST_F(Vocabularies, OfPairsThatFallBackToBytesScoreByTheirOrder) {
  Json tokenizer{{"added_tokens", {{{"id", 0}, {"content", "<unk>"}, {"special", true}}}},
                 {"model",
                  {{"type", "BPE"},
                   {"byte_fallback", true},
                   {"unk_token", "<unk>"},
                   {"vocab", {{"<unk>", 0}, {"<0x0A>", 1}, {"a", 2}, {"b", 3}, {"ab", 4}, {"abb", 5}}},
                   {"merges", Json::array({Json::array({"a", "b"}), Json::array({"ab", "b"})})}}}};
  const auto v = read(tokenizer);
  ASSERT_TRUE(v.ok()) << v.error();
  EXPECT_EQ(v->model, "llama");
  EXPECT_EQ(v->types[0], TokenType::kUnknown);
  EXPECT_EQ(v->types[1], TokenType::kByte);
  EXPECT_GT(v->scores[4], v->scores[5]);
  tokenizer["model"]["merges"] = Json::array({Json::array({"ab", "b"}), Json::array({"a", "b"})});
  EXPECT_NE(read(tokenizer).error().message.find("another order"), std::string::npos);
}

TEST_F(Vocabularies, TakeATemplateFromAFileOfItsOwnFirst) {
  EXPECT_EQ(read(pairs({{"type", "ByteLevel"}}), {{"chat_template", "in config"}})->chat_template, "in config");
  const Json listed = {{{"name", "rag"}, {"template", "no"}}, {{"name", "default"}, {"template", "yes"}}};
  EXPECT_EQ(read(pairs({{"type", "ByteLevel"}}), {{"chat_template", listed}})->chat_template, "yes");
  ASSERT_TRUE(io::write_file_atomically(folder_.path() / "chat_template.jinja", "own").ok());
  EXPECT_EQ(read(pairs({{"type", "ByteLevel"}}), {{"chat_template", "in config"}})->chat_template, "own");
}

TEST_F(Vocabularies, BeginTextsAsThePostProcessorSays) {
  auto tokenizer = pairs({{"type", "ByteLevel"}});
  tokenizer["post_processor"] = {{"type", "TemplateProcessing"},
                                 {"single", {{{"SpecialToken", {{"id", "<|end|>"}}}}, {{"Sequence", {{"id", "A"}}}}}}};
  EXPECT_EQ(read(tokenizer, {{"bos_token", "<|end|>"}, {"add_bos_token", false}})->add_bos, true);
}

std::string piece(const std::string& text, float score, int type) {
  std::string body = "\x0A" + std::string(1, static_cast<char>(text.size())) + text + "\x15";
  body.append(reinterpret_cast<const char*>(&score), sizeof score);
  if (type != 1) body += std::string("\x18") + static_cast<char>(type);
  return "\x0A" + std::string(1, static_cast<char>(body.size())) + body;
}

TEST(SentencePiece, ReadsPiecesWithScoresAndTypes) {
  const auto pieces = parse_sentencepiece(piece("<unk>", 0, 2) + piece("\xE2\x96\x81the", -1.5F, 1) + "\x12\x02xy");
  ASSERT_TRUE(pieces.ok()) << pieces.error();
  ASSERT_EQ(pieces->size(), 2U);
  EXPECT_EQ((*pieces)[0].type, 2);
  EXPECT_EQ((*pieces)[1].text, "\xE2\x96\x81the");
  EXPECT_EQ((*pieces)[1].score, -1.5F);
}

TEST(SentencePiece, NeverCrashesOnHostileBytes) {
  const std::string whole = piece("<unk>", 0, 2) + piece("abc", -1, 1);
  for (std::size_t size = 0; size < whole.size(); ++size)
    static_cast<void>(parse_sentencepiece(std::string_view(whole).substr(0, size)));
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    auto bytes = whole;
    for (int flips = 0; flips < 3; ++flips) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    static_cast<void>(parse_sentencepiece(bytes));
  }
  EXPECT_FALSE(parse_sentencepiece("").ok());
}

}  // namespace
}  // namespace fw::trainer
