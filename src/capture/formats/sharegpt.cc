#include <algorithm>
#include <array>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// ShareGPT rows: `{"conversations": [{"from": "human", "value": ...}, {"from": "gpt", ...}], "system"?, "tools"?}`,
/// with `function_call` and `observation` turns where tools are called. Some writers keep `role` and `content`, some
/// write pairs or bare texts that take turns.
namespace fw::capture {
namespace {

constexpr std::array kKeys{"conversations", "conversation", "dialogue", "dialog", "turns", "chat", "items"};

/// UltraChat's rows: `{"id", "data": ["question", "answer", ...]}`.
bool has_texts_in_turn(const Document& document) {
  const codec::JsonMember* data = document.find("data");
  if (data == nullptr || data->kind != codec::JsonKind::kArray) return false;
  const auto first = data->raw.find_first_not_of(" \t\r\n", 1);
  return data->raw[first] == '"';
}

bool recognises(const Document& document, codec::JsonSlicer&) {
  if (has_texts_in_turn(document)) return true;
  return std::ranges::any_of(kKeys, [&](const char* key) {
    const codec::JsonMember* list = document.find(key);
    const bool is_own_name = std::string_view(key).starts_with("conversation");
    return list != nullptr && (is_own_name || list->kind == codec::JsonKind::kArray);
  });
}

const Json& turns_of(const Json& row) {
  return *find_any(row, {"conversations", "conversation", "dialogue", "dialog", "turns", "chat", "items", "data"});
}

/// Turns as pairs, `{"human", "assistant"}` and the like, and as texts that take turns.
Json turns_one_by_one(const Json& turns) {
  Json out = Json::array();
  for (const Json& turn : turns) {
    const Json* question = find_any(turn, {"human", "user", "input"});
    const Json* answer = find_any(turn, {"assistant", "gpt", "bot", "output"});
    if (turn.is_string()) {
      out.push_back({{"role", out.size() % 2 == 0 ? "user" : "assistant"}, {"content", turn}});
    } else if (question != nullptr && answer != nullptr) {
      const Json* system = find(turn, "system");
      if (out.empty() && system != nullptr && *system != "") out.push_back({{"role", "system"}, {"content", *system}});
      out.push_back({{"role", "user"}, {"content", *question}});
      out.push_back({{"role", "assistant"}, {"content", *answer}});
    } else {
      out.push_back(turn);
    }
  }
  return out;
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  const Json turns = unquoted(turns_of(row));
  if (!turns.is_array()) return invalid_argument("conversations is not a list");
  if (find(row, "chosen") != nullptr && find(row, "rejected") != nullptr)
    return invalid_argument("a pair of a chosen and a rejected answer; give the chosen one as the last turn");
  Json written = turns_one_by_one(turns);
  if (const Json* system = find(row, "system"); system != nullptr && !system->empty()) {
    written.insert(written.begin(), Json{{"role", "system"}, {"content", *system}});
  }
  auto messages = chat_messages(written);
  if (!messages.ok()) return invalid_argument("conversations holds a turn that is no message");
  FW_ASSIGN(Draft draft, draft_of_conversation(std::move(messages).value(), chat_tools(row)));
  draft.timestamp = time_at(row, {"timestamp", "created_at"});
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kShareGpt{.name = "ShareGPT conversation", .recognises = recognises, .read = read};

}  // namespace fw::capture
