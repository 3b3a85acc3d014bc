#include <algorithm>
#include <vector>

#include "capture/completions/impl/dialect_reader.h"
#include "capture/completions/impl/forms.h"
#include "capture/completions/impl/json_pieces.h"
#include "capture/formats/impl/chat_shape.h"

/// The event stream of Anthropic's /v1/messages.
namespace fw::capture {
namespace {

class MessagesReader final : public DialectReader {
 public:
  void read(const net::SseEvent& event, Answer& answer) override {
    answer.set_dialect("messages");
    if (event.data.empty() || event.data == "[DONE]" || read_delta(event.data, answer)) return;
    if (!is_whole_json(event.data)) return answer.note("an event of the stream is no JSON");
    read_other(Json::parse(event.data), answer);
  }

 private:
  struct Delta {
    std::string_view type;
    std::string_view text;
  };

  /// The events that a stream is made of, read without a tree: false for all others.
  bool read_delta(std::string_view data, Answer& answer) {
    ParsedEvent parsed(data);
    auto event = parsed.object();
    if (!event) return false;
    bool is_delta = false;
    std::int64_t index = 0;
    Delta delta;
    const bool is_right = for_each_member(*event, [&](std::string_view key, ondemand::value value) {
      if (key == "type")
        is_delta = inside_of(value) == "content_block_delta";
      else if (key == "index")
        index = integer_of(value).value_or(0);
      else if (key == "delta")
        read_inner(value, delta);
    });
    if (!is_right || !is_delta) return false;
    if (std::ranges::find(unmapped_, index) != unmapped_.end()) return true;
    if (delta.type == "text_delta") {
      answer.add_text(0, Answer::Text::kContent, delta.text);
    } else if (delta.type == "thinking_delta") {
      answer.add_text(0, Answer::Text::kReasoningContent, delta.text);
    } else if (delta.type == "input_json_delta") {
      answer.add_call(0, {.index = index, .arguments = delta.text});
    } else {
      return false;
    }
    return true;
  }

  static void read_inner(ondemand::value value, Delta& out) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return;
    (void)for_each_member(object, [&](std::string_view key, ondemand::value part) {
      if (key == "type")
        out.type = inside_of(part).value_or("");
      else if (key == "text" || key == "thinking" || key == "partial_json")
        out.text = inside_of(part).value_or("");
    });
  }

  void read_other(const Json& event, Answer& answer) {
    const std::string type = text_at(event, "type");
    const Json* delta = find(event, "delta");
    if (type == "message_start") {
      if (const Json* message = find(event, "message")) read_message_head(*message, answer);
    } else if (type == "content_block_start") {
      start_block(event, answer);
    } else if (type == "content_block_delta" && delta != nullptr) {
      read_rare_delta(*delta, index_of(event), answer);
    } else if (type == "message_delta") {
      if (delta != nullptr) read_message_end(*delta, answer);
      read_message_end({{"usage", event.value("usage", Json())}}, answer);
    } else if (type == "message_stop") {
      answer.set_done();
    } else if (const Json* error = find(event, "error")) {
      answer.set_error(to_text(*error));
    }
  }

  static std::int64_t index_of(const Json& event) {
    const Json* index = find(event, "index");
    return index != nullptr && index->is_number_integer() ? index->get<std::int64_t>() : 0;
  }

  void start_block(const Json& event, Answer& answer) {
    const Json* block = find(event, "content_block");
    if (block == nullptr) return;
    const std::string type = text_at(*block, "type");
    const bool is_known = type == "text" || type == "thinking" || type == "redacted_thinking" || type == "tool_use";
    constexpr std::size_t kMostUnmapped = 256;
    if (!is_known && unmapped_.size() < kMostUnmapped) unmapped_.push_back(index_of(event));
    read_message_block(*block, index_of(event), answer);
  }

  static void read_rare_delta(const Json& delta, std::int64_t index, Answer& answer) {
    const std::string type = text_at(delta, "type");
    if (type == "signature_delta") {
      read_message_block({{"type", "thinking"}, {"signature", text_at(delta, "signature")}}, index, answer);
    } else if (const Json* citation = find(delta, "citation"); type == "citations_delta" && citation != nullptr) {
      answer.merge_into_message(0, "citations", to_text(Json::array({*citation})));
    } else {
      answer.note_unmapped("a delta of type " + type);
    }
  }

  std::vector<std::int64_t> unmapped_;  ///< indexes of blocks that have no place in a chat completion
};

}  // namespace

std::unique_ptr<DialectReader> messages_reader() { return std::make_unique<MessagesReader>(); }

}  // namespace fw::capture
