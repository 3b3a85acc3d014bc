#include "trainer/convert/vocabulary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "trainer/convert/sentencepiece.h"

namespace fw::trainer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using modelfile::GgufValue;

constexpr std::uint64_t kMostBytes = 256 << 20;
constexpr std::string_view kBlank = "\xE2\x96\x81";  // U+2581, SentencePiece's space
// Scores that llama.cpp's converter gives to tokens that are no pieces: added ones, and ids without a token.
constexpr float kAddedScore = -1000, kUnusedScore = -10000;

// llama.cpp's name for a way to cut text, by the regular expression of tokenizer.json's Split.
struct PreTokenizer {
  std::string_view pattern;
  std::string_view name;
};
constexpr PreTokenizer kPatterns[] = {
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "llama-bpe"},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "qwen2"},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "tekken"},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     "gpt-4o"},
};

Json read_json(const fs::path& file) {
  const auto text = io::read_file(file, kMostBytes);
  return text.ok() ? Json::parse(*text, nullptr, false) : Json();
}

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto it = object.find(key);
  return it == object.end() ? kNone : *it;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

// A special token, which configurations write as text or as an object.
std::string token_of(const Json& config, const char* key) {
  const Json& value = member(config, key);
  return value.is_object() ? text_of(member(value, "content")) : text_of(value);
}

// Tokens that models mean as control tokens though their files do not say so.
bool looks_special(std::string_view token) {
  const auto within = [&](std::string_view begin, std::string_view end) {
    return token.size() >= begin.size() + end.size() && token.starts_with(begin) && token.ends_with(end);
  };
  return token == "<pad>" || token == "<mask>" || token == "<2mass>" || token == "[@BOS@]" || within("<|", "|>") ||
         within("<\xEF\xBD\x9C", "\xEF\xBD\x9C>") || within("<unused", ">");
}

std::string with_spaces(std::string text) {
  for (auto at = text.find(kBlank); at != std::string::npos; at = text.find(kBlank, at + 1))
    text.replace(at, kBlank.size(), " ");
  return text;
}

void resize(Vocabulary& v, std::int64_t size) {
  for (auto id = static_cast<std::int64_t>(v.tokens.size()); id < size; ++id) {
    v.tokens.push_back("[PAD" + std::to_string(id) + "]");
    v.types.push_back(TokenType::kUnused);
    v.scores.push_back(kUnusedScore);
  }
}

// Tokens beside the model's own: tokenizer.json's added_tokens, or tokenizer_config.json's added_tokens_decoder.
struct AddedToken {
  std::int64_t id = -1;
  std::string text;
  bool is_special = false;
};
std::vector<AddedToken> added_tokens(const Json& tokenizer, const Json& config) {
  std::vector<AddedToken> out;
  for (const auto& token : member(tokenizer, "added_tokens"))
    if (token.is_object() && member(token, "id").is_number_integer())
      out.push_back({token["id"], text_of(member(token, "content")), member(token, "special") == true});
  if (!out.empty()) return out;
  const Json& decoder = member(config, "added_tokens_decoder");
  if (decoder.is_object())
    for (const auto& [id, token] : decoder.items())
      out.push_back(
          {std::strtoll(id.c_str(), nullptr, 10), text_of(member(token, "content")), member(token, "special") == true});
  return out;
}

Status add_tokens(const std::vector<AddedToken>& added, Vocabulary& v) {
  for (const auto& token : added) {
    if (token.id < 0 || token.id >= static_cast<std::int64_t>(v.tokens.size()))
      return data_loss("token \"" + token.text + "\" has id " + std::to_string(token.id) + "; the model knows " +
                       std::to_string(v.tokens.size()));
    const auto id = static_cast<std::size_t>(token.id);
    const bool is_control = token.is_special || looks_special(token.text);
    if (v.types[id] != TokenType::kUnknown || v.model != "llama")
      v.types[id] = is_control ? TokenType::kControl : TokenType::kUserDefined;
    v.tokens[id] = is_control ? token.text : with_spaces(token.text);
    v.scores[id] = kAddedScore;
  }
  return {};
}

Status add_vocab(const Json& model, std::int64_t size, Vocabulary& v) {
  const Json& vocab = member(model, "vocab");
  if (!vocab.is_object() || vocab.empty()) return data_loss("tokenizer.json has no vocabulary");
  resize(v, size);
  for (const auto& [text, id] : vocab.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= static_cast<std::uint64_t>(size))
      return data_loss("tokenizer.json gives token \"" + text + "\" id " + id.dump() + "; the model knows " +
                       std::to_string(size));
    const auto at = id.get<std::size_t>();
    v.tokens[at] = text;
    v.types[at] = TokenType::kNormal;
  }
  return {};
}

// `[left, right]`, or the older `left right`.
std::optional<std::pair<std::string, std::string>> merge_of(const Json& merge) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  if (!merge.is_string()) return std::nullopt;
  const auto& text = merge.get_ref<const std::string&>();
  const auto space = text.find(' ', 1);
  if (space == std::string::npos) return std::nullopt;
  return std::pair(text.substr(0, space), text.substr(space + 1));
}

// Spaces within a part would be read as the one between both: llama.cpp writes them as the byte-level alphabet does.
std::string shown_space(std::string text) {
  for (auto at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1)) text.replace(at, 1, "\xC4\xA0");
  return text;
}

Result<std::string> pre_tokenizer_name(const Json& tokenizer) {
  const Json& pre = member(tokenizer, "pre_tokenizer");
  const std::vector<Json> steps = member(pre, "type") == "Sequence"
                                      ? member(pre, "pretokenizers").get<std::vector<Json>>()
                                      : std::vector<Json>{pre};
  const auto last_is_bytes = !steps.empty() && member(steps.back(), "type") == "ByteLevel";
  const bool cuts_as_gpt2 = last_is_bytes && member(steps.back(), "use_regex") != false;
  if (cuts_as_gpt2 && steps.size() == 1) return std::string("gpt-2");
  if (cuts_as_gpt2 && steps.size() == 2 && member(steps[0], "type") == "Digits" &&
      member(steps[0], "individual_digits") == true)
    return std::string("smollm");
  if (last_is_bytes && steps.size() == 2 && member(steps[0], "type") == "Split") {
    const std::string pattern = text_of(member(member(steps[0], "pattern"), "Regex"));
    for (const auto& known : kPatterns)
      if (pattern == known.pattern) {
        if (known.name != "llama-bpe" || member(member(tokenizer, "model"), "ignore_merges") == true)
          return std::string(known.name);
        return std::string("smaug-bpe");  // the same cut, all merges applied
      }
  }
  return unimplemented(
      "tokenizer.json cuts text in a way that is not known here (llama-bpe, qwen2, tekken, gpt-4o, smollm and gpt-2 "
      "are); make a GGUF file of the model with llama.cpp's convert_hf_to_gguf.py and name that");
}

Status read_byte_pairs(const Json& tokenizer, const std::vector<AddedToken>& added, std::int64_t size, Vocabulary& v) {
  v.model = "gpt2";
  FW_ASSIGN(v.pre, pre_tokenizer_name(tokenizer));
  const Json& model = member(tokenizer, "model");
  FW_TRY(add_vocab(model, size, v));
  FW_TRY(add_tokens(added, v));
  for (const auto& merge : member(model, "merges")) {
    const auto parts = merge_of(merge);
    if (!parts) return data_loss("tokenizer.json holds a merge that is no pair");
    v.merges.push_back(shown_space(parts->first) + " " + shown_space(parts->second));
  }
  v.scores.clear();
  return {};
}

// SentencePiece merges the pair whose sum has the best score. Where the pairs' order is that of their sums' ids, scores
// that fall with the id give the same merges.
Status read_fallback_pairs(const Json& tokenizer, const std::vector<AddedToken>& added, std::int64_t size,
                           Vocabulary& v) {
  v.model = "llama";
  v.pre = "default";
  const Json& model = member(tokenizer, "model");
  FW_TRY(add_vocab(model, size, v));
  const Json& vocab = model["vocab"];
  std::int64_t last = -1;
  for (const auto& merge : member(model, "merges")) {
    const auto parts = merge_of(merge);
    const Json& id = parts ? member(vocab, (parts->first + parts->second).c_str()) : Json();
    if (!id.is_number_unsigned()) return data_loss("tokenizer.json holds a merge whose sum is no token");
    if (id.get<std::int64_t>() < last)
      return unimplemented(
          "tokenizer.json merges pairs in another order than its tokens have, which GGUF cannot say; a tokenizer.model "
          "beside it would be read instead");
    last = id.get<std::int64_t>();
  }
  for (std::size_t id = 0; id < v.tokens.size(); ++id) {
    if (v.types[id] == TokenType::kUnused) continue;
    v.scores[id] = -static_cast<float>(id);
    if (v.tokens[id].size() == 6 && v.tokens[id].starts_with("<0x") && v.tokens[id].back() == '>')
      v.types[id] = TokenType::kByte;
    if (v.tokens[id] == text_of(member(model, "unk_token"))) v.types[id] = TokenType::kUnknown;
  }
  return add_tokens(added, v);
}

Status read_pieces(const fs::path& file, const std::vector<AddedToken>& added, std::int64_t size, Vocabulary& v) {
  FW_ASSIGN(const auto bytes, io::read_file(file, kMostBytes));
  auto pieces = parse_sentencepiece(bytes);
  if (!pieces.ok()) return std::move(pieces).error().within(file.string());
  v.model = "llama";
  v.pre = "default";
  resize(v, size);
  for (std::size_t id = 0; id < std::min(pieces->size(), v.tokens.size()); ++id) {
    auto& piece = (*pieces)[id];
    v.tokens[id] = std::move(piece.text);
    v.scores[id] = piece.score;
    v.types[id] = static_cast<TokenType>(piece.type);
  }
  return add_tokens(added, v);
}

std::string chat_template_of(const fs::path& folder, const Json& config) {
  if (const auto own = io::read_file(folder / "chat_template.jinja", kMostBytes); own.ok()) return *own;
  const Json& listed = member(config, "chat_template");
  if (listed.is_string()) return listed.get<std::string>();
  if (listed.is_array())
    for (const auto& entry : listed)
      if (member(entry, "name") == "default") return text_of(member(entry, "template"));
  return text_of(member(read_json(folder / "chat_template.json"), "chat_template"));
}

// Whether texts begin and end with a token of their own: what tokenizer.json's template says counts before
// tokenizer_config.json's switches.
void read_ends(const Json& tokenizer, const Json& config, Vocabulary& v) {
  const auto flag = [&](const char* key) {
    const Json& value = member(config, key);
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  };
  v.add_bos = flag("add_bos_token");
  v.add_eos = flag("add_eos_token");
  const Json& post = member(tokenizer, "post_processor");
  std::vector<Json> steps{post};
  if (member(post, "processors").is_array()) steps = post["processors"].get<std::vector<Json>>();
  for (const auto& step : steps) {
    const Json& single = member(step, "single");
    if (member(step, "type") == "ByteLevel" && !v.add_bos) v.add_bos = false;
    if (member(step, "type") != "TemplateProcessing" || !single.is_array() || single.empty()) continue;
    const auto token = [&](const Json& part) { return text_of(member(member(part, "SpecialToken"), "id")); };
    v.add_bos = !token(single.front()).empty() && token(single.front()) == token_of(config, "bos_token");
    v.add_eos =
        single.size() > 1 && !token(single.back()).empty() && token(single.back()) == token_of(config, "eos_token");
  }
}

void read_special(const fs::path& folder, const Json& config, Vocabulary& v) {
  const Json generation = read_json(folder / "generation_config.json"), model = read_json(folder / "config.json");
  const std::pair<const char*, const char*> names[] = {
      {"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"pad", "padding"}};
  for (const auto& [theirs, gguf] : names) {
    const std::string text = token_of(config, (std::string(theirs) + "_token").c_str());
    const auto it = text.empty() ? v.tokens.end() : std::ranges::find(v.tokens, text);
    if (it != v.tokens.end()) v.special[gguf] = it - v.tokens.begin();
    for (const Json* file : {&model, &generation}) {
      const Json& id = member(*file, (std::string(theirs) + "_token_id").c_str());
      if (!v.special.contains(gguf) && id.is_number_unsigned() && id.get<std::uint64_t>() < v.tokens.size())
        v.special[gguf] = id.get<std::int64_t>();
    }
  }
}

}  // namespace

Result<Vocabulary> read_vocabulary(const fs::path& folder, std::int64_t size) {
  const Json tokenizer = read_json(folder / "tokenizer.json"), config = read_json(folder / "tokenizer_config.json");
  const auto added = added_tokens(tokenizer, config);
  const Json& model = member(tokenizer, "model");
  const bool has_pairs = model.is_object() && member(model, "merges").is_array();
  const bool falls_back = member(model, "byte_fallback") == true;
  std::error_code error;
  Vocabulary v;
  if (has_pairs && !falls_back) {
    FW_TRY(read_byte_pairs(tokenizer, added, size, v));
  } else if (fs::exists(folder / "tokenizer.model", error)) {
    FW_TRY(read_pieces(folder / "tokenizer.model", added, size, v));
  } else if (has_pairs) {
    FW_TRY(read_fallback_pairs(tokenizer, added, size, v));
  } else {
    return not_found(folder.string() +
                     " has no tokenizer that is known here: neither a tokenizer.json with byte pairs nor a "
                     "tokenizer.model; fetch it, or make a GGUF file of the model and name that");
  }
  if (v.model == "llama") {
    const Json& prefix = member(config, "add_prefix_space");
    if (prefix.is_boolean()) v.add_space_prefix = prefix.get<bool>();
  }
  read_ends(tokenizer, config, v);
  read_special(folder, config, v);
  v.chat_template = chat_template_of(folder, config);
  return v;
}

void write_vocabulary(const Vocabulary& v, modelfile::GgufHeader& header) {
  header.set("tokenizer.ggml.model", GgufValue::string(v.model));
  header.set("tokenizer.ggml.pre", GgufValue::string(v.pre));
  header.set("tokenizer.ggml.tokens", GgufValue::strings(v.tokens));
  if (!v.scores.empty()) header.set("tokenizer.ggml.scores", GgufValue::f32s(v.scores));
  std::vector<std::int32_t> types;
  for (const auto type : v.types) types.push_back(static_cast<std::int32_t>(type));
  header.set("tokenizer.ggml.token_type", GgufValue::i32s(types));
  if (!v.merges.empty()) header.set("tokenizer.ggml.merges", GgufValue::strings(v.merges));
  for (const auto& [name, id] : v.special)
    header.set("tokenizer.ggml." + name + "_token_id", GgufValue::u32(static_cast<std::uint32_t>(id)));
  if (v.add_bos) header.set("tokenizer.ggml.add_bos_token", GgufValue::boolean(*v.add_bos));
  if (v.add_eos) header.set("tokenizer.ggml.add_eos_token", GgufValue::boolean(*v.add_eos));
  if (v.add_space_prefix) header.set("tokenizer.ggml.add_space_prefix", GgufValue::boolean(*v.add_space_prefix));
  if (!v.chat_template.empty()) header.set("tokenizer.chat_template", GgufValue::string(v.chat_template));
}

}  // namespace fw::trainer
