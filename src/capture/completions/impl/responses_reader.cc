#include <algorithm>
#include <optional>
#include <vector>

#include "capture/completions/impl/dialect_reader.h"
#include "capture/completions/impl/forms.h"
#include "capture/completions/impl/json_pieces.h"
#include "capture/formats/impl/chat_shape.h"

/// The event stream of OpenAI's /v1/responses. Its last event tells the answer as a whole, and counts; the deltas are
/// for streams that end before it, or whose last event has no output.
namespace fw::capture {
namespace {

class ResponsesReader final : public DialectReader {
 public:
  void read(const net::SseEvent& event, Answer& answer) override {
    answer.set_dialect("responses");
    if (event.data.empty() || event.data == "[DONE]" || read_delta(event.data, answer)) return;
    if (!is_whole_json(event.data)) return answer.note("an event of the stream is no JSON");
    read_other(Json::parse(event.data), answer);
  }

 private:
  /// An item of the output, as the events name it: by its place, by its id, or as the one that came last.
  struct Item {
    std::optional<std::int64_t> place;
    std::string id;
    std::int64_t number = 0;  ///< ours
    bool has_pieces = false;
  };
  struct Delta {
    std::string_view type;
    std::string_view text;
    std::string_view item_id;
    std::optional<std::int64_t> place;
  };

  static std::optional<Answer::Text> kind_of(std::string_view type) {
    if (type == "response.output_text.delta") return Answer::Text::kContent;
    if (type == "response.refusal.delta") return Answer::Text::kRefusal;
    if (type == "response.reasoning_text.delta") return Answer::Text::kReasoningContent;
    if (type == "response.reasoning_summary_text.delta") return Answer::Text::kReasoningContent;
    return std::nullopt;
  }

  static bool is_of_call(std::string_view type) {
    return type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta";
  }

  /// The events that a stream is made of, read without a tree: false for all others.
  bool read_delta(std::string_view data, Answer& answer) {
    ParsedEvent parsed(data);
    auto event = parsed.object();
    if (!event) return false;
    Delta delta;
    const bool is_right = for_each_member(*event, [&](std::string_view key, ondemand::value value) {
      if (key == "type")
        delta.type = inside_of(value).value_or("");
      else if (key == "delta")
        delta.text = inside_of(value).value_or("");
      else if (key == "item_id")
        delta.item_id = inside_of(value).value_or("");
      else if (key == "output_index")
        delta.place = integer_of(value);
    });
    const auto kind = kind_of(delta.type);
    if (!is_right || (!kind && !is_of_call(delta.type))) return false;
    Item& item = item_of(delta.place, delta.item_id);
    item.has_pieces = true;
    if (kind)
      answer.add_text(0, *kind, delta.text);
    else
      answer.add_call(0, {.index = item.number, .arguments = delta.text, .is_custom = delta.type[9] == 'c'});
    return true;
  }

  Item& item_of(std::optional<std::int64_t> place, std::string_view id) {
    const auto is_it = [&](const Item& item) { return place ? item.place == place : !id.empty() && item.id == id; };
    const auto found = std::find_if(items_.rbegin(), items_.rend(), is_it);
    if (found != items_.rend()) return *found;
    constexpr std::size_t kMostItems = 4096;
    const bool is_another = place || !id.empty() || items_.empty();
    if (!is_another || items_.size() == kMostItems) return items_.back();
    return new_item(place, id);
  }

  Item& new_item(std::optional<std::int64_t> place, std::string_view id) {
    const auto number = static_cast<std::int64_t>(items_.size());
    return items_.emplace_back(Item{.place = place, .id = std::string(id.substr(0, 256)), .number = number});
  }

  void read_other(const Json& event, Answer& answer) {
    const std::string type = text_at(event, "type");
    const Json* response = find(event, "response");
    if (type == "response.output_item.added" || type == "response.output_item.done") {
      if (const Json* item = find(event, "item")) read_item(event, *item, type.ends_with("done"), answer);
    } else if (type.ends_with(".done")) {
      read_done(event, type, answer);
    } else if (type == "error") {
      const Json* error = find(event, "error");
      answer.set_error(to_text(error != nullptr ? *error : event));
    } else if (response != nullptr) {
      read_response(*response, type, answer);
    }
  }

  static std::optional<std::int64_t> place_of(const Json& event) {
    const Json* place = find(event, "output_index");
    return place != nullptr && place->is_number_integer() ? std::optional(place->get<std::int64_t>()) : std::nullopt;
  }

  void read_item(const Json& event, const Json& item, bool is_done, Answer& answer) {
    const auto place = place_of(event);
    const std::string id = text_at(item, "id");
    const std::string type = text_at(item, "type");
    const bool is_call = type == "function_call" || type == "custom_tool_call";
    if (!is_done) {
      if (items_.size() < 4096) new_item(place, id);
      if (is_call) read_response_item(item, items_.back().number, answer);
      return;
    }
    Item& known = item_of(place, id);
    if (!is_call) {
      if (!std::exchange(known.has_pieces, true)) read_response_item(item, known.number, answer);
      return;
    }
    Json head = item;
    const char* const text = type.front() == 'c' ? "input" : "arguments";
    head[text] = "";
    read_response_item(head, known.number, answer);  // its name and id, where no event has told them
    answer.complete_arguments(0, known.number, escaped(text_at(item, text)));
  }

  /// Some servers send a text or arguments in the last event of an item alone.
  void read_done(const Json& event, const std::string& type, Answer& answer) {
    const bool is_arguments = type == "response.function_call_arguments.done";
    if (is_arguments || type == "response.custom_tool_call_input.done") {
      Item& item = item_of(place_of(event), text_at(event, "item_id"));
      answer.complete_arguments(0, item.number, escaped(text_at(event, is_arguments ? "arguments" : "input")));
    } else if (type == "response.output_text.done" || type == "response.refusal.done" ||
               type == "response.reasoning_text.done" || type == "response.reasoning_summary_text.done") {
      Item& item = item_of(place_of(event), text_at(event, "item_id"));
      if (std::exchange(item.has_pieces, true)) return;
      const bool is_refusal = type == "response.refusal.done";
      const auto kind = kind_of(type.substr(0, type.size() - 4) + "delta");
      answer.add_text(0, *kind, escaped(text_at(event, is_refusal ? "refusal" : "text")));
    }
  }

  void read_response(const Json& response, const std::string& type, Answer& answer) {
    read_response_head(response, answer);
    const bool is_last = type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
                         type == "response.cancelled";
    if (!is_last) return;
    const Json* output = find(response, "output");
    if (output != nullptr && output->is_array() && !output->empty()) {
      answer.begin_again();
      std::int64_t number = 0;
      for (const Json& item : *output) read_response_item(item, number++, answer);
    }
    Json end = response;
    if (text_at(end, "status").empty()) end["status"] = type.substr(9);
    read_response_end(end, answer);
    if (type != "response.cancelled") answer.set_done();
  }

  std::vector<Item> items_;
};

}  // namespace

std::unique_ptr<DialectReader> responses_reader() { return std::make_unique<ResponsesReader>(); }

}  // namespace fw::capture
