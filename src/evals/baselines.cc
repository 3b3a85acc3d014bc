#include "evals/baselines.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "evals/answer.h"
#include "evals/json_text.h"
#include "evals/row.h"
#include "evals/scoring.h"
#include "evals/summary.h"
#include "evals/tool_calls/canonical.h"
#include "evals/tool_calls/comparison.h"

namespace fw::evals {
namespace {

using modelops::AnswerKind;
using modelops::RowResult;

std::string completion_of(const std::string& message) {
  return R"({"choices":[{"message":)" + message + R"(,"finish_reason":"stop"}]})";
}

std::string text_message(const std::string& content_json) {
  return R"({"role":"assistant","content":)" + content_json + "}";
}

/// A row's reference as a message: calls without their ids, or the content.
std::string plain_message(const RowResult& row) {
  using Json = nlohmann::ordered_json;
  const Json reference = Json::parse(row.reference, nullptr, false);
  if (!reference.is_object()) return text_message("\"\"");
  if (row.traits.kind == AnswerKind::kText) return text_message(reference.value("content", Json("")).dump());
  Json calls = Json::array();
  for (const Json& call : reference.value("tool_calls", Json::array()))
    calls.push_back({{"id", "call_0"}, {"type", "function"}, {"function", call.value("function", Json::object())}});
  return Json{{"role", "assistant"}, {"content", nullptr}, {"tool_calls", std::move(calls)}}.dump();
}

/// The same for answers that are scored as equal.
std::string answer_key(const RowResult& row, const std::string& message) {
  if (row.traits.kind == AnswerKind::kText) return message;
  const auto read = parse_python_json(message);
  return read ? canonical_calls(tools_of_request(row.request), calls_of_message(*read)) : message;
}

/// The most frequent answer among rows of this kind (or all), as a message, in the first of its writings; ties go to
/// the first in the alphabet.
std::optional<std::string> most_frequent(std::span<const RowResult> rows, std::optional<AnswerKind> kind) {
  struct Given {
    std::string message;
    double weight = 0;
  };
  std::map<std::string, Given> answers;
  for (const RowResult& row : rows) {
    if (kind && row.traits.kind != *kind) continue;
    std::string message = plain_message(row);
    Given& given = answers[answer_key(row, message)];
    if (given.message.empty()) given.message = std::move(message);
    given.weight += row.weight();
  }
  if (answers.empty()) return std::nullopt;
  return std::ranges::max_element(answers, {}, [](const auto& entry) { return entry.second.weight; })->second.message;
}

/// A call of the request's first tool, without arguments; nothing where it has no tool.
std::optional<std::string> first_tool_call(const EvaluationRow& row) {
  for (const JsonMember& member : json_members(row.request)) {
    if (member.name != "tools") continue;
    const auto tools = parse_python_json(member.value);
    if (!tools || !tools->list() || tools->list()->empty()) return std::nullopt;
    const PythonValue* function = tools->list()->front().find("function");
    const PythonValue* name = function ? function->find("name") : nullptr;
    if (!name || !name->string()) return std::nullopt;
    return R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":)" +
           json_quoted(*name->string()) + R"(,"arguments":"{}"}}]})";
  }
  return std::nullopt;
}

std::vector<EvaluationRow> questions_of(std::span<const RowResult> rows) {
  std::vector<EvaluationRow> questions;
  for (const RowResult& row : rows) {
    auto question = parse_row(R"({"record_id":)" + json_quoted(row.record_id) + "," + traits_members(row.traits) +
                              R"(,"request":)" + row.request + R"(,"response":)" + completion_of(row.reference) + "}");
    if (!question) return {};
    questions.push_back(std::move(question).value());
  }
  return questions;
}

class BaselineMaker final {
 public:
  BaselineMaker(std::span<const RowResult> rows, const ScoringSettings& settings)
      : rows_(rows), settings_(settings), rated_(trivial_text(rows)), questions_(questions_of(rows)) {}

  /// `message_for` gives an optional message for each question; without one the row fails.
  template <class MessageFor>
  void add(std::string name, std::string title, MessageFor message_for) {
    if (questions_.size() != rows_.size()) return;
    Baseline one{.name = std::move(name), .title = std::move(title)};
    for (std::size_t i = 0; i < questions_.size(); ++i) {
      RowResult result{.record_id = rows_[i].record_id,
                       .traits = rows_[i].traits,
                       .ask = rows_[i].ask,
                       .asks = rows_[i].asks,
                       .failure = "no answer"};
      const std::optional<std::string> message = message_for(questions_[i]);
      const std::string completion = message ? completion_of(*message) : "";
      if (const auto answer = message ? parse_answer(completion) : Result<Answer>(internal("none"))) {
        result.failure.clear();
        score_answer(questions_[i], *answer, settings_.has_judge, result);
      }
      if (settings_.has_judge && completion == rated_ && needs_judge(result)) {
        result.scores = rows_[i].scores;
        result.error = rows_[i].error;
      }
      one.rows.push_back(std::move(result));
    }
    const auto agreement = agreement_over(one.rows, settings_, [](const RowResult&) { return true; });
    if (!agreement) return;
    one.agreement = *agreement;
    made_.push_back(std::move(one));
  }

  std::vector<Baseline> take() {
    std::ranges::stable_sort(made_,
                             [](const Baseline& a, const Baseline& b) { return a.agreement.mean > b.agreement.mean; });
    return std::move(made_);
  }

 private:
  std::span<const RowResult> rows_;
  const ScoringSettings settings_;
  const std::string rated_;  ///< what the judge has rated where there is one: no other text is said
  const std::vector<EvaluationRow> questions_;
  std::vector<Baseline> made_;
};

}  // namespace

std::string trivial_text(std::span<const RowResult> rows) {
  return completion_of(most_frequent(rows, AnswerKind::kText).value_or(text_message("\"\"")));
}

std::vector<Baseline> trivial_baselines(std::span<const RowResult> rows, const ScoringSettings& settings) {
  BaselineMaker maker(rows, settings);
  const auto text = most_frequent(rows, AnswerKind::kText), any = most_frequent(rows, std::nullopt);
  const auto no_call = text.value_or(text_message("\"\""));
  maker.add("no_call", "always answering without a call", [&](const EvaluationRow&) { return std::optional(no_call); });
  maker.add("most_frequent", "always the most frequent answer", [&](const EvaluationRow&) { return any; });
  const bool has_calls =
      std::ranges::any_of(rows, [](const RowResult& row) { return row.traits.kind == AnswerKind::kToolCalls; });
  if (has_calls) maker.add("first_tool", "always calling the first tool, without arguments", first_tool_call);
  return maker.take();
}

}  // namespace fw::evals
