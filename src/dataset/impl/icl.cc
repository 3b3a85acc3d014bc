#include "dataset/impl/icl.h"

#include <algorithm>
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

std::string system_text(const Json& messages) {
  std::string text;
  for (const Json& message : messages) {
    if (is_system(message)) append_paragraph(message, text);
  }
  return text;
}

std::string text_of_examples(std::span<const Example* const> examples, const std::string& own_system) {
  std::string text(kExamplesHeading);
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

void ExampleChooser::add(Example example) {
  ++rows_;
  Class& of = classes_[example.label];
  ++of.rows;
  const auto order = [](const Example& e) { return std::tie(e.tokens, e.turns, e.system); };
  if (of.shortest.size() == max_examples_) {
    if (max_examples_ == 0 || order(example) >= order(of.shortest.back())) return;
    of.shortest.pop_back();
  }
  of.shortest.insert(std::ranges::upper_bound(of.shortest, order(example), {}, order), std::move(example));
}

std::vector<Example> ExampleChooser::choose() const {
  std::vector<std::pair<const std::string*, const Class*>> classes;
  for (const auto& [label, of] : classes_) classes.emplace_back(&label, &of);
  std::ranges::sort(classes, [](const auto& a, const auto& b) {
    return a.second->rows != b.second->rows ? a.second->rows > b.second->rows : *a.first < *b.first;
  });
  std::vector<Example> chosen;
  for (std::size_t round = 0; round < max_examples_; ++round) {
    for (std::size_t c = 0; c < classes.size(); ++c) {
      const std::uint64_t places = max_examples_ / classes.size() + (c < max_examples_ % classes.size() ? 1 : 0);
      const auto& shortest = classes[c].second->shortest;
      if (round < std::min<std::size_t>(places, shortest.size())) chosen.push_back(shortest[round]);
    }
  }
  return chosen;
}

std::size_t add_examples(Json& evaluation_row, std::span<const Example* const> examples, const IclSettings& settings) {
  Json& messages = evaluation_row["request"]["messages"];
  const std::string own_system = system_text(messages);
  const std::uint64_t budget =
      settings.max_context_length - std::min(settings.reserved_tokens, settings.max_context_length);
  std::uint64_t used = estimate_tokens(to_line(evaluation_row));
  std::vector<const Example*> fitting;
  for (const Example* example : examples) {
    const bool repeats_system = example->system == own_system;
    const std::uint64_t tokens = repeats_system ? estimate_tokens(example->turns) : example->tokens;
    if (used + tokens > budget) {
      if (settings.selection == ExampleSelection::kUniform) break;
      continue;
    }
    used += tokens;
    fitting.push_back(example);
  }
  if (!fitting.empty()) put_first(messages, text_of_examples(fitting, own_system));
  return fitting.size();
}

}  // namespace fw::dataset
