#include <algorithm>
#include <array>
#include <vector>

#include "dataset/impl/chat.h"
#include "dataset/impl/normalise_parts.h"
#include "dataset/reasons.h"

namespace fw::dataset::normal {
namespace {

constexpr std::size_t kMostNameBytes = 64;

using Name = std::pair<std::string_view, std::string_view>;
constexpr std::array kRoles{"system", "developer", "user", "assistant", "tool"};
/// What frameworks call them; `function` is the older API's.
constexpr std::array kOtherNames{Name{"human", "user"},      Name{"ai", "assistant"},  Name{"bot", "assistant"},
                                 Name{"model", "assistant"}, Name{"gpt", "assistant"}, Name{"function", "tool"}};

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// `Jane Doe` as `Jane_Doe`: one underscore for each character that servers refuse. Empty where nothing else is left.
std::string in_plain_characters(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool continues_character = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (!continues_character) out += is_name_byte(c) ? c : '_';
  }
  out.resize(std::min(out.size(), kMostNameBytes));
  return out.find_first_not_of("_-") == std::string::npos ? "" : out;
}

class Messages {
 public:
  explicit Messages(Normalised& out) : out_(out) {}

  Defect run(Json& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (Defect defect = role(messages[i])) return defect;
      if (!has_role(messages[i], "tool")) i += fill_in_results(messages, i);
      Json& message = messages[i];
      name(message);
      if (Defect defect = content(message)) return defect;
      if (has_role(message, "assistant")) {
        Calls calls(out_, true, true, "call_" + std::to_string(i) + '_');
        if (Defect defect = calls.normalise(message)) return defect;
        note_calls(message);
      } else if (has_role(message, "tool")) {
        if (Defect defect = answered_call(message)) return defect;
      }
    }
    if (has_role(messages.back(), "assistant")) return reasons::kAssistantLast;
    fill_in_results(messages, messages.size());
    return std::nullopt;
  }

 private:
  Defect role(Json& message) {
    const std::string role = string_member(message, "role");
    if (role.empty()) return reasons::kMessageMalformed;
    if (std::ranges::find(kRoles, role) != kRoles.end()) return std::nullopt;
    const auto other = std::ranges::find(kOtherNames, std::string_view(role), &Name::first);
    if (other == kOtherNames.end()) return reasons::kRoleUnknown;
    message["role"] = std::string(other->second);
    out_.repairs.insert(role == "function" ? repairs::kLegacyCalls : repairs::kRole);
    return std::nullopt;
  }

  /// A tool's is the name of its function, which goes as the calls do.
  void name(Json& message) {
    const Json* held = member(message, "name");
    if (held == nullptr || has_role(message, "tool")) return;
    if (held->is_string() && is_plain_name(held->get_ref<const std::string&>())) return;
    std::string plain = held->is_string() ? in_plain_characters(held->get_ref<const std::string&>()) : "";
    if (plain.empty()) {
      message.erase("name");
    } else {
      message["name"] = std::move(plain);
    }
    out_.repairs.insert(repairs::kName);
  }

  Defect content(Json& message) {
    const Json* content = member(message, "content");
    const bool is_tool = has_role(message, "tool");
    if (content == nullptr) {
      if (has_role(message, "assistant")) return std::nullopt;
      if (!is_tool) return reasons::kMessageMalformed;
    }
    switch (join_parts(message, out_)) {
      case Content::kMedia: return reasons::kMedia;
      case Content::kText:
      case Content::kRefusal:
        if (content != nullptr && message["content"].is_string()) return std::nullopt;
        break;
      case Content::kUnreadable: break;
    }
    if (!is_tool) return reasons::kMessageMalformed;
    message["content"] = content == nullptr ? "" : to_line(*content);
    out_.repairs.insert(repairs::kToolContent);
    return std::nullopt;
  }

  /// Hosted servers refuse a conversation in which a call has no result (the agent was interrupted, or handed over).
  /// Puts empty results in front of message `at` for the calls that still wait; says how many.
  std::size_t fill_in_results(Json& messages, std::size_t at) {
    const auto comes_late = [&](const std::string& id) {
      for (std::size_t i = at; i < messages.size(); ++i)
        if (string_member(messages[i], "tool_call_id") == id) return true;
      return false;
    };
    std::erase_if(waiting_, comes_late);
    const std::size_t count = waiting_.size();
    for (std::size_t i = 0; i < count; ++i) {
      messages.insert(messages.begin() + static_cast<std::ptrdiff_t>(at + i),
                      Json{{"role", "tool"}, {"tool_call_id", waiting_[i]}, {"content", ""}});
    }
    if (count > 0) out_.repairs.insert(repairs::kResultMissing);
    waiting_.clear();
    return count;
  }

  void note_calls(const Json& message) {
    const Json* calls = tool_calls_of(message);
    if (calls == nullptr) return;
    waiting_.clear();
    for (const Json& call : *calls) {
      waiting_.push_back(string_member(call, "id"));
      known_.push_back(waiting_.back());
    }
  }

  /// Which call the message answers. One without an id, or the only answer to the only call, is clear.
  Defect answered_call(Json& message) {
    const std::string id = string_member(message, "tool_call_id");
    const auto waiting = std::ranges::find(waiting_, id);
    if (waiting != waiting_.end()) {
      waiting_.erase(waiting);
      return std::nullopt;
    }
    if (!id.empty() && std::ranges::find(known_, id) != known_.end()) return std::nullopt;
    if (waiting_.empty() || (!id.empty() && waiting_.size() > 1)) return reasons::kToolWithoutCall;
    message["tool_call_id"] = waiting_.front();
    waiting_.erase(waiting_.begin());
    out_.repairs.insert(repairs::kCallId);
    return std::nullopt;
  }

  Normalised& out_;
  std::vector<std::string> waiting_;  // ids of the last calls that have no answer yet
  std::vector<std::string> known_;
};

bool is_media(const Json& part) {
  const std::string& type = string_member(part, "type");
  if (type.find("image") != std::string::npos || type.find("audio") != std::string::npos ||
      type.find("video") != std::string::npos || type.find("file") != std::string::npos) {
    return true;
  }
  return member(part, "image_url") != nullptr || member(part, "input_audio") != nullptr;
}

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, is_name_byte);
}

Content join_parts(Json& message, Normalised& out) {
  const auto content = message.find("content");
  if (content == message.end() || content->is_null() || content->is_string()) return Content::kText;
  if (!content->is_array()) return Content::kUnreadable;
  if (std::ranges::any_of(*content, is_media)) return Content::kMedia;
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const Json& part = (*content)[i];
    if (string_member(part, "type") == "refusal") return Content::kRefusal;
    if (!part.is_string() && (!part.is_object() || !part.contains("text") || !part["text"].is_string())) {
      return Content::kUnreadable;
    }
    if (i > 0) text += '\n';
    text += part.is_string() ? part.get<std::string>() : part["text"].get<std::string>();
  }
  *content = std::move(text);
  out.repairs.insert(repairs::kContentParts);
  return Content::kText;
}

Defect messages(Json& request, Normalised& out) {
  const auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array()) return reasons::kMessagesMissing;
  if (messages->empty()) return reasons::kMessagesEmpty;
  return Messages(out).run(*messages);
}

}  // namespace fw::dataset::normal
