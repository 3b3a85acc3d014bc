#include <algorithm>
#include <array>

#include "capture/completions/impl/escaped.h"
#include "capture/completions/impl/forms.h"
#include "capture/formats/impl/chat_shape.h"

/// Answers of Anthropic's /v1/messages: a list of blocks.
namespace fw::capture {
namespace {

struct StopReason {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array<StopReason, 7> kStopReasons{{{"end_turn", "stop"},
                                                  {"stop_sequence", "stop"},
                                                  {"pause_turn", "stop"},
                                                  {"max_tokens", "length"},
                                                  {"model_context_window_exceeded", "length"},
                                                  {"tool_use", "tool_calls"},
                                                  {"refusal", "content_filter"}}};

void add_text(Answer& answer, Answer::Text kind, const Json& block, const char* name) {
  answer.add_text(0, kind, escaped(text_at(block, name)));
}

/// What a thinking block has beside its text, in the list that other servers of thinking models fill.
void keep_reasoning_detail(Answer& answer, std::int64_t index, const char* type, const char* name, const Json& block) {
  const std::string value = text_at(block, name);
  if (value.empty()) return;
  answer.merge_into_message(0, "reasoning_details",
                            to_text(Json::array({{{"type", type}, {"index", index}, {name, value}}})));
}

void read_tool_use(const Json& block, std::int64_t index, Answer& answer) {
  const std::string id = escaped(text_at(block, "id"));
  const std::string name = escaped(text_at(block, "name"));
  const Json* input = find(block, "input");
  const std::string arguments = input == nullptr ? "{}" : escaped(to_text(*input));
  answer.add_call(0, {.index = index, .id = id, .name = name, .arguments = arguments});
}

/// Tokens; of a number that cannot be one as many as can, so that a sum of them is a number too.
std::uint64_t count_at(const Json& usage, const char* name) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  const Json* value = find(usage, name);
  return value != nullptr && value->is_number_unsigned() ? std::min(value->get<std::uint64_t>(), kMost) : 0;
}

}  // namespace

void read_message_head(const Json& message, Answer& answer) {
  for (const char* name : {"id", "model"}) {
    if (const auto text = text_at(message, name); !text.empty()) answer.set_first(name, json_string(text));
  }
  if (const Json* content = find(message, "content"); content != nullptr && content->is_array()) {
    std::int64_t index = 0;
    for (const Json& block : *content) read_message_block(block, index++, answer);
  }
  read_message_end(message, answer);
}

void read_message_block(const Json& block, std::int64_t index, Answer& answer) {
  const std::string type = text_at(block, "type");
  if (type == "text") {
    add_text(answer, Answer::Text::kContent, block, "text");
    const Json* citations = find(block, "citations");
    if (citations != nullptr && citations->is_array() && !citations->empty()) {
      answer.merge_into_message(0, "citations", to_text(*citations));
    }
  } else if (type == "thinking") {
    add_text(answer, Answer::Text::kReasoningContent, block, "thinking");
    keep_reasoning_detail(answer, index, "reasoning.text", "signature", block);
  } else if (type == "redacted_thinking") {
    keep_reasoning_detail(answer, index, "reasoning.encrypted", "data", block);
  } else if (type == "tool_use") {
    read_tool_use(block, index, answer);
  } else {
    answer.note_unmapped("a block of type " + (type.empty() ? "none" : type));
  }
}

void read_message_end(const Json& end, Answer& answer) {
  const std::string reason = text_at(end, "stop_reason");
  if (!reason.empty()) {
    const auto known = std::ranges::find(kStopReasons, reason, &StopReason::theirs);
    answer.set_finish_reason(0, json_string(known == kStopReasons.end() ? reason : known->ours));
    answer.set_of_choice(0, "native_finish_reason", json_string(reason));
  }
  if (const auto sequence = text_at(end, "stop_sequence"); !sequence.empty()) {
    answer.set_of_choice(0, "stop_reason", json_string(sequence));
  }
  const Json* usage = find(end, "usage");
  if (usage == nullptr || !usage->is_object()) return;
  // The end of a stream may count the output alone; what the beginning counted stays.
  const std::string* known = answer.get("native_usage");
  Json all = known == nullptr ? Json::object() : Json::parse(*known);
  for (const auto& [name, value] : usage->items()) {
    if (!value.is_null()) all[name] = value;
  }
  answer.set_last("native_usage", to_text(all));
  const auto cached = count_at(all, "cache_read_input_tokens");
  const auto prompt = count_at(all, "input_tokens") + count_at(all, "cache_creation_input_tokens") + cached;
  const auto completion = count_at(all, "output_tokens");
  answer.set_last("usage", to_text({{"prompt_tokens", prompt},
                                    {"completion_tokens", completion},
                                    {"total_tokens", prompt + completion},
                                    {"prompt_tokens_details", {{"cached_tokens", cached}}}}));
}

}  // namespace fw::capture
