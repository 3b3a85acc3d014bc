#include "trainer/convert/wordpiece.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/file.h"
#include "trainer/convert/vocabulary.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using modelfile::GgufValue;

constexpr std::uint64_t kMostBytes = 64 << 20;
constexpr const char* kBeginsWord = "\xE2\x96\x81";
constexpr std::string_view kContinues = "##";

/// A tokenizer as the folder has it.
struct WordPiece {
  std::vector<std::string> tokens;
  std::vector<TokenType> types;
  bool lowercase = true;
  bool strip_accents = true;
};

Json read_json(const fs::path& file) {
  const auto text = io::read_file(file, kMostBytes);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

Json member(const Json& object, const char* key) {
  const auto it = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && it != object.end() ? *it : Json();
}

bool flag(const Json& object, const char* key, bool otherwise) {
  const Json value = member(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

Error cut_otherwise(const std::string& what) {
  return unimplemented(what +
                       ", and the engine would cut texts otherwise; make a GGUF file of the model with llama.cpp's "
                       "convert_hf_to_gguf.py and name that");
}

void resize(WordPiece& out, std::int64_t size) {
  for (auto id = static_cast<std::int64_t>(out.tokens.size()); id < size; ++id) {
    out.tokens.push_back("[PAD" + std::to_string(id) + "]");
    out.types.push_back(TokenType::kUnused);
  }
}

Status place(const std::string& text, std::int64_t id, TokenType type, WordPiece& out) {
  if (id < 0 || id >= static_cast<std::int64_t>(out.tokens.size()))
    return data_loss("token \"" + text + "\" has id " + std::to_string(id) + "; the model knows " +
                     std::to_string(out.tokens.size()));
  out.tokens[static_cast<std::size_t>(id)] = text;
  out.types[static_cast<std::size_t>(id)] = type;
  return {};
}

Status read_normalizer(const Json& normalizer, WordPiece& out) {
  if (member(normalizer, "type") != "BertNormalizer") return cut_otherwise("tokenizer.json has another normalizer");
  if (!flag(normalizer, "handle_chinese_chars", true)) return cut_otherwise("the tokenizer keeps Chinese words whole");
  out.lowercase = flag(normalizer, "lowercase", true);
  out.strip_accents = flag(normalizer, "strip_accents", out.lowercase);
  return {};
}

Status read_tokenizer(const Json& tokenizer, WordPiece& out) {
  const Json model = member(tokenizer, "model");
  const Json vocab = member(model, "vocab");
  if (member(model, "type") != "WordPiece" || !vocab.is_object())
    return cut_otherwise("tokenizer.json holds no WordPiece");
  if (member(model, "continuing_subword_prefix") != kContinues)
    return cut_otherwise("tokenizer.json marks what continues a word otherwise than by ##");
  if (member(member(tokenizer, "pre_tokenizer"), "type") != "BertPreTokenizer")
    return cut_otherwise("tokenizer.json has another pre-tokenizer");
  FW_TRY(read_normalizer(member(tokenizer, "normalizer"), out));
  for (const auto& [text, id] : vocab.items()) {
    if (!id.is_number_integer()) return data_loss("tokenizer.json: the id of token \"" + text + "\" is no number");
    FW_TRY(place(text, id.get<std::int64_t>(), TokenType::kNormal, out));
  }
  for (const auto& token : member(tokenizer, "added_tokens")) {
    const Json id = member(token, "id"), content = member(token, "content");
    if (!id.is_number_integer() || !content.is_string()) return data_loss("tokenizer.json: an added token has no id");
    FW_TRY(place(content.get<std::string>(), id.get<std::int64_t>(),
                 flag(token, "special", false) ? TokenType::kControl : TokenType::kUserDefined, out));
  }
  return {};
}

Status read_list(const std::string& lines, const Json& config, WordPiece& out) {
  if (!flag(config, "tokenize_chinese_chars", true)) return cut_otherwise("the tokenizer keeps Chinese words whole");
  out.lowercase = flag(config, "do_lower_case", true);
  out.strip_accents = flag(config, "strip_accents", out.lowercase);
  std::istringstream in(lines);
  std::int64_t id = 0;
  for (std::string token; std::getline(in, token); ++id) {
    if (token.ends_with('\r')) token.pop_back();
    const bool is_special =
        token == "[PAD]" || token == "[UNK]" || token == "[CLS]" || token == "[SEP]" || token == "[MASK]";
    FW_TRY(place(token, id, is_special ? TokenType::kControl : TokenType::kNormal, out));
  }
  return {};
}

/// The engine's form of a token.
std::string phantom(const std::string& token, TokenType type) {
  if (type == TokenType::kControl || type == TokenType::kUnused) return token;
  return token.starts_with(kContinues) ? token.substr(kContinues.size()) : kBeginsWord + token;
}

Status write_special(const Json& config, const WordPiece& pieces, modelfile::GgufHeader& header) {
  struct Special {
    const char* theirs;
    const char* usual;
    std::vector<const char*> keys;
  };
  // The engine begins texts with its `bos` and ends them with what its key calls the seperator.
  const Special specials[] = {{"cls_token", "[CLS]", {"bos", "cls"}},
                              {"sep_token", "[SEP]", {"seperator"}},
                              {"unk_token", "[UNK]", {"unknown"}},
                              {"pad_token", "[PAD]", {"padding"}},
                              {"mask_token", "[MASK]", {"mask"}}};
  for (const auto& special : specials) {
    Json name = member(config, special.theirs);
    if (name.is_object()) name = member(name, "content");
    const std::string text = name.is_string() ? name.get<std::string>() : special.usual;
    const auto it = std::ranges::find(pieces.tokens, text);
    if (it == pieces.tokens.end()) return data_loss("the tokenizer has no " + text + " (" + special.theirs + ")");
    const auto id = static_cast<std::uint32_t>(it - pieces.tokens.begin());
    for (const char* key : special.keys)
      header.set("tokenizer.ggml." + std::string(key) + "_token_id", GgufValue::u32(id));
  }
  return {};
}

}  // namespace

Status write_wordpiece(const fs::path& folder, std::int64_t size, modelfile::GgufHeader& header) {
  const Json tokenizer = read_json(folder / "tokenizer.json"), config = read_json(folder / "tokenizer_config.json");
  WordPiece pieces;
  resize(pieces, size);
  if (tokenizer.is_object()) {
    FW_TRY(read_tokenizer(tokenizer, pieces));
  } else {
    const auto lines = io::read_file(folder / "vocab.txt", kMostBytes);
    if (!lines.ok()) return not_found(folder.string() + " has no tokenizer: neither tokenizer.json nor vocab.txt");
    FW_TRY(read_list(*lines, config, pieces));
  }
  FW_TRY(write_special(config, pieces, header));
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  for (std::size_t id = 0; id < pieces.tokens.size(); ++id) {
    tokens.push_back(phantom(pieces.tokens[id], pieces.types[id]));
    types.push_back(static_cast<std::int32_t>(pieces.types[id]));
  }
  header.set("tokenizer.ggml.model", GgufValue::string("bert"));
  header.set("tokenizer.ggml.pre", GgufValue::string("default"));
  header.set("tokenizer.ggml.tokens", GgufValue::strings(tokens));
  header.set("tokenizer.ggml.token_type", GgufValue::i32s(types));
  header.set("tokenizer.ggml.normalizer.lowercase", GgufValue::boolean(pieces.lowercase));
  header.set("tokenizer.ggml.normalizer.strip_accents", GgufValue::boolean(pieces.strip_accents));
  return {};
}

}  // namespace fw::trainer
