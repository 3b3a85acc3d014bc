#include "modelops/openai/event_stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "net/sse.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostCalls = 4096;
constexpr int kDeepest = 256;  // far above any answer's; writing JSON recurses

/// Whether brackets outside of strings nest deeper than kDeepest.
bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string) {
      if (json[i] == '\\')
        ++i;
      else if (json[i] == '"')
        in_string = false;
    } else if (json[i] == '"') {
      in_string = true;
    } else if (json[i] == '{' || json[i] == '[') {
      if (++depth > kDeepest) return true;
    } else if (json[i] == '}' || json[i] == ']') {
      --depth;
    }
  }
  return false;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return "";
  std::string out;
  for (const auto& part : value) {
    if (part.is_object() && part.contains("text") && part["text"].is_string()) out += part["text"].get<std::string>();
  }
  return out;
}

const Json* find(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::string string_at(const Json& object, const char* name) {
  const Json* value = find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// One call of a tool while its pieces come in.
struct Call {
  std::int64_t index = 0;
  std::string id;
  std::string name;
  std::string arguments;

  void add(const Json& piece) {
    if (id.empty()) id = string_at(piece, "id");
    const Json* function = find(piece, "function");
    if (function == nullptr) return;
    // Some servers repeat the name in every piece.
    if (const auto part = string_at(*function, "name"); part != name) name += part;
    if (const Json* more = find(*function, "arguments")) {
      arguments += more->is_string() ? more->get<std::string>() : more->dump();
    }
  }
  [[nodiscard]] Json json() const {
    return {{"id", id.empty() ? "call_" + std::to_string(index) : id},
            {"type", "function"},
            {"function", {{"name", name}, {"arguments", arguments}}}};
  }
};

/// What the chunks of a stream add up to.
class Completion {
 public:
  void add(const Json& chunk) {
    for (const char* name : {"id", "created", "model", "system_fingerprint"}) {
      if (const Json* value = find(chunk, name); value != nullptr && !head_.contains(name)) head_[name] = *value;
    }
    if (const Json* usage = find(chunk, "usage"); usage != nullptr && usage->is_object()) usage_ = *usage;
    const Json* choices = find(chunk, "choices");
    if (choices == nullptr || !choices->is_array()) return;
    for (const auto& choice : *choices) {
      const Json* index = find(choice, "index");
      if (index == nullptr || (index->is_number_integer() && index->get<std::int64_t>() == 0)) add_choice(choice);
    }
  }

  [[nodiscard]] bool is_finished() const { return !finish_reason_.is_null(); }

  [[nodiscard]] std::string text() const {
    Json out = {{"id", ""}, {"object", "chat.completion"}};
    out.update(head_);
    out["choices"] = Json::array({{{"index", 0}, {"message", message()}, {"finish_reason", finish_reason_}}});
    if (!usage_.is_null()) out["usage"] = usage_;
    return out.dump();
  }

 private:
  void add_choice(const Json& choice) {
    if (const Json* reason = find(choice, "finish_reason")) finish_reason_ = *reason;
    if (const Json* delta = find(choice, "delta")) add_delta(*delta);
    if (const Json* whole = find(choice, "message")) add_delta(*whole);
  }

  void add_delta(const Json& delta) {
    if (const Json* content = find(delta, "content")) content_ = content_.value_or("") + text_of(*content);
    for (const char* name : {"refusal", "reasoning_content", "reasoning"}) {
      if (const auto part = string_at(delta, name); !part.empty()) texts_[name] = string_at(texts_, name) + part;
    }
    if (const Json* call = find(delta, "function_call")) {
      legacy_.add({{"function", *call}});
      has_legacy_ = true;
    }
    const Json* calls = find(delta, "tool_calls");
    if (calls == nullptr || !calls->is_array()) return;
    for (const auto& piece : *calls) {
      if (Call* call = call_of(piece)) call->add(piece);
    }
  }

  /// The call that a piece belongs to, by index, else by id; a piece with neither goes on with the last call.
  Call* call_of(const Json& piece) {
    const std::string id = string_at(piece, "id");
    const Json* number = find(piece, "index");
    const bool has_index = number != nullptr && number->is_number_integer();
    const auto is_same = [&](const Call& call) {
      if (has_index && call.index != number->get<std::int64_t>()) return false;
      return has_index || !id.empty() ? id.empty() || call.id.empty() || call.id == id : true;
    };
    const auto last = std::find_if(calls_.rbegin(), calls_.rend(), is_same);
    if (last != calls_.rend()) return &*last;
    if (calls_.size() >= kMostCalls) return nullptr;
    const auto next = static_cast<std::int64_t>(calls_.size());
    calls_.push_back({.index = has_index ? number->get<std::int64_t>() : next});
    return &calls_.back();
  }

  [[nodiscard]] Json message() const {
    Json out = {{"role", "assistant"}, {"content", content_ ? Json(*content_) : Json(nullptr)}};
    out.update(texts_);
    if (has_legacy_) out["function_call"] = legacy_.json()["function"];
    if (calls_.empty()) return out;
    auto calls = calls_;
    std::ranges::stable_sort(calls, {}, &Call::index);
    for (const auto& call : calls) out["tool_calls"].push_back(call.json());
    // A stream says "" before its first call where a whole answer says null.
    if (content_ && content_->empty()) out["content"] = nullptr;
    return out;
  }

  Json head_ = Json::object();
  Json texts_ = Json::object();
  Json usage_;
  Json finish_reason_;
  std::optional<std::string> content_;
  std::vector<Call> calls_;
  Call legacy_;
  bool has_legacy_ = false;
};

Error broken(const std::string& why) { return data_loss("the answer's event stream " + why); }

}  // namespace

bool is_event_stream(const net::Response& response) {
  const auto type = response.headers.find("Content-Type").value_or("");
  if (type.starts_with("text/event-stream")) return true;
  std::string_view body = response.body;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return false;
  body.remove_prefix(start);
  return body.starts_with("data:") || body.starts_with("event:") || body.starts_with(": ");
}

Result<std::string> assemble_completion(std::string_view text) {
  net::SseReader reader(std::size_t{64} << 20);
  FW_ASSIGN(auto events, reader.push(text));
  if (auto last = reader.finish()) events.push_back(std::move(*last));
  Completion completion;
  bool is_done = false;
  for (const auto& event : events) {
    if (event.data.empty()) continue;
    if (event.data == "[DONE]") {
      is_done = true;
      break;
    }
    if (is_too_deep(event.data)) return broken("nests too deep");
    const Json chunk = Json::parse(event.data, nullptr, false);
    if (chunk.is_discarded()) return broken("has an event that is no JSON");
    if (find(chunk, "error") != nullptr) return event.data;
    completion.add(chunk);
  }
  if (!is_done && !completion.is_finished()) return broken("ended before the answer was whole");
  return completion.text();
}

}  // namespace fw::modelops
