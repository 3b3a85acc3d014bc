#include "dataset/impl/plain_exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "codec/utf8.h"
#include "dataset/impl/denial.h"
#include "dataset/impl/json.h"
#include "dataset/impl/json_hash.h"
#include "dataset/impl/normalise_parts.h"
#include "dataset/impl/python_of.h"
#include "evals/tool_calls/canonical.h"

namespace fw::dataset {
namespace {

using simdjson::dom::element_type;

constexpr std::size_t kTellingBytes =
    200;  ///< of a first question that tells its conversation (docs in conversation.h)
constexpr std::size_t kFirstPrefixes = 2;
constexpr std::size_t kLastPrefixes = 6;
constexpr std::size_t kShownDenial = 100;  // bytes
constexpr std::size_t kMostKnownTools = 1 << 16;
constexpr std::size_t kMostParsedTools = 256;

std::uint32_t clamped(std::size_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// Reads the members of one object that it knows, each at most once.
template <std::size_t N>
class Members {
 public:
  using Element = simdjson::dom::element;

  Members(simdjson::dom::object object, const std::array<std::string_view, N>& names) {
    for (const auto field : object) {
      const auto found = std::ranges::find(names, field.key);
      if (found == names.end()) continue;
      const auto at = static_cast<std::size_t>(found - names.begin());
      is_repeated_ |= seen_[at];
      seen_[at] = true;
      values_[at] = field.value;
    }
  }
  /// A repeated name would be read differently by different parsers.
  [[nodiscard]] bool is_repeated() const { return is_repeated_; }
  /// Absent and null are one.
  [[nodiscard]] bool has(std::size_t at) const { return seen_[at] && !values_[at].is_null(); }
  [[nodiscard]] Element operator[](std::size_t at) const { return values_[at]; }
  /// False where it is there and no string.
  [[nodiscard]] bool string(std::size_t at, std::string_view& out) const {
    return !has(at) || values_[at].get(out) == simdjson::SUCCESS;
  }

 private:
  std::array<Element, N> values_;
  std::array<bool, N> seen_{};
  bool is_repeated_ = false;
};
template <std::size_t N>
Members(simdjson::dom::object, const std::array<std::string_view, N>&) -> Members<N>;

bool is_empty_text(simdjson::dom::element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS && text.empty();
}

}  // namespace

PlainExchange::PlainExchange(bool parse_arguments) : parse_arguments_(parse_arguments) {
  for (auto* parser : {&request_parser_, &response_parser_, &arguments_parser_}) {
    (void)parser->allocate(64u << 10, kMaxJsonDepth + 2);
  }
}

bool PlainExchange::read(std::string_view request, std::string_view response, Form form, RecordFacts& facts) {
  if (!is_within_limits(request) || !is_within_limits(response)) return false;
  if (has_lone_surrogate(request) || has_lone_surrogate(response)) return false;
  facts_ = &facts;
  call_ids_.clear();
  open_calls_.clear();
  system_ = messages_ = turns_ = answered_ = 0;
  is_reply_ = false;
  last_role_ = {};
  bytes_ = 0;
  tools_hash_ = 0;
  user_seen_ = false;
  is_normal_ = form == Form::kNormal;
  Object asked;
  Object answered;
  return request_parser_.parse(request.data(), request.size()).get(asked) == simdjson::SUCCESS &&
         response_parser_.parse(response.data(), response.size()).get(answered) == simdjson::SUCCESS &&
         read_request(asked) && read_response(answered);
}

bool PlainExchange::read_request(Object request) {
  static constexpr std::array<std::string_view, 7> kNames{
      "messages", "tools", "tool_choice", "response_format", "functions", "function_call", "flywheel"};
  const Members members(request, kNames);
  if (members.is_repeated() || !members.has(0) || members.has(4) || members.has(5)) return false;
  if (!is_normal_ && members.has(6) && !members[6]["not_mapped"].error()) return false;
  if (!read_messages(members[0])) return false;
  facts_->request = messages_;
  if (members.has(1) && !read_tools(members[1])) return false;
  if (members.has(2) && (!members.has(1) || !read_tool_choice(members[2]))) return false;
  std::string_view text;
  const bool is_text =
      members.has(3) && members[3].is_object() && members[3]["type"].get(text) == simdjson::SUCCESS && text == "text";
  if (members.has(3) && !is_text) {
    facts_->request = combine(combine(facts_->request, "response_format"), hash_json(members[3]));
  }
  return read_metadata(request);
}

bool PlainExchange::read_messages(Element element) {
  simdjson::dom::array messages;
  if (element.get(messages) != simdjson::SUCCESS || messages.size() == 0) return false;
  std::size_t number = 0;
  for (const Element message : messages) {
    if (!read_message(message, number++, messages.size())) return false;
  }
  if (is_reply_ && denies(answer_, said_)) {
    facts_->denied = answered_;
    facts_->denial = codec::utf8_prefix(said_, kShownDenial);
  }
  return are_calls_answered();
}

/// normalise() gives results to those that have none; what it left open is answered later.
bool PlainExchange::are_calls_answered() const { return is_normal_ || open_calls_.empty(); }

bool PlainExchange::read_message(Element element, std::size_t number, std::size_t count) {
  static constexpr std::array<std::string_view, 6> kNames{"role",         "content",       "tool_calls",
                                                          "tool_call_id", "function_call", "name"};
  Object object;
  if (element.get(object) != simdjson::SUCCESS) return false;
  const Members members(object, kNames);
  std::string_view role;
  std::string_view id;
  if (members.is_repeated() || !members.string(0, role)) return false;
  const bool is_assistant = role == "assistant";
  if (is_assistant && (number + 1 == count || members.has(4))) return false;
  Turn turn;
  if (!members.has(1) ? !is_assistant : !read_content(members[1], is_assistant, turn)) return false;
  if (role == "tool") {
    if (!members.string(3, id) || id.empty() || std::ranges::find(call_ids_, id) == call_ids_.end()) return false;
    if (const auto open = std::ranges::find(open_calls_, id); open != open_calls_.end()) open_calls_.erase(open);
  } else if (!are_calls_answered()) {
    return false;
  } else if (is_assistant) {
    const std::size_t before = call_ids_.size();
    if (members.has(2) && (!read_calls(members[2], true, turn) || !turn.calls)) return false;
    open_calls_.assign(call_ids_.begin() + static_cast<std::ptrdiff_t>(before), call_ids_.end());
  } else if (role != "user" && role != "system" && role != "developer") {
    return false;
  }
  if (members.has(5) && role != "tool") {
    std::string_view name;
    if (!members.string(5, name) || !normal::is_plain_name(name)) return false;
    if (role == "user") turn.hash = combine(turn.hash, name);
  }
  if (role == "user") {
    if (!user_seen_) facts_->opening = mask_text(turn.text);
    facts_->last = user_seen_ ? mask_text(turn.text) : facts_->opening;
    said_ = turn.text;
  }
  end_turn(role, turn);
  return true;
}

bool PlainExchange::read_content(Element content, bool is_answer, Turn& turn) {
  if (content.get(turn.text) != simdjson::SUCCESS) return false;
  turn.hash = hash64(is_answer ? trimmed(turn.text) : turn.text);
  turn.bytes = turn.text.size();
  return true;
}

void PlainExchange::end_turn(std::string_view role, const Turn& turn) {
  messages_ = combine(combine(messages_, role), turn.hash);
  if (role == "system" || role == "developer") {
    if (turns_ == 0) system_ = combine(system_, turn.hash);
    return;
  }
  turns_ = combine(combine(turns_, role), turn.hash);
  bytes_ += turn.bytes;
  is_reply_ = role == "user" && answered_ != 0 && last_role_ != "user";
  last_role_ = role;
  if (role == "user" && !user_seen_) {
    user_seen_ = true;
    if (bytes_ >= kTellingBytes) keep_prefix({.hash = combine(turns_, system_), .bytes = clamped(bytes_)});
  } else if (role == "assistant") {
    ++facts_->answers_before;
    if (user_seen_) keep_prefix({.hash = turns_, .bytes = clamped(bytes_)});
    if (user_seen_) answered_ = turns_;
    answer_ = turn.text;
  }
}

/// A long conversation is followed from its last turns; its first ones tell whether many begin so.
void PlainExchange::keep_prefix(Prefix prefix) {
  auto& kept = facts_->prefixes;
  if (kept.size() == kFirstPrefixes + kLastPrefixes) kept.erase(kept.begin() + kFirstPrefixes);
  kept.push_back(prefix);
}

/// What a call says counts, not its id; of an assistant's message that calls, the calls alone.
bool PlainExchange::read_calls(Element element, bool parse, Turn& turn) {
  simdjson::dom::array calls;
  if (element.get(calls) != simdjson::SUCCESS) return false;
  if (calls.size() == 0) return true;
  first_label_.clear();
  turn.hash = 0;
  for (const Element call : calls) {
    std::uint64_t hash = 0;
    if (!read_call(call, parse, hash)) return false;
    turn.hash += hash;  // in any order
  }
  turn.hash = combine(turn.hash, "calls");
  turn.bytes += std::exchange(turn_bytes_, 0);
  turn.calls = true;
  return true;
}

bool PlainExchange::read_call(Element element, bool parse, std::uint64_t& hash) {
  static constexpr std::array<std::string_view, 3> kNames{"id", "type", "function"};
  static constexpr std::array<std::string_view, 2> kFunctionNames{"name", "arguments"};
  Object object;
  Object function;
  if (element.get(object) != simdjson::SUCCESS) return false;
  const Members members(object, kNames);
  std::string_view id;
  std::string_view type;
  if (members.is_repeated() || !members.string(0, id) || !members.string(1, type) || !members.has(2)) return false;
  if (id.empty() || type != "function" || members[2].get(function) != simdjson::SUCCESS) return false;
  const Members called(function, kFunctionNames);
  std::string_view name;
  if (called.is_repeated() || !called.string(0, name) || name.empty()) return false;
  if (first_label_.empty()) first_label_ = name;
  call_ids_.push_back(id);
  hash = hash64(name);
  if (!parse) {
    if (called.has(1)) hash = combine(hash, hash_json(called[1]));
    return true;
  }
  std::string_view arguments;
  if (!called.has(1) || !called.string(1, arguments)) return false;
  std::uint64_t value = 0;
  if (!read_arguments(arguments, value)) return false;
  hash = combine(hash, value);
  turn_bytes_ += name.size() + arguments.size();
  return true;
}

bool PlainExchange::read_arguments(std::string_view text, std::uint64_t& hash) {
  if (!is_within_limits(text)) return false;
  Element value;  // none of an integer beyond 64 bits, which a row could not hold digit for digit
  if (arguments_parser_.parse(text.data(), text.size()).get(value) != simdjson::SUCCESS || !value.is_object())
    return false;
  hash = hash_json(value);
  return true;
}

bool PlainExchange::read_tools(Element element) {
  static constexpr std::array<std::string_view, 2> kNames{"type", "function"};
  static constexpr std::array<std::string_view, 2> kFunctionNames{"name", "parameters"};
  simdjson::dom::array tools;
  if (element.get(tools) != simdjson::SUCCESS || tools.size() == 0) return false;
  tool_names_.clear();
  for (const Element tool : tools) {
    Object object;
    Object function;
    if (tool.get(object) != simdjson::SUCCESS) return false;
    const Members members(object, kNames);
    std::string_view type;
    std::string_view name;
    if (members.is_repeated() || !members.string(0, type) || type != "function" || !members.has(1)) return false;
    if (members[1].get(function) != simdjson::SUCCESS) return false;
    const Members described(function, kFunctionNames);
    if (described.is_repeated() || !described.string(0, name) || name.empty()) return false;
    if (!described.has(1) && function["parameters"].error() == simdjson::SUCCESS) return false;  // null
    if (described.has(1) && !described[1].is_object()) return false;
    tool_names_.push_back(name);
  }
  std::ranges::sort(tool_names_);
  if (std::ranges::adjacent_find(tool_names_) != tool_names_.end()) return false;
  const std::uint64_t hash = hash_json(element);
  if (!are_sound(element, hash)) return false;
  facts_->request = combine(combine(facts_->request, "tools"), hash);
  tools_ = element;
  tools_hash_ = hash;
  return true;
}

/// `auto` is what holds without a choice.
bool PlainExchange::read_tool_choice(Element choice) {
  std::string_view word;
  if (choice.get(word) == simdjson::SUCCESS) {
    if (word != "auto" && word != "none" && word != "required") return false;
  } else {
    std::string_view name;
    simdjson::dom::object named;
    if (choice["type"].get(word) != simdjson::SUCCESS || word != "function") return false;
    if (choice["function"].get(named) != simdjson::SUCCESS || named.size() != 1) return false;
    if (named["name"].get(name) != simdjson::SUCCESS || Object(choice).size() != 2) return false;
    if (!std::ranges::binary_search(tool_names_, name)) return false;
  }
  if (word != "auto") facts_->request = combine(combine(facts_->request, "tool_choice"), hash_json(choice));
  return true;
}

/// Whether normalise() leaves these tools as they are. It is asked once for each set of tools.
bool PlainExchange::are_sound(Element tools, std::uint64_t hash) {
  if (sound_tools_.contains(hash)) return true;
  if (!is_normal_) {
    auto parsed = parse_json(simdjson::minify(tools));
    if (!parsed) return false;
    Json request{{"tools", std::move(*parsed)}};
    Normalised found;
    if (normal::tools(request, found) || !found.repairs.empty()) return false;
  }
  if (sound_tools_.size() >= kMostKnownTools) sound_tools_.clear();
  sound_tools_.insert(hash);
  return true;
}

/// Equal for calls that evaluation takes for equal. Without defaults, and with arguments that were read, the hash of
/// their values is that already.
std::uint64_t PlainExchange::answer_of_calls(Element calls, std::uint64_t plain_hash) {
  const evals::PythonValue& tools = tools_with_defaults();
  if (tools.is_none() && parse_arguments_) return plain_hash;
  return combine(hash64(evals::canonical_calls(tools, evals::read_tool_calls(python_of(calls)))), "calls");
}

/// The request's tools, parsed once for each set of them; null where no schema has a default.
const evals::PythonValue& PlainExchange::tools_with_defaults() {
  static const evals::PythonValue kNone;
  if (tools_hash_ == 0) return kNone;
  if (const auto known = tools_with_defaults_.find(tools_hash_); known != tools_with_defaults_.end()) {
    return known->second;
  }
  if (tools_with_defaults_.size() >= kMostParsedTools) tools_with_defaults_.clear();
  const bool has_default = std::string(simdjson::minify(tools_)).find("\"default\"") != std::string::npos;
  return tools_with_defaults_.emplace(tools_hash_, has_default ? python_of(tools_) : kNone).first->second;
}

bool PlainExchange::read_metadata(Object request) {
  // The more particular first: a session may hold several conversations.
  static constexpr std::array<std::string_view, 10> kNames{
      "conversation_id", "conversationId", "thread_id",           "threadId",          "chat_id", "chatId",
      "session_id",      "sessionId",      "langfuse_session_id", "litellm_session_id"};
  std::array<Object, 2> places;
  std::size_t count = 0;
  if (request["metadata"].get(places[count]) == simdjson::SUCCESS) ++count;
  places[count++] = request;
  for (std::size_t name = 0; name < kNames.size(); ++name) {
    for (std::size_t place = 0; place < count; ++place) {
      Element value;
      if (places[place][kNames[name]].get(value) != simdjson::SUCCESS || value.is_null() || is_empty_text(value))
        continue;
      if (!value.is_string() && !value.is_int64() && !value.is_uint64()) continue;
      // 4711 and "4711" are one.
      std::string_view text;
      const std::string written = value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
      facts_->explicit_id = combine(hash64(written), name / 2) | 1;
      return true;
    }
  }
  return true;
}

bool PlainExchange::read_response(Object response) {
  static constexpr std::array<std::string_view, 5> kNames{"choices", "error", "status_code", "http_status", "status"};
  const Members members(response, kNames);
  if (members.is_repeated() || !members.has(0) || members.has(1)) return false;
  for (std::size_t status = 2; status < kNames.size(); ++status) {
    if (!members.has(status)) continue;
    std::int64_t code = 0;
    if (members[status].type() == element_type::UINT64) return false;  // above all codes
    if (members[status].type() == element_type::INT64 && members[status].get(code) == simdjson::SUCCESS &&
        code >= 400) {
      return false;
    }
  }
  simdjson::dom::array choices;
  if (members[0].get(choices) != simdjson::SUCCESS || choices.size() == 0) return false;
  Object first;
  Object chosen;
  bool has_chosen = false;
  for (const Element element : choices) {
    Object choice;
    Object message;
    if (element.get(choice) != simdjson::SUCCESS || choice["message"].get(message) != simdjson::SUCCESS) return false;
    Element legacy;
    if (message["function_call"].get(legacy) == simdjson::SUCCESS && !legacy.is_null()) return false;
    simdjson::dom::array calls;
    const bool calls_tool = message["tool_calls"].get(calls) == simdjson::SUCCESS && calls.size() > 0;
    if (!has_chosen && calls_tool) {
      chosen = choice;
      has_chosen = true;
    }
  }
  if (choices.at(0).get(first) != simdjson::SUCCESS) return false;
  return read_answer(has_chosen ? chosen : first);
}

bool PlainExchange::read_answer(Object choice) {
  static constexpr std::array<std::string_view, 2> kChoiceNames{"message", "finish_reason"};
  static constexpr std::array<std::string_view, 4> kNames{"content", "tool_calls", "refusal", "audio"};
  const Members parts(choice, kChoiceNames);
  std::string_view finish;
  if (parts.is_repeated() || (!parts.string(1, finish) && !is_normal_)) return false;
  if (!is_normal_ && !finish.empty() && finish != "stop" && finish != "tool_calls" && finish != "function_call")
    return false;
  const Members members(Object(parts[0]), kNames);
  if (members.is_repeated()) return false;
  if (!is_normal_ && (members.has(3) || (members.has(2) && !is_empty_text(members[2])))) return false;
  Turn turn;
  if (members.has(0) && !read_content(members[0], true, turn)) return false;
  if (!is_normal_ && turn.text.find("<think>") != turn.text.npos) return false;
  first_label_.clear();
  if (members.has(1) && !read_calls(members[1], parse_arguments_, turn)) return false;
  if (!turn.calls && turn.text.empty()) return false;
  facts_->kind = turn.calls ? modelops::AnswerKind::kToolCalls : modelops::AnswerKind::kText;
  facts_->label = turn.calls ? first_label_ : "no_tool";
  facts_->answer = turn.calls ? answer_of_calls(members[1], turn.hash) : turn.hash;
  if (user_seen_) {
    facts_->prefixes.push_back({.hash = combine(combine(turns_, "assistant"), turn.hash),
                                .bytes = clamped(bytes_ + turn.bytes),
                                .place = PrefixPlace::kAnswered});
    if (facts_->answers_before == 0 && facts_->prefixes.size() > 1) {
      facts_->prefixes.front().place = PrefixPlace::kQuestion;
    }
  }
  facts_->request_bytes = clamped(bytes_);
  return true;
}

}  // namespace fw::dataset
