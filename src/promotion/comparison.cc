#include "promotion/comparison.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "evals/answer.h"
#include "evals/row.h"
#include "evals/scoring.h"
#include "evals/tool_calls/comparison.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::ordered_json;
using record::Ending;
using record::Interaction;

double seconds_of(const Interaction& answered) {
  return static_cast<double>(answered.provenance.total.value_or(std::chrono::microseconds(0)).count()) * 1e-6;
}

bool is_whole(const Interaction& answered) {
  const Ending ending = answered.provenance.ending;
  return ending == Ending::kFinished || ending == Ending::kArgumentsIncomplete;
}

std::optional<bool> is_slow(const Interaction& answered, const GateLimits& limits) {
  if (limits.slow_after <= Duration::zero() || !answered.provenance.total) return std::nullopt;
  return Duration(*answered.provenance.total) > limits.slow_after;
}

/// Nothing for an answer without tool calls.
std::optional<bool> has_invalid_call(const Interaction& answered) {
  if (answered.provenance.ending == Ending::kArgumentsIncomplete) return true;
  if (answered.response.find("_call") == std::string::npos) return std::nullopt;  // most texts: nothing to be parsed
  const auto answer = evals::parse_answer(answered.response);
  if (!answer.ok() || !evals::calls_tools(answer->message)) return std::nullopt;
  const auto compared =
      evals::compare_tool_calls(evals::tools_of_request(answered.request), {}, answer->message, answered.request);
  return std::ranges::any_of(compared.calls, [](const auto& call) { return !call.violation.empty(); });
}

/// By the leading metric; nothing where the other side's answer is none to compare with.
void score(const Interaction& candidate, const Interaction& other, const evals::ScoringSettings& scoring,
           Comparison& out) {
  const auto row = row_of_pair(other);
  if (!row.ok()) return;
  const auto& metric = evals::leading_metric(row->traits.kind, scoring);
  modelops::RowResult result;
  const auto answer = evals::parse_answer(candidate.response);
  if (answer.ok()) evals::score_answer(*row, *answer, /*has_judge=*/false, result);
  const auto found = result.scores.find(std::string(metric.name));
  if (found == result.scores.end() && !result.error.empty()) return;  // of the metric's own making
  out.pair.metric = metric.name;
  out.pair.score = found == result.scores.end() ? 0 : found->second;
  out.pair.mistakes = std::move(result.mistakes);
  const bool calls =
      row->traits.kind == modelops::AnswerKind::kToolCalls || (answer.ok() && evals::calls_tools(answer->message));
  (calls ? out.seen.disagreement : out.seen.text_disagreement) = 1 - out.pair.score;
}

}  // namespace

Observation look_at(const Interaction& answered, const GateLimits& limits) {
  Observation seen;
  if (!is_whole(answered)) return seen;
  seen.is_slow = is_slow(answered, limits);
  seen.is_invalid_call = has_invalid_call(answered);
  return seen;
}

Result<evals::EvaluationRow> row_of_pair(const Interaction& other) {
  std::string line = R"({"record_id":"pair","request":)";
  line.append(other.request).append(R"(,"response":)").append(other.response).append("}");
  return evals::parse_row(line);
}

Comparison compare(const Interaction& candidate, const Interaction& other, bool was_candidate_copied,
                   const GateLimits& limits, const evals::ScoringSettings& scoring) {
  Comparison out;
  out.pair.record_id = candidate.id.value();
  out.pair.at = candidate.timestamp;
  out.pair.was_candidate_copied = was_candidate_copied;
  out.pair.is_answered = is_whole(candidate) && is_whole(other);
  out.pair.candidate_seconds = seconds_of(candidate);
  out.pair.other_seconds = seconds_of(other);
  if (was_candidate_copied) {
    out.seen = look_at(candidate, limits);
    out.seen.is_error = !is_whole(candidate);
  }
  out.seen.is_copy = true;
  if (out.pair.is_answered) score(candidate, other, scoring, out);
  return out;
}

std::string to_json(const Pair& pair) {
  const Json json{{"record_id", pair.record_id},
                  {"at", pair.at.time_since_epoch().count()},
                  {"client_had", pair.was_candidate_copied ? "production" : "candidate"},
                  {"is_answered", pair.is_answered},
                  {"metric", pair.metric},
                  {"score", pair.score},
                  {"judge", pair.judge ? Json(*pair.judge) : Json(nullptr)},
                  {"mistakes", pair.mistakes},
                  {"candidate_seconds", pair.candidate_seconds},
                  {"other_seconds", pair.other_seconds}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Pair> pair_of(std::string_view text) {
  try {
    const auto json = Json::parse(text);
    const auto judge = json.find("judge");  // versions that asked no judge wrote none
    return Pair{.record_id = json.at("record_id").get<std::string>(),
                .at = Timestamp(std::chrono::nanoseconds(json.at("at").get<std::int64_t>())),
                .was_candidate_copied = json.at("client_had").get<std::string>() == "production",
                .is_answered = json.at("is_answered").get<bool>(),
                .metric = json.at("metric").get<std::string>(),
                .score = json.at("score").get<double>(),
                .judge = judge == json.end() || judge->is_null() ? std::nullopt : std::optional(judge->get<double>()),
                .mistakes = json.at("mistakes").get<std::vector<std::string>>(),
                .candidate_seconds = json.at("candidate_seconds").get<double>(),
                .other_seconds = json.at("other_seconds").get<double>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace fw::promotion
