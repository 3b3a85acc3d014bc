#include "sample/impl/understand.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace fw::sample {
namespace {

/// Backtracks over the alternatives of slots; patterns are a sentence long.
class Matcher {
 public:
  using Then = std::function<bool(std::string_view rest)>;

  Matcher(const Domain& domain, Bindings known) : domain_(domain), bound_(std::move(known)) {}

  bool run(std::string_view pattern, std::string_view text, const Then& then) {
    while (!pattern.empty() && pattern.front() != '<') {
      if (text.empty() || !(pattern.front() == '#' ? is_digit(text.front()) : pattern.front() == text.front())) {
        return false;
      }
      pattern.remove_prefix(1);
      text.remove_prefix(1);
    }
    return pattern.empty() ? then(text) : slot(pattern, text, then);
  }

  [[nodiscard]] Bindings take() { return std::move(bound_); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool slot(std::string_view pattern, std::string_view text, const Then& then) {
    const auto close = pattern.find('>');
    const std::string name(pattern.substr(1, close - 1));
    const std::string_view after = pattern.substr(close + 1);
    if (const std::string* value = find(bound_, name)) {
      return text.starts_with(*value) && run(after, text.substr(value->size()), then);
    }
    const auto slot = std::ranges::find(domain_.slots, name, &Slot::name);
    if (slot == domain_.slots.end()) return false;
    const std::size_t depth = bound_.size();
    return std::ranges::any_of(slot->alternatives, [&](std::string_view alternative) {
      const bool fits = run(alternative, text, [&](std::string_view rest) {
        bound_.emplace_back(name, text.substr(0, text.size() - rest.size()));
        return run(after, rest, then);
      });
      if (!fits) bound_.resize(std::min(bound_.size(), depth));
      return fits;
    });
  }

  const Domain& domain_;
  Bindings bound_;
};

/// How well a wording's moment fits what was said before; nothing where it cannot be said then.
std::optional<int> fit(const Wording& wording, const Turn* previous) {
  const Wording* before = previous == nullptr ? nullptr : previous->wording;
  switch (wording.moment) {
    case Moment::kReply:
      if (before != nullptr && before->moment == Moment::kIncomplete && before->tool == wording.tool) return 3;
      return std::nullopt;
    case Moment::kFollowUp:
      if (previous != nullptr && previous->tool != nullptr && previous->tool->name == wording.after) return 2;
      return std::nullopt;
    case Moment::kClosing: return previous == nullptr ? 0 : 1;
    default: return 1;
  }
}

const Tool* tool_of(const Domain& domain, const Wording& wording) {
  if (wording.moment == Moment::kIncomplete) return nullptr;
  const auto found = std::ranges::find(domain.tools, wording.tool, &Tool::name);
  return found == domain.tools.end() ? nullptr : &*found;
}

std::optional<Turn> turn_of(const Domain& domain, const Wording& wording, const std::string& text,
                            const Turn* previous) {
  const auto bound = match(domain, wording.text, text);
  if (!bound) return std::nullopt;
  Turn turn{.wording = &wording, .tool = tool_of(domain, wording), .text = text, .standalone = text};
  if (turn.tool == nullptr) {
    turn.answer = filled(wording.answer, *bound);
    return turn;
  }
  if (!bind_arguments(turn, *bound, previous)) return std::nullopt;
  turn.arguments_json = arguments_json(*turn.tool, turn.arguments);
  if (!wording.answer.empty()) turn.standalone = filled(wording.answer, turn.arguments);
  return turn;
}

Turn understood(const Domain& domain, const std::string& text, const Turn* previous) {
  Turn best{.text = text, .standalone = text};
  int best_fit = -1;
  for (const Wording& wording : domain.wordings) {
    const auto how_well = fit(wording, previous);
    if (!how_well || *how_well <= best_fit) continue;
    auto turn = turn_of(domain, wording, text, previous);
    if (!turn) continue;
    best = std::move(*turn);
    best_fit = *how_well;
  }
  return best;
}

}  // namespace

std::optional<Bindings> match(const Domain& domain, std::string_view pattern, std::string_view text, Bindings known) {
  Matcher matcher(domain, std::move(known));
  if (!matcher.run(pattern, text, [](std::string_view rest) { return rest.empty(); })) return std::nullopt;
  return matcher.take();
}

std::string filled(std::string_view pattern, const Bindings& known) {
  std::string out;
  for (auto open = pattern.find('<'); open != std::string_view::npos; open = pattern.find('<')) {
    const auto close = pattern.find('>', open);
    const std::string* value = find(known, pattern.substr(open + 1, close - open - 1));
    out += pattern.substr(0, open);
    out += value == nullptr ? pattern.substr(open, close - open + 1) : std::string_view(*value);
    pattern.remove_prefix(close + 1);
  }
  return out.append(pattern);
}

Conversation understand(const Domain& domain, const std::vector<std::string>& said) {
  Conversation out;
  for (const std::string& text : said) out.push_back(understood(domain, text, out.empty() ? nullptr : &out.back()));
  return out;
}

std::optional<std::string> answer_to(const Domain& domain, const Turn& turn, std::string_view result) {
  if (turn.tool == nullptr) return std::nullopt;
  // As the tables write it, whatever the application that ran the tool puts between its members.
  const auto json = nlohmann::ordered_json::parse(result, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  const std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  for (const Outcome& outcome : turn.tool->outcomes) {
    if (const auto known = match(domain, outcome.result, text, turn.arguments)) return filled(outcome.answer, *known);
  }
  return std::nullopt;
}

}  // namespace fw::sample
