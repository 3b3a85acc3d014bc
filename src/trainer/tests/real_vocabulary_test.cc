// A tokenizer of a published model in Hugging Face's form, converted: the ids are those of the model's own GGUF file.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "trainer/chat/chat_tokenizer.h"
#include "trainer/convert/vocabulary.h"
#include "trainer/tests/chat_rows.h"
#include "trainer/tests/model_file.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

std::vector<std::string> strings_of(const modelfile::GgufValue& value) {
  std::vector<std::string> out;
  for (std::size_t at = 0; out.size() < value.count;) {
    std::uint64_t size = 0;
    std::memcpy(&size, value.bytes.data() + at, sizeof size);
    out.push_back(value.bytes.substr(at + sizeof size, size));
    at += sizeof size + size;
  }
  return out;
}

// What the model's folder holds, made out of its GGUF file.
void write_tokenizer_files(const modelfile::GgufHeader& header, const std::filesystem::path& folder) {
  const auto tokens = strings_of(*header.find("tokenizer.ggml.tokens"));
  const auto types = header.find("tokenizer.ggml.token_type")->as_uints().value();
  Json vocab = Json::object(), added = Json::array();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    vocab[tokens[id]] = id;
    if (types[id] != 1) added.push_back({{"id", id}, {"content", tokens[id]}, {"special", types[id] == 3}});
  }
  const Json tokenizer{
      {"added_tokens", added},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers",
         {{{"type", "Digits"}, {"individual_digits", true}}, {{"type", "ByteLevel"}, {"use_regex", true}}}}}},
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", strings_of(*header.find("tokenizer.ggml.merges"))}}}};
  const Json config{{"bos_token", "<|im_start|>"},
                    {"eos_token", "<|im_end|>"},
                    {"add_bos_token", false},
                    {"chat_template", header.find("tokenizer.chat_template")->as_string().value()}};
  ASSERT_TRUE(io::write_file_atomically(folder / "tokenizer.json", tokenizer.dump()).ok());
  ASSERT_TRUE(io::write_file_atomically(folder / "tokenizer_config.json", config.dump()).ok());
}

TEST(RealVocabulary, ConvertedGivesTheIdsOfTheModelsOwnFile) {
  if (!std::filesystem::exists(model_file()))
    GTEST_SKIP() << model_file() << " is not there (scripts/setup fetches it, or set FLYWHEEL_MODEL)";
  const io::TemporaryFolder folder;
  const auto header = modelfile::read_gguf_header(model_file());
  ASSERT_TRUE(header.ok()) << header.error();
  write_tokenizer_files(*header, folder.path());
  const auto size = header->find("tokenizer.ggml.tokens")->count;
  const auto vocabulary = read_vocabulary(folder.path(), static_cast<std::int64_t>(size));
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error();
  modelfile::GgufHeader made;
  for (const auto& entry : header->metadata)
    if (!entry.key.starts_with("tokenizer.")) made.set(entry.key, entry.value);
  write_vocabulary(*vocabulary, made);
  for (const char* key : {"model", "pre", "tokens", "token_type", "merges", "bos_token_id", "eos_token_id"})
    EXPECT_EQ(*made.find(std::string("tokenizer.ggml.") + key), *header->find(std::string("tokenizer.ggml.") + key))
        << key;
  const auto file = folder.path() / "vocabulary.gguf";
  ASSERT_TRUE(modelfile::write_gguf(file, made, {}).ok());
  auto theirs = ChatTokenizer::open(model_file(), std::nullopt), ours = ChatTokenizer::open(file, std::nullopt);
  ASSERT_TRUE(theirs.ok() && ours.ok());
  std::size_t compared = 0;
  for (const auto& line : chat_rows()) {
    const auto expected = theirs->encode(line), actual = ours->encode(line);
    ASSERT_EQ(expected.ok(), actual.ok()) << line;
    if (!expected.ok()) continue;  // of tools, which the model's own template does not know
    EXPECT_EQ(actual->tokens, expected->tokens) << line;
    EXPECT_EQ(actual->answer_begin, expected->answer_begin);
    ++compared;
  }
  EXPECT_GE(compared, 3U);
}

}  // namespace
}  // namespace fw::trainer
