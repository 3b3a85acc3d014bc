#include "modelops/variant.h"

#include <algorithm>

namespace fw::modelops {
namespace {

constexpr std::string_view kAdapter = "customized-", kExamples = "icl-", kUnchanged = "base-", kEnd = "eval";
constexpr std::size_t kLongestName = 40;

bool take_first(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

bool take_last(std::string_view& text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  text.remove_suffix(word.size());
  return true;
}

}  // namespace

VariantId Variant::id() const {
  std::string id(has_adapter ? kAdapter : "");
  if (!prompt.empty()) id += prompt + "-";
  if (has_examples) id += kExamples;
  if (id.empty()) id = kUnchanged;
  return VariantId(id + std::string(kEnd));
}

const std::vector<Variant>& known_variants() {
  static const std::vector<Variant> known{
      {}, {.has_examples = true}, {.has_adapter = true}, {.has_examples = true, .has_adapter = true}};
  return known;
}

std::vector<Variant> default_variants() { return {known_variants().begin(), known_variants().begin() + 3}; }

std::optional<Variant> find_variant(std::string_view id) {
  std::string_view rest = id;
  if (!take_last(rest, kEnd)) return std::nullopt;
  Variant variant;
  variant.has_adapter = take_first(rest, kAdapter);
  if (rest == kUnchanged) rest = variant.has_adapter ? rest : "";
  variant.has_examples = rest == kExamples || rest.ends_with("-" + std::string(kExamples));
  if (variant.has_examples) rest.remove_suffix(kExamples.size());
  if (!rest.empty() && !take_last(rest, "-")) return std::nullopt;
  variant.prompt = rest;
  if (!rest.empty() && !check_prompt_name(rest).ok()) return std::nullopt;
  return *variant.id() == id ? std::optional(variant) : std::nullopt;
}

Status check_prompt_name(std::string_view name) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const bool is_word = !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, is_allowed) &&
                       !name.starts_with('-') && !name.ends_with('-') && name.find("--") == name.npos;
  std::string padded("-");
  padded.append(name).append("-");
  const bool is_taken = std::ranges::any_of(
      std::initializer_list<std::string_view>{"-base-", "-icl-", "-customized-", "-eval-", "-production-"},
      [&](std::string_view word) { return padded.find(word) != padded.npos; });
  if (is_word && !is_taken) return {};
  return invalid_argument(
      "\"" + std::string(name.substr(0, 80)) +
      "\" cannot name a prompt: lower-case letters, digits and hyphens can, at most 40, without the "
      "words base, icl, customized, eval and production");
}

std::string answering_name(std::string_view model, std::string_view variant) {
  return std::string(model) + ' ' + std::string(variant);
}

bool is_candidates_name(std::string_view answering) {
  const auto space = answering.rfind(' ');
  return space != std::string_view::npos && find_variant(answering.substr(space + 1)).has_value();
}

std::string eval_type(const VariantId& id) {
  const auto variant = find_variant(*id);
  if (!variant) return *id;
  return variant->has_adapter ? "customized-eval" : variant->has_examples ? "icl-eval" : "base-eval";
}

std::string title_of(const VariantId& id) {
  const auto variant = find_variant(*id);
  if (!variant) return *id;
  std::string title;
  const auto add = [&](const std::string& words) { title += (title.empty() ? "" : ", ") + words; };
  if (variant->has_adapter) add("fine-tuned");
  if (!variant->prompt.empty()) add("prompt " + variant->prompt);
  if (variant->has_examples) add("few-shot");
  return title.empty() ? "zero-shot" : title;
}

}  // namespace fw::modelops
