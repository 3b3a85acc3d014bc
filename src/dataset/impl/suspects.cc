#include "dataset/impl/suspects.h"

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "async/parallel_for.h"
#include "base/hash.h"
#include "codec/utf8.h"
#include "dataset/impl/applications.h"
#include "dataset/impl/json_hash.h"
#include "dataset/impl/neighbours.h"
#include "dataset/impl/python_of.h"
#include "dataset/impl/refusals.h"
#include "dataset/impl/template.h"
#include "dataset/reasons.h"
#include "evals/answer.h"
#include "evals/json_text.h"
#include "evals/tool_calls/argument_schema.h"
#include "evals/tool_calls/call.h"
#include "evals/tool_calls/json_schema.h"
#include "evals/tool_calls/request_facts.h"

namespace fw::dataset {
namespace {

using evals::PythonValue;

constexpr std::uint64_t kLeastInSituation = 6;
constexpr double kMostOdd = 0.2;
constexpr double kLeastUsual = 0.4;
constexpr std::uint64_t kTimesAsUsual = 4;
constexpr std::uint64_t kLeastArguments = 10;
constexpr double kMostlyTaken = 0.9;
constexpr double kMostlyTakenIdentifiers = 0.5;
constexpr std::size_t kLeastDigits = 4;  // of an identifier
constexpr std::size_t kMostDigitsOfDate = 8;
constexpr double kMostForeign = 0.05;
constexpr std::size_t kRowsBetweenChecks = 4096;
constexpr std::size_t kSystemEndBytes = 64;
constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kMostOfGroup = 10;  // nearly equal rows that are held against each other
constexpr double kLeastTold = 0.3;        // of the rows with an answer: their neighbours vote for it

std::string shown(std::string_view text) {
  return std::string(codec::utf8_prefix(text, kShownBytes)) + (text.size() > kShownBytes ? "..." : "");
}

std::string named(std::string_view answer) { return answer.empty() ? "a text" : shown(answer); }

std::string_view text_at(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

/// Three groups of digits, eight digits at most: what can be computed from "tomorrow".
bool is_date(std::string_view text) {
  const bool is_of_digits = text.find_first_not_of("0123456789-/.") == text.npos;
  const auto digits = std::ranges::count_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return is_of_digits && std::cmp_less_equal(digits, kMostDigitsOfDate) && std::ssize(text) - digits == 2;
}

/// An order's number, a telephone's, a booking code: nobody computes one, so that it stands in the request or is wrong.
/// Groups of letters and digits with one sign between them: "500 - 329" is arithmetic.
bool is_identifier(std::string_view text) {
  std::size_t digits = 0;
  std::size_t letters = 0;
  bool is_after_sign = false;
  if (text.starts_with('+') || text.starts_with('#')) text.remove_prefix(1);
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_sign = std::string_view(" -_.").find(c) != std::string_view::npos;
    if ((!is_digit && !is_letter && !is_sign) || (is_sign && is_after_sign)) return false;
    is_after_sign = is_sign;
    digits += is_digit ? 1 : 0;
    letters += is_letter ? 1 : 0;
  }
  return digits >= kLeastDigits && letters <= digits && !is_date(text);
}

std::string names_of(std::set<std::string_view> names) {
  std::string joined;
  for (const auto name : names) joined += (joined.empty() ? "" : ", ") + std::string(name);
  return joined;
}

/// Of the tools that an earlier turn calls.
std::string called_in(simdjson::dom::element message) {
  std::set<std::string_view> names;
  simdjson::dom::array calls;
  if (message["tool_calls"].get(calls) == simdjson::SUCCESS) {
    for (const auto call : calls) {
      simdjson::dom::element function;
      if (call["function"].get(function) == simdjson::SUCCESS) names.insert(text_at(function, "name"));
    }
  }
  return names_of(std::move(names));
}

/// Where the conversation stands: what the last user message answers, without its slots, and the turns since with the
/// tools that were called.
std::string turns_of(simdjson::dom::array messages) {
  std::string said;
  std::string turns;
  for (const auto message : messages) {
    const std::string_view role = text_at(message, "role");
    if (role == "user") turns = said;
    if (role != "assistant") {
      turns += std::string(role) + '\n';
      continue;
    }
    said = std::to_string(mask_text(text_at(message, "content")).hash) + '\n';
    turns += said + called_in(message) + '\n';
  }
  return turns;
}

/// The first system message: its text, or the first one of its parts.
std::string_view system_of(simdjson::dom::array messages) {
  for (const auto message : messages) {
    const std::string_view role = text_at(message, "role");
    if (role != "system" && role != "developer") continue;
    simdjson::dom::array parts;
    if (message["content"].get(parts) != simdjson::SUCCESS) return text_at(message, "content");
    return parts.size() > 0 ? text_at(parts.at(0).value_unsafe(), "text") : std::string_view();
  }
  return {};
}

/// Of the last user message; none of a long one.
std::vector<std::uint32_t> words_of(simdjson::dom::array messages) {
  std::string_view said;
  for (const auto message : messages) {
    if (text_at(message, "role") == "user") said = text_at(message, "content");
  }
  std::vector<std::uint32_t> words = mask_text(said).tokens;
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  return words;
}

bool has_answers(simdjson::dom::array messages) {
  for (const auto message : messages) {
    if (text_at(message, "role") == "assistant") return true;
  }
  return false;
}

/// The tools that earlier turns call, which the request may have left out by now.
std::vector<std::string> tools_in(simdjson::dom::array messages) {
  std::vector<std::string> names;
  for (const auto message : messages) {
    simdjson::dom::array calls;
    if (message["tool_calls"].get(calls) != simdjson::SUCCESS) continue;
    for (const auto call : calls) {
      simdjson::dom::element function;
      if (call["function"].get(function) == simdjson::SUCCESS) names.emplace_back(text_at(function, "name"));
    }
  }
  return names;
}

/// What stands within may be looked up for the request; beginning or end stay.
std::vector<std::uint64_t> marks_of(std::string_view system, const std::vector<std::string>& tools,
                                    const std::vector<std::string>& called) {
  std::vector<std::uint64_t> marks;
  for (const auto* names : {&tools, &called}) {
    for (const std::string& tool : *names) marks.push_back(hash64("tool " + tool));
  }
  if (system.empty()) return marks;
  const std::size_t end = system.size() - std::min(system.size(), kSystemEndBytes);
  for (const std::string_view part : {system.substr(0, kSystemEndBytes), system.substr(end)}) {
    marks.push_back(hash64("system " + std::to_string(mask_text(part).hash)));
  }
  return marks;
}

/// The message that calls a tool, else the first.
std::optional<PythonValue> answer_in(simdjson::dom::element response) {
  simdjson::dom::array choices;
  if (response["choices"].get(choices) != simdjson::SUCCESS) return std::nullopt;
  std::optional<PythonValue> first;
  for (const auto choice : choices) {
    simdjson::dom::element element;
    if (choice["message"].get(element) != simdjson::SUCCESS) continue;
    PythonValue message = python_of(element);
    if (!evals::calls_of_message(message).empty()) return message;
    if (!first) first = std::move(message);
  }
  return first;
}

/// What a model could know from a request. Most values stand in it as they are: only for the others is it taken apart.
class Known final {
 public:
  explicit Known(std::string_view request) : request_(request) {}

  [[nodiscard]] bool lacks(const PythonValue& value) {
    if (const std::string* text = value.string(); text != nullptr && request_.find(*text) != request_.npos)
      return false;
    if (!facts_) facts_.emplace(request_);
    return facts_->lacks(value);
  }

 private:
  std::string_view request_;
  std::optional<evals::RequestFacts> facts_;
};

}  // namespace

/// Reads rows. Most requests of a workload have the same tools: they are taken apart once.
struct SuspectFinder::Reader {
  struct Tools {
    PythonValue list;
    std::vector<std::string> names;                    // in order
    std::map<std::string, evals::JsonSchema> schemas;  // of those that were called, compiled
  };
  static constexpr std::size_t kMostTools = 256;

  Tools& tools_of(simdjson::dom::element request) {
    simdjson::dom::array list;
    if (request["tools"].get(list) != simdjson::SUCCESS || list.size() == 0) return none;
    const std::uint64_t hash = hash_json(request["tools"].value_unsafe());
    if (known.size() >= kMostTools) known.clear();
    const auto [it, fresh] = known.try_emplace(hash);
    if (!fresh) return it->second;
    it->second.list = python_of(request["tools"].value_unsafe());
    for (const auto tool : list) {
      simdjson::dom::element function;
      if (tool["function"].get(function) == simdjson::SUCCESS) {
        it->second.names.emplace_back(text_at(function, "name"));
      }
    }
    std::ranges::sort(it->second.names);
    return it->second;
  }

  static std::string violation_of(Tools& tools, const std::vector<evals::ToolCall>& calls) {
    for (const auto& call : calls) {
      if (!evals::has_tool(tools.list, call.name)) return "the request has no tool " + shown(call.name);
      const PythonValue* parameters = evals::parameters_of(tools.list, call.name);
      if (!call.has_arguments || parameters == nullptr) continue;
      const std::string found =
          tools.schemas.try_emplace(call.name, *parameters).first->second.violation(call.arguments);
      if (!found.empty()) return shown(call.name) + ": " + shown(found);
    }
    return {};
  }

  /// Of a text that was to be JSON. One that the provider held back (`refusal`) is none.
  std::string violation_of_format(simdjson::dom::element request, const PythonValue& answer) {
    simdjson::dom::element format;
    if (request["response_format"].get(format) != simdjson::SUCCESS) return {};
    const std::string_view type = text_at(format, "type");
    if (type != "json_object" && type != "json_schema") return {};
    const std::string text = evals::message_text(answer);
    const PythonValue* refusal = answer.find("refusal");
    if (text.empty() || (refusal != nullptr && refusal->is_true())) return {};
    const auto value = evals::parse_python_json(text);
    if (!value.ok()) return "no JSON: " + shown(text);
    if (type == "json_object") return value->dict() == nullptr ? "no JSON object: " + shown(text) : "";
    simdjson::dom::element schema;
    if (format["json_schema"]["schema"].get(schema) != simdjson::SUCCESS) return {};
    if (formats.size() >= kMostTools) formats.clear();
    const auto it = formats.try_emplace(hash_json(schema), python_of(schema)).first;
    return shown(it->second.violation(*value));
  }

  Seen read(std::uint64_t last_user, std::string_view request_text, std::string_view response_text) {
    Seen seen;
    simdjson::dom::element request;
    simdjson::dom::element response;
    simdjson::dom::array messages;
    if (requests.parse(request_text.data(), request_text.size()).get(request) != simdjson::SUCCESS ||
        responses.parse(response_text.data(), response_text.size()).get(response) != simdjson::SUCCESS ||
        request["messages"].get(messages) != simdjson::SUCCESS) {
      return seen;
    }
    const auto answer = answer_in(response);
    if (!answer) return seen;
    const auto calls = evals::calls_of_message(*answer);
    if (std::string text = evals::message_text(*answer); calls.empty() && reads_like_refusal(text)) {
      seen.refusal = std::move(text);
    }
    std::set<std::string_view> called;
    for (const auto& call : calls) called.insert(call.name);
    Tools& tools = tools_of(request);
    seen.answer = names_of(std::move(called));
    seen.tools = tools.names;
    std::string place = turns_of(messages);
    for (const std::string& tool : seen.tools) place += tool + '\n';
    seen.place = hash64(place);
    seen.begins = !has_answers(messages);
    seen.situation = hash64(std::to_string(last_user) + '\n' + place);
    seen.words = words_of(messages);
    seen.marks = marks_of(system_of(messages), seen.tools, tools_in(messages));
    if (calls.empty() && seen.refusal.empty()) seen.format_violation = violation_of_format(request, *answer);
    if (seen.tools.empty()) return seen;  // the older `functions` are not judged
    seen.violation = violation_of(tools, calls);
    Known knows(request_text);
    for (const auto& call : calls) {
      if (call.arguments.dict() == nullptr) continue;
      for (const auto& [name, value] : *call.arguments.dict()) {
        seen.arguments.push_back(
            {call.name + '.' + name, value.string() == nullptr ? std::string() : *value.string(), knows.lacks(value)});
      }
    }
    return seen;
  }

  simdjson::dom::parser requests, responses;
  std::unordered_map<std::uint64_t, Tools> known;
  std::unordered_map<std::uint64_t, evals::JsonSchema> formats;
  Tools none;  // of requests that have none
};

SuspectFinder::SuspectFinder(std::size_t rows) : seen_(rows) {
  for (std::size_t i = 0; i < parallel_workers(); ++i) readers_.push_back(std::make_unique<Reader>());
}
SuspectFinder::~SuspectFinder() = default;

struct SuspectFinder::Usual {
  struct Taken {
    std::uint64_t of = 0;
    std::uint64_t made_up = 0;
  };
  std::unordered_map<std::uint64_t, std::map<std::string, std::uint64_t>> answers;  // by situation
  std::unordered_map<std::string, Taken> arguments;
  std::set<std::string> tools;  // that half of the rows with tools have
  double foreign_share = 0;     // of the rows with tools that have none of these
  Applications applications;
};

void SuspectFinder::look(std::size_t worker, std::size_t row, std::uint64_t last_user, std::string_view request,
                         std::string_view response) {
  seen_[row] = readers_[worker]->read(last_user, request, response);
}

namespace {

/// How well the words of requests tell which call answers them, by answer.
class Told final {
 public:
  void add(const Asked& row, const Neighbours::Opinion& opinion) {
    if (!row.is_call) return;
    Of& of = answers_[row.answer];
    if (opinion.voted) {
      ++of.voted;
      of.right += *opinion.voted == row.answer ? 1 : 0;
    }
    if (opinion.nearest < Neighbours::kNearest) return;
    ++of.rows;
    of.agreeing += static_cast<double>(opinion.agreeing) / static_cast<double>(opinion.nearest);
    of.chance += opinion.chance;
  }
  [[nodiscard]] bool is_told(std::uint32_t answer) const {
    const auto found = answers_.find(answer);
    return found != answers_.end() &&
           static_cast<double>(found->second.right) >= kLeastTold * static_cast<double>(found->second.voted);
  }
  [[nodiscard]] LikeRequests counts(const std::vector<std::string_view>& names) const {
    LikeRequests all;
    for (const auto& [answer, of] : answers_) {
      if (of.rows == 0) continue;
      const auto rows = static_cast<double>(of.rows);
      all.classes.push_back({shown(names[answer]), of.rows, of.agreeing / rows, of.chance / rows});
      all.rows += of.rows;
      all.agreeing_share += of.agreeing;
      all.chance_share += of.chance;
    }
    if (all.rows == 0) return {};
    all.agreeing_share /= static_cast<double>(all.rows);
    all.chance_share /= static_cast<double>(all.rows);
    std::ranges::sort(all.classes, {}, [](const auto& one) { return std::pair(one.agreeing_share, one.label); });
    if (all.classes.size() > kShownLikeClasses) all.classes.resize(kShownLikeClasses);
    return all;
  }

 private:
  struct Of {
    std::uint64_t voted = 0;  // rows with as many neighbours as vote
    std::uint64_t right = 0;
    std::uint64_t rows = 0;  // compared with their nearest
    double agreeing = 0;
    double chance = 0;
  };
  std::map<std::uint32_t, Of> answers_;
};

}  // namespace

/// For each row what its neighbours are answered with; empty where that is as it is.
Result<std::vector<std::string>> SuspectFinder::disagreements(std::span<const std::size_t> training,
                                                              std::span<const std::size_t> rows,
                                                              const Deadline& deadline, LikeRequests& like) const {
  std::map<std::string_view, std::uint32_t> numbers;
  std::vector<std::string_view> names;
  std::vector<Asked> asked;
  std::unordered_map<std::size_t, std::size_t> positions;
  const auto of = [&](std::size_t i) {
    const auto [it, fresh] = numbers.try_emplace(seen_[i].answer, static_cast<std::uint32_t>(names.size()));
    if (fresh) names.push_back(it->first);
    return Asked{seen_[i].place, seen_[i].words, it->second, !seen_[i].answer.empty()};
  };
  for (const std::size_t i : training) {
    positions.emplace(i, asked.size());
    asked.push_back(of(i));
  }
  std::vector<Asked> judged;
  for (const std::size_t i : rows) judged.push_back(of(i));
  const Neighbours neighbours(std::move(asked));
  std::vector<Neighbours::Opinion> opinions(rows.size());
  const auto judge = [&](std::size_t k) {
    const auto position = positions.find(rows[k]);
    const auto self = position == positions.end() ? std::nullopt : std::optional(position->second);
    // A text that asks for what is missing is like the requests that do not miss it.
    if (judged[k].is_call) opinions[k] = neighbours.judge(judged[k], self);
  };
  for (std::size_t first = 0; first < rows.size(); first += kRowsBetweenChecks) {
    FW_TRY(deadline.check("compare answers"));
    parallel_for(std::min(kRowsBetweenChecks, rows.size() - first),
                 [&](std::size_t, std::size_t k) { judge(first + k); });
  }
  Told told;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    if (positions.contains(rows[k])) told.add(judged[k], opinions[k]);
  }
  like = told.counts(names);
  std::vector<std::string> found(rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    auto odd = opinions[k].like_ones;
    if (const auto& by_words = opinions[k].all_words; !odd && by_words && !names[by_words->answer].empty() &&
                                                      told.is_told(judged[k].answer) &&
                                                      told.is_told(by_words->answer)) {
      odd = by_words;
    }
    if (!odd) continue;
    found[k] = named(names[judged[k].answer]) + ", where " + std::to_string(odd->usual) + " of the " +
               std::to_string(Neighbours::kCount) + " rows most like it answer with " + named(names[odd->answer]);
  }
  return found;
}

/// Of the rows whose nearly equal ones are answered with other tools, with which. Only rows of training have a say.
/// Later turns of a conversation are like each other, and another one is right at each.
std::unordered_map<std::size_t, std::string> SuspectFinder::contradictions(
    std::span<const std::size_t> training) const {
  const std::set<std::size_t> has_say(training.begin(), training.end());
  std::unordered_map<std::size_t, std::string> found;
  for (const auto& group : groups_) {
    if (group.size() > kMostOfGroup) continue;
    std::map<std::string_view, std::size_t> answers;
    const auto is_compared = [&](std::size_t i) { return seen_[i].begins && !seen_[i].answer.empty(); };
    for (const std::size_t i : group) {
      if (is_compared(i) && has_say.contains(i)) ++answers[seen_[i].answer];
    }
    for (const std::size_t i : group) {
      if (!is_compared(i)) continue;
      auto others = answers;
      const std::size_t own = others.contains(seen_[i].answer) ? others.extract(seen_[i].answer).mapped() : 0;
      const auto most = std::ranges::max_element(others, {}, [](const auto& one) { return one.second; });
      if (most == others.end() || most->second < std::max<std::size_t>(own, 1)) continue;
      found[i] = named(seen_[i].answer) + ", where " + std::to_string(most->second) + " nearly equal " +
                 (most->second == 1 ? "request is" : "requests are") + " answered with " + named(most->first);
    }
  }
  return found;
}

Result<SuspectFinder::Found> SuspectFinder::find(std::span<const std::size_t> training,
                                                 std::span<const std::size_t> rows, const Deadline& deadline) const {
  Usual usual;
  std::map<std::string, std::uint64_t> tools;
  std::uint64_t with_tools = 0;
  for (const std::size_t i : training) {
    const Seen& row = seen_[i];
    ++usual.answers[row.situation][row.answer];
    for (const Argument& argument : row.arguments) {
      auto& taken = usual.arguments[argument.name];
      ++taken.of;
      taken.made_up += argument.is_made_up ? 1 : 0;
    }
    with_tools += row.tools.empty() ? 0 : 1;
    for (const std::string& tool : row.tools) ++tools[tool];
    usual.applications.add(row.marks);
  }
  usual.applications.finish();
  for (const auto& [tool, count] : tools) {
    if (2 * count >= with_tools) usual.tools.insert(tool);
  }
  const auto foreign = std::ranges::count_if(training, [&](std::size_t i) { return is_foreign(seen_[i], usual); });
  usual.foreign_share = with_tools > 0 ? static_cast<double>(foreign) / static_cast<double>(with_tools) : 0;

  Found found;
  FW_ASSIGN(std::vector<std::string> others, disagreements(training, rows, deadline, found.like));
  const auto opposed = contradictions(training);
  std::vector<Suspect>& suspects = found.suspects;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const std::size_t i = rows[k];
    const Seen& row = seen_[i];
    if (!row.violation.empty()) {
      suspects.push_back({i, reasons::kForbiddenCall, row.violation});
    } else if (!row.format_violation.empty()) {
      suspects.push_back({i, reasons::kForbiddenText, row.format_violation});
    } else if (std::string detail = made_up(row, usual); !detail.empty()) {
      suspects.push_back({i, reasons::kMadeUpArgument, std::move(detail)});
    } else if (const auto denial = denials_.find(i); denial != denials_.end()) {
      suspects.push_back({i, reasons::kDenied, "next: " + shown(denial->second)});
    } else if (usual.foreign_share < kMostForeign && is_foreign(row, usual)) {
      suspects.push_back({i, reasons::kForeignTools, "its tools: " + shown(row.tools.front()) + " and others"});
    } else if (usual.applications.is_stray(row.marks)) {
      suspects.push_back({i, reasons::kForeignTraffic,
                          row.tools.empty() ? "no tools" : "its tools: " + shown(row.tools.front()) + " and others"});
    } else if (!row.refusal.empty()) {
      suspects.push_back({i, reasons::kReadsLikeRefusal, shown(row.refusal)});
    } else if (const auto other = opposed.find(i); other != opposed.end()) {
      suspects.push_back({i, reasons::kNearlyEqualDiffer, other->second});
    } else if (detail = odd_answer(row, usual); !detail.empty()) {
      suspects.push_back({i, reasons::kOddAnswer, std::move(detail)});
    } else if (!others[k].empty()) {
      suspects.push_back({i, reasons::kNeighboursDiffer, std::move(others[k])});
    }
  }
  return found;
}

bool SuspectFinder::is_foreign(const Seen& row, const Usual& usual) {
  return !row.tools.empty() && !usual.tools.empty() &&
         std::ranges::none_of(row.tools, [&](const std::string& tool) { return usual.tools.contains(tool); });
}

std::string SuspectFinder::made_up(const Seen& row, const Usual& usual) {
  for (const Argument& argument : row.arguments) {
    if (!argument.is_made_up) continue;
    const auto found = usual.arguments.find(argument.name);
    if (found == usual.arguments.end() || found->second.of < kLeastArguments) continue;
    const std::uint64_t taken = found->second.of - found->second.made_up;
    const double usually = is_identifier(argument.value) ? kMostlyTakenIdentifiers : kMostlyTaken;
    if (static_cast<double>(taken) < usually * static_cast<double>(found->second.of)) continue;
    return shown(argument.name) + (argument.value.empty() ? "" : " \"" + shown(argument.value) + '"') +
           ", taken from " + std::to_string(taken) + " of " + std::to_string(found->second.of) + " requests";
  }
  return {};
}

std::string SuspectFinder::odd_answer(const Seen& row, const Usual& usual) {
  const auto found = usual.answers.find(row.situation);
  if (found == usual.answers.end()) return {};
  std::uint64_t all = 0;
  const std::pair<const std::string, std::uint64_t>* most = nullptr;
  for (const auto& one : found->second) {
    all += one.second;
    if (most == nullptr || one.second > most->second) most = &one;
  }
  const auto own = found->second.find(row.answer);
  const std::uint64_t alike = own == found->second.end() ? 0 : own->second;
  if (all < kLeastInSituation || static_cast<double>(alike) > kMostOdd * static_cast<double>(all)) return {};
  if (most->second < kTimesAsUsual * alike ||
      static_cast<double>(most->second) < kLeastUsual * static_cast<double>(all))
    return {};
  return named(row.answer) + ", where " + std::to_string(most->second) + " of " + std::to_string(all) +
         " answer with " + named(most->first);
}

}  // namespace fw::dataset
