#include "runs/impl/prompt_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "evals/json_text.h"

namespace fw::runs {
namespace {

using Json = nlohmann::ordered_json;

/// The lines of a file, without their ends.
class Lines final {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::string_view next() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }
  [[nodiscard]] bool is_over() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string_view member(std::string_view object, std::string_view name) {
  std::string_view value;
  for (const evals::JsonMember& one : evals::json_members(object))
    if (one.name == name) value = one.value;
  return value;
}

/// The object with this member's value in the place of its own.
std::string with_member(std::string_view object, std::string_view name, const std::string& value) {
  std::string out;
  for (const evals::JsonMember& one : evals::json_members(object)) {
    out += (out.empty() ? "{" : ",") + evals::json_quoted(one.name) + ":";
    out += one.name == name ? std::string_view(value) : one.value;
  }
  return out + "}";
}

bool is_system(const Json& message) {
  const std::string role = message.value("role", "");
  return role == "system" || role == "developer";
}

std::string text_of(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end()) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  for (const Json& part : *content)
    if (part.is_object()) text += part.value("text", "");
  return text;
}

/// What the first message says before the row's own text: the examples.
std::string examples_of(const Json& messages, const Json& plain) {
  if (messages == plain || messages.empty() || !is_system(messages.front())) return {};
  std::string said = text_of(messages.front());
  const std::string own = !plain.empty() && is_system(plain.front()) ? text_of(plain.front()) : "";
  if (said.ends_with(own)) said.resize(said.size() - own.size());
  while (said.ends_with('\n')) said.pop_back();
  return said;
}

std::string messages_with(const std::string& prompt, Json messages, const Json& plain) {
  const std::string examples = examples_of(messages, plain);
  const std::string role = !messages.empty() && is_system(messages.front()) ? messages.front()["role"] : "system";
  const auto first = std::ranges::find_if_not(messages, is_system);
  messages.erase(messages.begin(), first);
  messages.insert(messages.begin(),
                  Json{{"role", role}, {"content", examples.empty() ? prompt : examples + "\n\n" + prompt}});
  return messages.dump();
}

}  // namespace

Result<std::string> with_system_prompt(std::string_view rows, std::string_view plain, const std::string& prompt) {
  std::string out;
  Lines lines(rows), plain_lines(plain);
  while (!lines.is_over()) {
    const std::string_view line = lines.next(), plain_line = plain_lines.next();
    try {
      if (!Json::accept(line) || Json::parse(line).at("record_id") != Json::parse(plain_line).at("record_id"))
        return data_loss("the rows with examples are not those without");
      const std::string_view request = member(line, "request");
      const auto messages = Json::parse(member(request, "messages"));
      const auto plain_messages = Json::parse(member(member(plain_line, "request"), "messages"));
      out += with_member(line, "request",
                         with_member(request, "messages", messages_with(prompt, messages, plain_messages)));
    } catch (const Json::exception&) {
      return data_loss("an evaluation row has no messages");
    }
    out += '\n';
  }
  return out;
}

}  // namespace fw::runs
