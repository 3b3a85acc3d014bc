#include <nlohmann/json.hpp>
#include <utility>

#include "capture/completions/impl/dialect_reader.h"
#include "capture/completions/impl/json_pieces.h"

namespace fw::capture {
namespace {

using Json = nlohmann::ordered_json;

/// The elements of a list, without its brackets.
std::string_view elements_of(std::string_view list) {
  list.remove_prefix(1);
  list.remove_suffix(1);
  const auto begin = std::min(list.find_first_not_of(" \t\r\n"), list.size());
  list.remove_prefix(begin);
  return list.substr(0, list.find_last_not_of(" \t\r\n") + 1);
}

/// The log-probabilities of /v1/completions in the form of chat completions.
Json chat_logprobs(const Json& old) {
  Json out = Json::array();
  const auto at = [&](const char* list, std::size_t i) -> Json {
    const auto found = old.find(list);
    return found != old.end() && found->is_array() && i < found->size() ? (*found)[i] : Json();
  };
  const auto tokens = old.find("tokens");
  for (std::size_t i = 0; tokens != old.end() && tokens->is_array() && i < tokens->size(); ++i) {
    Json top = Json::array();
    const Json others = at("top_logprobs", i);
    for (const auto& [token, logprob] : others.items()) {
      if (others.is_object()) top.push_back({{"token", token}, {"logprob", logprob}});
    }
    out.push_back({{"token", (*tokens)[i]}, {"logprob", at("token_logprobs", i)}, {"top_logprobs", std::move(top)}});
  }
  return out;
}

/// The chunks of /v1/chat/completions and of /v1/completions, as OpenAI and the many servers after it write them. A
/// whole completion within an event is read too.
class ChatReader final : public DialectReader {
 public:
  void read(const net::SseEvent& event, Answer& answer) override {
    if (event.data.empty()) return;
    if (event.data == "[DONE]") return answer.set_done();
    answer_ = &answer;
    is_right_ = true;
    is_error_ = event.event == "error";
    ParsedEvent parsed(event.data);
    auto chunk = parsed.object();
    is_right_ &= chunk && for_each_member(*chunk, [&](auto key, auto value) { read_member(key, value); });
    if (is_error_ && !answer.has_error()) answer.set_error(error_of(event.data));
    if (!is_right_) answer.note("an event of the stream is no JSON");
  }

 private:
  static std::string error_of(const std::string& data) {
    if (is_whole_json(data)) return data;
    return Json{{"message", data}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  void read_member(std::string_view key, ondemand::value value) {
    if (key == "choices") {
      if (!is_null(value)) is_right_ &= for_each_object(value, [&](ondemand::object one) { read_choice(one); });
    } else if (key == "id" || key == "model") {
      if (answer_->get(key) != nullptr) return;
      // Some servers leave both empty where a chunk has no choices.
      const auto text = inside_of(value);
      if (text && !text->empty()) answer_->set_first(key, '"' + std::string(*text) + '"');
    } else if (key == "created") {
      const auto time = answer_->get(key) == nullptr ? integer_of(value) : std::nullopt;
      if (time.value_or(0) != 0) answer_->set_first(key, std::to_string(*time));
    } else if (key == "error") {
      if (const auto raw = whole_of(value)) answer_->set_error(*raw);
    } else if (key == "object") {
      is_error_ |= inside_of(value) == "error";
    } else if (key != "obfuscation") {  // padding against those who watch lengths
      keep_last(key, value);
    }
  }

  void keep_last(std::string_view key, ondemand::value value) {
    const auto raw = raw_of(value);
    if (!raw || (key == "usage" && raw->front() != '{')) return;
    const std::string name = escaped(key);
    const std::string* known = answer_->get(name);
    if (known != nullptr && *known == *raw) return;  // most are the same in every chunk
    if (is_whole_json(*raw)) answer_->set_last(name, *raw);
  }

  void read_choice(ondemand::object one) {
    index_ = 0;
    ondemand::value number;
    const auto found = one.find_field_unordered("index").get(number);
    if (found == simdjson::SUCCESS) index_ = integer_of(number).value_or(0);
    bool ignored = false;
    // After an error the parser is no more to be asked.
    const bool is_whole = found == simdjson::SUCCESS || found == simdjson::NO_SUCH_FIELD;
    if (!is_whole || one.reset().get(ignored) != simdjson::SUCCESS) {
      is_right_ = false;
      return;
    }
    is_right_ &= for_each_member(one, [&](auto key, auto value) { read_choice_member(key, value); });
  }

  void read_choice_member(std::string_view key, ondemand::value value) {
    if (key == "index" || is_null(value)) return;
    ondemand::object delta;
    if (key == "delta" || key == "message") {
      if (value.get_object().get(delta) != simdjson::SUCCESS) return;
      is_right_ &= for_each_member(delta, [&](auto name, auto part) { read_delta(name, part); });
    } else if (key == "text") {
      if (const auto text = inside_of(value)) answer_->add_text(index_, Answer::Text::kContent, *text);
    } else if (key == "finish_reason") {
      const auto reason = inside_of(value);
      if (reason && !reason->empty()) answer_->set_finish_reason(index_, '"' + std::string(*reason) + '"');
    } else if (key == "logprobs") {
      read_logprobs(value);
    } else if (const auto raw = whole_of(value)) {
      answer_->set_of_choice(index_, escaped(key), *raw);
    }
  }

  void read_logprobs(ondemand::value value) {
    const auto raw = whole_of(value);
    if (!raw || raw->front() != '{') return;
    const Json logprobs = Json::parse(*raw);
    if (logprobs.contains("tokens")) {
      return answer_->add_logprobs(index_, false, elements_of(chat_logprobs(logprobs).dump()));
    }
    for (const char* name : {"content", "refusal"}) {
      const auto list = logprobs.find(name);
      if (list == logprobs.end() || !list->is_array()) continue;
      answer_->add_logprobs(index_, *name == 'r', elements_of(list->dump()));
    }
  }

  void read_delta(std::string_view key, ondemand::value value) {
    if (key == "role" || is_null(value)) return;
    if (key == "content") {
      read_content(value);
    } else if (key == "refusal") {
      read_text(Answer::Text::kRefusal, value);
    } else if (key == "reasoning_content") {
      read_text(Answer::Text::kReasoningContent, value);
    } else if (key == "reasoning") {
      read_text(Answer::Text::kReasoning, value);
    } else if (key == "tool_calls") {
      is_right_ &= for_each_object(value, [&](ondemand::object piece) { read_call(piece); });
    } else if (key == "function_call") {
      read_legacy_call(value);
    } else if (const auto raw = whole_of(value)) {
      answer_->merge_into_message(index_, key, *raw);
    }
  }

  void read_text(Answer::Text kind, ondemand::value value) {
    if (const auto text = inside_of(value))
      answer_->add_text(index_, kind, *text);
    else
      answer_->note("a text of the stream is none");
  }

  /// Content is a text, or a list of parts: texts, and what a model thought.
  void read_content(ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return;
    if (type != ondemand::json_type::array) return read_text(Answer::Text::kContent, value);
    const auto raw = whole_of(value);
    if (!raw) return;
    for (const Json& part : Json::parse(*raw)) read_part(part, Answer::Text::kContent);
  }

  void read_part(const Json& part, Answer::Text kind) {
    if (!part.is_object()) return;
    if (const auto text = part.find("text"); text != part.end() && text->is_string()) {
      answer_->add_text(index_, kind, escaped(text->get_ref<const std::string&>()));
    } else if (const auto thought = part.find("thinking"); thought != part.end()) {
      for (const Json& one : *thought) read_part(one, Answer::Text::kReasoningContent);
    } else {
      answer_->note("a part of the content is neither text nor thinking, and was left out");
    }
  }

  struct Function {
    std::string_view name;
    std::string_view arguments;
    std::string of_object;  ///< holds the arguments' text where a server sends them as an object
  };

  void read_function(ondemand::value value, Function& out) {
    ondemand::object function;
    if (value.get_object().get(function) != simdjson::SUCCESS) return;
    is_right_ &= for_each_member(function, [&](std::string_view key, ondemand::value part) {
      if (key == "name") {
        out.name = inside_of(part).value_or("");
      } else if ((key == "arguments" || key == "input") && !is_null(part)) {
        if (const auto text = inside_of(part)) {
          out.arguments = *text;
        } else if (const auto raw = whole_of(part)) {
          out.of_object = escaped(*raw);
          out.arguments = out.of_object;
        }
      }
    });
  }

  void read_call(ondemand::object object) {
    Answer::CallPiece piece;
    Function function;
    std::vector<std::pair<std::string, std::string_view>> rest;
    is_right_ &= for_each_member(object, [&](std::string_view key, ondemand::value value) {
      if (key == "index") {
        piece.index = integer_of(value);
      } else if (key == "id") {
        piece.id = inside_of(value).value_or("");
      } else if (key == "function" || key == "custom") {
        read_function(value, function);
        piece.is_custom = key == "custom";
      } else if (key != "type") {
        if (const auto raw = whole_of(value)) rest.emplace_back(escaped(key), *raw);
      }
    });
    piece.name = function.name;
    piece.arguments = function.arguments;
    answer_->add_call(index_, piece);
    for (const auto& [name, raw] : rest) answer_->set_of_call(index_, piece, name, raw);
  }

  void read_legacy_call(ondemand::value value) {
    Function function;
    read_function(value, function);
    answer_->add_legacy_call(index_, function.name, function.arguments);
  }

  Answer* answer_ = nullptr;
  std::int64_t index_ = 0;  ///< of the choice that is read
  bool is_right_ = true;
  bool is_error_ = false;
};

}  // namespace

std::unique_ptr<DialectReader> chat_reader() { return std::make_unique<ChatReader>(); }

}  // namespace fw::capture
