#include "dataset/impl/icl.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "dataset/impl/chat.h"
#include "dataset/impl/tokens.h"

namespace fw::dataset {
namespace {

void append_paragraph(const Json& message, std::string& out) {
  if (!out.empty()) out += "\n\n";
  out += string_member(message, "role") + ": " + text_of(message);
  if (const Json* calls = tool_calls_of(message)) out += '\n' + to_indented(*calls);
}

using Group = std::vector<Example>;

/// Classes by falling size, then by label.
std::vector<Group> by_class(std::vector<Example> examples) {
  std::map<std::string, Group> classes;
  for (Example& example : examples) classes[example.label].push_back(std::move(example));
  std::vector<Group> groups;
  for (auto& [label, group] : classes) groups.push_back(std::move(group));
  std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return a.size() != b.size() ? a.size() > b.size() : a.front().label < b.front().label;
  });
  return groups;
}

std::string system_text(const Json& messages) {
  std::string text;
  for (const Json& message : messages) {
    if (is_system(message)) append_paragraph(message, text);
  }
  return text;
}

std::string text_of_examples(std::span<const Example* const> examples, const std::string& own_system) {
  std::string text = "Earlier requests and how they were answered:";
  for (std::size_t i = 0; i < examples.size(); ++i) {
    text += "\n\nExample " + std::to_string(i + 1) + "\n\n";
    if (!examples[i]->system.empty() && examples[i]->system != own_system) text += examples[i]->system + "\n\n";
    text += examples[i]->turns;
  }
  return text;
}

void put_first(Json& messages, const std::string& text) {
  if (messages.empty() || !is_system(messages.front())) {
    Json system;
    system["role"] = "system";
    system["content"] = text;
    messages.insert(messages.begin(), std::move(system));
    return;
  }
  Json& content = messages.front()["content"];
  if (content.is_array()) {
    Json part;
    part["type"] = "text";
    part["text"] = text + "\n\n";
    content.insert(content.begin(), std::move(part));
  } else {
    content = text + "\n\n" + (content.is_string() ? content.get<std::string>() : "");
  }
}

}  // namespace

Example example_of(const Exchange& exchange, std::string label) {
  Example example{.label = std::move(label)};
  const Json& messages = exchange.request.at("messages");
  example.system = system_text(messages);
  for (const Json& message : messages) {
    if (!is_system(message)) append_paragraph(message, example.turns);
  }
  Json answer = exchange.answer;
  answer["role"] = "assistant";
  append_paragraph(answer, example.turns);
  example.tokens = estimate_tokens(example.system) + estimate_tokens(example.turns);
  return example;
}

std::vector<Example> choose_examples(std::vector<Example> examples, std::uint64_t max_examples) {
  std::vector<Group> groups = by_class(std::move(examples));
  std::size_t most = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::uint64_t places = max_examples / groups.size() + (g < max_examples % groups.size() ? 1 : 0);
    Group& group = groups[g];
    std::sort(group.begin(), group.end(), [](const Example& a, const Example& b) {
      return std::tie(a.tokens, a.turns, a.system) < std::tie(b.tokens, b.turns, b.system);
    });
    if (group.size() > places) group.resize(places);
    most = std::max(most, group.size());
  }
  std::vector<Example> chosen;
  for (std::size_t round = 0; round < most; ++round) {
    for (Group& group : groups) {
      if (round < group.size()) chosen.push_back(std::move(group[round]));
    }
  }
  return chosen;
}

std::size_t add_examples(Json& evaluation_row, std::span<const Example> examples, const IclSettings& settings) {
  Json& messages = evaluation_row["request"]["messages"];
  const std::string own_system = system_text(messages);
  const std::uint64_t budget =
      settings.max_context_length - std::min(settings.reserved_tokens, settings.max_context_length);
  std::uint64_t used = estimate_tokens(to_line(evaluation_row));
  std::vector<const Example*> fitting;
  for (const Example& example : examples) {
    const bool repeats_system = example.system == own_system;
    used += repeats_system ? estimate_tokens(example.turns) : example.tokens;
    if (used > budget) break;
    fitting.push_back(&example);
  }
  if (!fitting.empty()) put_first(messages, text_of_examples(fitting, own_system));
  return fitting.size();
}

}  // namespace fw::dataset
