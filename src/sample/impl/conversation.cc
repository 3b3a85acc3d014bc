#include "sample/impl/conversation.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace fw::sample {
namespace {

constexpr double kWithoutTool = 0.15;
// No two messages are equal, and late wordings run out last: about 60 % of the newest rows are theirs.
constexpr double kLateWordings = 0.61;
constexpr double kGoesOn = 0.28;
constexpr double kReplies = 0.9;
constexpr double kFollowsUp = 0.6;
constexpr std::size_t kMaxTurns = 4;

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

// Whether each value that the words name stands in them once: then it is plain which words are the wording.
bool is_plain(std::string_view text, const Bindings& said, const Tool* tool) {
  if (tool == nullptr) return true;
  return std::ranges::all_of(tool->params, [&](const Param& param) {
    const std::string* value = find(said, param.name);
    return value == nullptr || occurrences(text, *value) == 1;
  });
}

std::string digits_filled(std::string_view pattern, Random& random) {
  std::string out;
  bool number_begins = true;
  for (const char c : pattern) {
    const bool is_digit = c >= '0' && c <= '9';
    if (c == '#') {
      out += static_cast<char>(number_begins ? '1' + random.below(9) : '0' + random.below(10));
    } else {
      out += c;
    }
    number_begins = c != '#' && !is_digit;
  }
  return out;
}

}  // namespace

const std::string* find(const Bindings& bindings, std::string_view name) {
  const auto it = std::ranges::find(bindings, name, [](const auto& entry) -> std::string_view { return entry.first; });
  return it == bindings.end() ? nullptr : &it->second;
}

bool bind_arguments(Turn& turn, const Bindings& said, const Turn* previous) {
  const std::string_view implied = turn.wording->implied;
  for (const Param& param : turn.tool->params) {
    if (const std::string* value = find(said, param.name)) {
      turn.arguments.emplace_back(param.name, *value);
    } else if (implied.substr(0, implied.find('=')) == param.name) {
      turn.arguments.emplace_back(param.name, implied.substr(implied.find('=') + 1));
    } else if (turn.wording->moment == Moment::kFollowUp && param.required) {
      const std::string* carried = previous == nullptr ? nullptr : find(previous->arguments, param.name);
      if (carried == nullptr) return false;
      turn.arguments.emplace_back(param.name, *carried);
    }
  }
  return true;
}

std::string arguments_json(const Tool& tool, const Bindings& arguments) {
  std::string out = "{";
  for (const auto& [name, value] : arguments) {
    const auto param = std::ranges::find(tool.params, std::string_view(name), &Param::name);
    FW_ASSERT(param != tool.params.end());
    const std::string_view quote = param->type == ParamType::kInteger ? "" : "\"";
    if (out.size() > 1) out += ',';
    out.append("\"").append(name).append("\":").append(quote).append(value).append(quote);
  }
  return out + "}";
}

ConversationMaker::ConversationMaker(const Domain& domain, std::uint64_t seed)
    : domain_(domain), random_(Random::for_purpose(seed, "sample conversations")) {}

Conversation ConversationMaker::make(bool late) {
  Conversation conversation;
  conversation.push_back(say(pick_first(late), nullptr));
  while (goes_on(conversation)) {
    const Turn& previous = conversation.back();
    conversation.push_back(say(pick_next(late, previous), &previous));
  }
  return conversation;
}

void ConversationMaker::count(const Conversation& conversation) {
  for (const Turn& turn : conversation) {
    turns_ += 1;
    if (turn.tool == nullptr) turns_without_tool_ += 1;
  }
}

bool ConversationMaker::goes_on(const Conversation& conversation) {
  if (conversation.size() == kMaxTurns) return false;
  switch (conversation.back().wording->moment) {
    case Moment::kClosing: return false;
    case Moment::kIncomplete: return random_.uniform() < kReplies;
    default: return random_.uniform() < kGoesOn;
  }
}

const Wording* ConversationMaker::pick(bool late, std::string_view tool, std::string_view after,
                                       std::initializer_list<Moment> moments) {
  std::array<std::vector<const Wording*>, 2> found;
  for (const Wording& wording : domain_.wordings) {
    const bool fits = std::ranges::find(moments, wording.moment) != moments.end() &&
                      (tool.empty() || wording.tool == tool) && wording.after == after;
    if (fits) found[wording.late ? 1 : 0].push_back(&wording);
  }
  const bool use_late = late && !found[1].empty() && random_.uniform() < kLateWordings;
  const auto& from = found[use_late ? 1 : 0];
  return from.empty() ? nullptr : from[random_.below(from.size())];
}

const Tool& ConversationMaker::pick_tool() {
  double total = 0;
  for (const Tool& tool : domain_.tools) total += tool.share;
  double at = random_.uniform() * total;
  for (const Tool& tool : domain_.tools) {
    at -= tool.share;
    if (at < 0) return tool;
  }
  return domain_.tools.back();
}

const Tool* ConversationMaker::find_tool(std::string_view name) const {
  const auto it = std::ranges::find(domain_.tools, name, &Tool::name);
  return it == domain_.tools.end() ? nullptr : &*it;
}

const Wording& ConversationMaker::pick_opening(bool late) {
  const Wording* wording = pick(late, pick_tool().name, "", {Moment::kOpening});
  FW_ASSERT(wording != nullptr);
  return *wording;
}

const Wording& ConversationMaker::pick_first(bool late) {
  if (random_.uniform() >= kWithoutTool) return pick_opening(late);
  return *pick(late, "", "", {Moment::kChat, Moment::kIncomplete});
}

const Wording& ConversationMaker::pick_next(bool late, const Turn& previous) {
  if (previous.wording->moment == Moment::kIncomplete) {
    const Wording* reply = pick(late, previous.wording->tool, "", {Moment::kReply});
    if (reply != nullptr && random_.uniform() < kReplies) return *reply;
  }
  // First messages without a tool are few, and none is said twice; what is missing is said later in a conversation.
  const bool owed = turns_without_tool_ + 1 < kWithoutTool * turns_;
  if (random_.uniform() < (owed ? 0.8 : 0.1)) {
    if (random_.uniform() < 0.5) return *pick(late, "", "", {Moment::kClosing});
    return *pick(late, "", "", {Moment::kChat, Moment::kIncomplete});
  }
  if (previous.tool != nullptr && random_.uniform() < kFollowsUp) {
    if (const Wording* wording = pick(late, "", previous.tool->name, {Moment::kFollowUp})) return *wording;
  }
  return pick_opening(late);
}

std::string ConversationMaker::draw(std::string_view slot, Bindings& bound) {
  const auto it = std::ranges::find(domain_.slots, slot, &Slot::name);
  FW_ASSERT(it != domain_.slots.end());
  const std::string_view alternative = it->alternatives[random_.below(it->alternatives.size())];
  if (alternative.find('<') != alternative.npos) return fill(alternative, bound);
  return digits_filled(alternative, random_);
}

std::string ConversationMaker::fill(std::string_view text, Bindings& bound) {
  std::string out;
  while (true) {
    const auto open = text.find('<');
    out += text.substr(0, open);
    if (open == text.npos) return out;
    const auto close = text.find('>', open);
    FW_ASSERT(close != text.npos);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (find(bound, name) == nullptr) {
      std::string value = draw(name, bound);
      bound.emplace_back(name, std::move(value));
    }
    out += *find(bound, name);
    text.remove_prefix(close + 1);
  }
}

Turn ConversationMaker::say(const Wording& wording, const Turn* previous) {
  Turn turn{.wording = &wording};
  const bool asks_back = wording.moment == Moment::kIncomplete;
  turn.tool = asks_back || wording.tool.empty() ? nullptr : find_tool(wording.tool);
  Bindings bound;
  for (int attempt = 0; attempt < 50; ++attempt) {
    bound.clear();
    turn.text = fill(wording.text, bound);
    if (is_plain(turn.text, bound, turn.tool)) break;
  }
  if (turn.tool == nullptr) {
    turn.standalone = turn.text;
    turn.answer = fill(wording.answer, bound);
    return turn;
  }
  const bool is_bound = bind_arguments(turn, bound, previous);
  FW_ASSERT(is_bound);
  turn.arguments_json = arguments_json(*turn.tool, turn.arguments);
  Bindings known = turn.arguments;
  turn.standalone = wording.answer.empty() ? turn.text : fill(wording.answer, known);
  const Outcome& outcome = turn.tool->outcomes[random_.below(turn.tool->outcomes.size())];
  turn.result = fill(outcome.result, known);
  turn.answer = fill(outcome.answer, known);
  turn.call_id = "call_" + std::to_string(100'000'000 + random_.below(900'000'000));
  return turn;
}

}  // namespace fw::sample
