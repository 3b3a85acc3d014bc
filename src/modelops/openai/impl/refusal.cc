#include "modelops/openai/impl/refusal.h"

#include "modelops/openai/error_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace fw::modelops {
namespace {

using nlohmann::json;

constexpr std::size_t kMostText = 2000;

const json* find(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::string text_at(const json& object, const char* name) {
  const json* value = find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>().substr(0, kMostText) : std::string();
}

/// FastAPI's `detail`: a text, or a list of {loc, msg, type}.
void read_detail(const json& detail, ErrorAnswer& out) {
  if (detail.is_string()) out.message = detail.get<std::string>().substr(0, kMostText);
  if (!detail.is_array()) return;
  for (const auto& entry : detail) {
    const json* where = find(entry, "loc");
    std::string name;
    if (where != nullptr && where->is_array() && !where->empty() && where->back().is_string())
      name = where->back().get<std::string>();
    if (out.message.empty()) out.parameter = name, out.code = text_at(entry, "type");
    if (out.message.size() < kMostText) out.message += name + ": " + text_at(entry, "msg") + ". ";
  }
}

/// What a gateway passes on of the server behind it: OpenRouter's `metadata.raw`, a text that may be JSON with an
/// error.
std::string passed_on(const json& error) {
  const json* metadata = find(error, "metadata");
  const std::string raw = metadata != nullptr ? text_at(*metadata, "raw") : "";
  const json inner = json::parse(raw, nullptr, false);
  const json* written = find(inner, "error");
  if (written == nullptr) return inner.is_object() ? text_at(inner, "message") : raw;
  return written->is_string() ? written->get<std::string>().substr(0, kMostText) : text_at(*written, "message");
}

/// Errors of servers that have no `error`: watsonx's list `errors`, MiniMax's `base_resp`.
void read_other_error(const json& body, ErrorAnswer& out) {
  if (const json* list = find(body, "errors"); list != nullptr && list->is_array() && !list->empty()) {
    out.message = text_at(list->front(), "message");
    out.code = text_at(list->front(), "code");
  }
  if (const json* state = find(body, "base_resp"); state != nullptr) out.message = text_at(*state, "status_msg");
}

ErrorAnswer read_error(const json& body) {
  ErrorAnswer out;
  const json* error = find(body, "error");
  if (error != nullptr && error->is_object()) {
    out.message = text_at(*error, "message");
    out.parameter = text_at(*error, "param");
    out.code = text_at(*error, "code");
    if (out.code.empty()) out.code = text_at(*error, "type");
    out.passed_on = passed_on(*error);
  } else if (error != nullptr && error->is_string()) {
    out.message = error->get<std::string>().substr(0, kMostText);
  }
  if (out.message.empty()) out.message = text_at(body, "message");
  if (out.message.empty()) read_other_error(body, out);
  const json* detail = find(body, "detail");
  if (const json* wrapped = find(body, "message"); detail == nullptr && wrapped != nullptr)
    detail = find(*wrapped, "detail");  // Mistral's
  if (detail != nullptr && out.message.empty()) read_detail(*detail, out);
  return out;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_name_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Where a word stands by itself.
std::size_t find_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_name_byte(text[at - 1])) && (end == text.size() || !is_name_byte(text[end]))) return at;
  }
  return std::string_view::npos;
}

bool has_any(std::string_view text, std::span<const std::string_view> phrases) {
  return std::ranges::any_of(phrases, [&](std::string_view phrase) { return text.find(phrase) != text.npos; });
}

constexpr std::array kRefuses =
    std::to_array<std::string_view>({"unsupported",        "not support",         "n't support",
                                     "not permitted",      "not allowed",         "unknown",
                                     "unrecognized",       "unrecognised",        "unexpected",
                                     "extra input",        "extra field",         "extra_forbidden",
                                     "not implemented",    "not available",       "cannot find",
                                     "deprecated",         "not enabled",         "incompatible",
                                     "disabled",           "cannot be used",      "can't be used",
                                     "invalid param",      "invalid arg",         "not accept",
                                     "found that support", "not compatible",      "no longer",
                                     "no support",         "not recogni",         "not a supported",
                                     "not a recogni",      "not a known",         "not a valid prop",
                                     "not a valid param",  "not a valid arg",     "not a valid field",
                                     "not a valid option", "not a valid request", "invalid prop",
                                     "invalid field",      "not an allowed",      "不支持"});
/// What may stand between `not` and what is not done.
constexpr std::array kAdverbs = std::to_array<std::string_view>(
    {" currently", " presently", " yet", " officially", " natively", " fully", " directly", " generally"});
/// What is said of a value of ours that does not suit.
constexpr std::array kDislikes =
    std::to_array<std::string_view>({"invalid", "illegal", "positive", "only ", "not valid", "not a valid", "非法"});
constexpr std::array<std::string_view, 12> kLimits{"too large", "too high",  "exceed",  "at most",
                                                   "maximum",   "less than", "greater", "range",
                                                   "must be",   "should be", "larger",  "<="};
/// What is the row's or the server's own trouble, not that of a parameter of ours.
constexpr std::array<std::string_view, 7> kOtherTrouble{"context length", "context window", "tool_call_id", "messages[",
                                                        "function name",  "api key",        "requires --"};

/// What servers and the APIs behind them call the limit of an answer.
constexpr std::array<std::string_view, 8> kLimitWords{"max_tokens",        "max_completion_tokens", "max tokens",
                                                      "maximum tokens",    "maxoutputtokens",       "max_output_tokens",
                                                      "max output tokens", "max_new_tokens"};

struct Sought {
  std::string_view parameter;
  std::array<std::string_view, 8> words;
};
constexpr std::array<Sought, 10> kSought{{
    {"max_tokens", kLimitWords},
    {"max_completion_tokens", kLimitWords},
    {"temperature", {"temperature"}},
    {"seed", {"seed"}},
    {"parallel_tool_calls", {"parallel_tool_calls", "parallel tool calls", "parallel tool calling"}},
    {"tool_choice", {"tool_choice", "tool choice"}},
    {"tools", {"tools", "tool use", "tool calling", "tool calls", "function calling", "functions"}},
    {"response_format",
     {"response_format", "json mode", "json_object", "json_schema", "structured output", "structured outputs"}},
    {"stream_options", {"stream_options"}},
    {"stop", {"stop"}},
}};

/// In lower case, `not currently supported` as `not supported`.
std::string plain_words(std::string text) {
  text = lower_case(std::move(text));
  for (const std::string_view adverb : kAdverbs) {
    const std::string sought = "not" + std::string(adverb) + ' ';
    for (auto at = text.find(sought); at != std::string::npos; at = text.find(sought, at))
      text.erase(at + 3, adverb.size());
  }
  return text;
}

/// The parameter that was sent and stands first in the text.
std::string parameter_in(std::string_view text, const SentParameters& sent) {
  std::string out;
  auto first = std::string_view::npos;
  for (const auto& [parameter, words] : kSought) {
    if (!sent.contains(std::string(parameter))) continue;
    for (const auto word : words) {
      const auto at = word.empty() ? std::string_view::npos : find_word(text, word);
      if (at < first) first = at, out = parameter;
    }
  }
  return out;
}

bool is_sought(const std::string& parameter) {
  return std::ranges::any_of(kSought, [&](const Sought& one) { return one.parameter == parameter; });
}

struct Number {
  long value = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Numbers of a text, `4,096` as one. More than any count of tokens is as much as that, so that sums do not run over.
std::vector<Number> numbers_in(std::string_view text) {
  constexpr long kLargest = 1'000'000'000'000;
  std::vector<Number> out;
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(i)) continue;
    Number number{.begin = i};
    std::string digits;
    while (is_digit(i) || (i < text.size() && text[i] == ',' && is_digit(i + 1) && is_digit(i + 2) && is_digit(i + 3) &&
                           !is_digit(i + 4))) {
      if (text[i] != ',') digits += text[i];
      ++i;
    }
    number.end = i;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number.value).ec != std::errc{}) continue;
    number.value = std::min(number.value, kLargest);
    out.push_back(number);
  }
  return out;
}

/// `129 (exclusive)`, `less than 129`.
bool is_exclusive(std::string_view text, const Number& number) {
  const std::string_view before = text.substr(0, number.begin);
  return text.substr(number.end).starts_with(" (exclusive") || before.ends_with("less than ") ||
         before.ends_with("lower than ") || before.ends_with("below ");
}

long sent_number(const std::string& sent) {
  long now = 0;
  std::from_chars(sent.data(), sent.data() + sent.size(), now);
  return now;
}

RequestChange lowered(const std::string& parameter, long most) {
  return {parameter, "", RequestChange::Kind::kLower, std::to_string(most)};
}

/// The endpoint's own limit: the largest number it names below what was sent.
std::optional<RequestChange> lower_limit(const std::string& parameter, const std::string& sent, std::string_view text) {
  const auto numbers = numbers_in(text);
  long most = 0;
  for (const Number& number : numbers)
    if (number.value < sent_number(sent)) most = std::max(most, number.value);
  // The limit may be named more than once, and only one of the times as the first value beyond it.
  const bool is_beyond = std::ranges::any_of(
      numbers, [&](const Number& number) { return number.value == most && is_exclusive(text, number); });
  if (is_beyond) --most;
  return most == 0 ? std::nullopt : std::optional(lowered(parameter, most));
}

/// What an error says of a question and an answer that must share one context.
struct Shared {
  long context = 0;
  long question = 0;  ///< 0: not said
};

/// vLLM's newer words: `maximum context length is 512 tokens. However, you requested 1024 output tokens and your prompt
/// contains at least 100 input tokens`.
std::optional<Shared> context_and_prompt(std::string_view text, std::span<const Number> numbers) {
  if (text.find("context length") == text.npos || text.find("output tokens") == text.npos) return std::nullopt;
  for (const Number& number : numbers)
    if (text.substr(number.end).starts_with(" input tokens")) return Shared{numbers.front().value, number.value};
  return std::nullopt;
}

/// The words of vLLM (`512 > 256 - 200`), OpenAI (`16 in the messages, 512 in the completion`) and text-generation-
/// inference (`inputs` tokens + `max_new_tokens` must be <= 300).
std::optional<Shared> shared_context(std::string_view text) {
  const auto all = numbers_in(text);
  const auto bracket = std::min(text.rfind('('), text.size());
  const std::string_view last = text.substr(bracket);
  const auto within = numbers_in(last);
  if (within.size() == 3 && last.find(" > ") != last.npos && last.find(" - ") != last.npos)
    return Shared{within[1].value, within[2].value};
  if (within.size() >= 2 && !all.empty() && last.find("in the completion") != last.npos) {
    Shared out{all.front().value, 0};
    for (std::size_t i = 0; i + 1 < within.size(); ++i) out.question += within[i].value;
    return out;
  }
  if (const auto shared = context_and_prompt(text, all)) return shared;
  if (text.find("inputs") == text.npos || text.find("max_new_tokens") == text.npos || all.empty()) return std::nullopt;
  return Shared{all[0].value, all.size() > 1 ? all[1].value : 0};
}

/// The answers' limit is lowered to what this question leaves of the context, and to half of it at most, so that few
/// rows lower it again. A question that leaves less than an eighth is the row's own trouble: the limit that it needs
/// would cut the answers of all others.
std::optional<RequestChange> share_of(const Shared& shared, const SentParameters& sent) {
  for (const char* parameter : {"max_tokens", "max_completion_tokens"}) {
    const auto it = sent.find(parameter);
    if (it == sent.end()) continue;
    const long room = std::min(shared.context - shared.question, shared.context / 2);
    if (room < 1 || room < shared.context / 8 || room >= sent_number(it->second)) return std::nullopt;
    return lowered(parameter, room);
  }
  return std::nullopt;
}

std::optional<RequestChange> change_of_limit(const std::string& parameter, const SentParameters& sent,
                                             std::string_view text, bool refuses) {
  const bool is_old_name = parameter == "max_tokens";
  if (is_old_name && text.find("max_completion_tokens") != text.npos && text.find("too large") == text.npos)
    return RequestChange{parameter, "", RequestChange::Kind::kRename, "max_completion_tokens"};
  if (has_any(text, kLimits) && text.find("unsupported") == text.npos)
    return lower_limit(parameter, sent.at(parameter), text);
  if (!refuses) return std::nullopt;
  if (is_old_name) return RequestChange{parameter, "", RequestChange::Kind::kRename, "max_completion_tokens"};
  return RequestChange{parameter};
}

bool wants_stream(std::string_view text, const ErrorAnswer& error, const SentParameters& sent) {
  const auto it = sent.find("stream");
  if (it != sent.end() && it->second == "true") return false;
  constexpr std::array<std::string_view, 6> kWants{"only", "non-stream", "must", "enable", "require", "set stream"};
  return (text.find("stream") != text.npos && has_any(text, kWants)) || error.parameter == "stream";
}

bool may_be_refusal(int status) {
  return status == 200 || status == 400 || status == 404 || status == 422 || status == 501;
}

}  // namespace

std::optional<ErrorAnswer> error_in(const net::Response& response) {
  json body = json::parse(response.body, nullptr, false);
  if (body.is_array() && !body.empty()) body = json(body.front());
  const json* state = find(body, "base_resp");  // MiniMax's, of which 0 is no error
  const json* code = state != nullptr ? find(*state, "status_code") : nullptr;
  const bool is_refused = code != nullptr && *code != 0;
  const bool has_error = (find(body, "error") != nullptr || is_refused) && find(body, "choices") == nullptr;
  if (response.is_success() && !has_error) return std::nullopt;
  if (body.is_object()) return read_error(body);
  return ErrorAnswer{.message = response.body.substr(0, kMostText), .parameter = {}, .code = {}, .passed_on = {}};
}

std::string error_text(std::string_view body) {
  constexpr std::size_t kMostShown = 400;
  json said = json::parse(body, nullptr, false);
  if (said.is_array() && !said.empty()) said = json(said.front());
  const json* choices = find(said, "choices");
  const bool has_choice = choices != nullptr && choices->is_array() && !choices->empty();
  if (has_choice && find(choices->front(), "error") != nullptr) said = json(choices->front());
  const ErrorAnswer error = read_error(said);
  std::string text = error.message.empty() ? error.code : error.message;
  if (!error.passed_on.empty() && error.passed_on != text) text += (text.empty() ? "" : ": ") + error.passed_on;
  std::size_t end = std::min(text.size(), kMostShown);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::optional<RequestChange> change_for(const net::Response& response, const SentParameters& sent) {
  if (!may_be_refusal(response.status)) return std::nullopt;
  const auto error = error_in(response);
  if (!error) return std::nullopt;
  const std::string text = plain_words(error->message + " " + error->passed_on + " " + error->code);
  if (const auto shared = shared_context(text)) return share_of(*shared, sent);
  if (has_any(text, kOtherTrouble)) return std::nullopt;
  // `tools[0].function.parameters`: what stands within is the row's.
  if (error->parameter.find_first_of("[.") != std::string::npos) return std::nullopt;
  if (wants_stream(text, *error, sent)) return RequestChange{"stream", "", RequestChange::Kind::kSet, "true"};
  std::string parameter = error->parameter;
  if (!is_sought(parameter) || !sent.contains(parameter)) parameter = parameter_in(text, sent);
  if (parameter.empty()) return std::nullopt;
  const bool refuses = has_any(text, kRefuses);
  if (parameter.starts_with("max_")) return change_of_limit(parameter, sent, text, refuses);
  if (parameter == "temperature" || parameter == "seed") {
    const bool is_about_it =
        refuses || has_any(text, kLimits) || has_any(text, kDislikes) || error->parameter == parameter;
    return is_about_it ? std::optional(RequestChange{parameter}) : std::nullopt;
  }
  // `parallel_tool_calls must be false`: it can only be left out.
  const bool is_fixed = parameter == "parallel_tool_calls" && has_any(text, kLimits);
  if ((!refuses && !is_fixed) || (parameter == "tools" && text.find("schema") != text.npos)) return std::nullopt;
  const std::string variant = variant_of(parameter, sent.at(parameter));
  if (parameter == "tool_choice" && variant != "auto")
    return RequestChange{parameter, variant, RequestChange::Kind::kSet, "\"auto\""};
  return RequestChange{parameter, variant};
}

}  // namespace fw::modelops
