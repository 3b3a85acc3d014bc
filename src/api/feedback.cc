#include "api/feedback.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/answer.h"
#include "api/request_body.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostComment = 4096;

Json feedback_json(const promotion::Feedback& f) {
  Json json = Json::parse(promotion::to_json(f));
  json["at"] = to_iso8601(f.at);
  return json;
}

/// `score` from 0 to 1, or `outcome`, good or bad: one of them, so that they do not contradict each other.
std::optional<double> score_of(const Json& body, std::vector<FieldProblem>& problems) {
  const auto given = [&body](const char* field) { return body.value(field, Json()); };
  const Json score = given("score"), outcome = given("outcome");
  if (!score.is_null() && !outcome.is_null()) {
    problems.push_back({"value_error", {"body", "outcome"}, "give score or outcome, not both", outcome});
    return std::nullopt;
  }
  if (score.is_number() && score >= 0 && score <= 1) return score.get<double>();
  if (outcome == "good") return 1;
  if (outcome == "bad") return 0;
  const char* field = outcome.is_null() ? "score" : "outcome";
  problems.push_back({"value_error", {"body", field}, "give score, 0 to 1, or outcome, good or bad", given(field)});
  return std::nullopt;
}

}  // namespace

Task<net::Response> answer_feedback(TakeFeedback take, std::string text, auth::Caller caller) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(text, body, problems)) co_return unprocessable(problems);
  promotion::Rating rating{.id = required_text(body, "id", problems)};
  const auto score = score_of(body, problems);
  const auto comment = body.find("comment");
  if (comment != body.end() && comment->is_string()) rating.comment = comment->get<std::string>();
  const bool is_comment = comment == body.end() || comment->is_null() || comment->is_string();
  if (!is_comment || rating.comment.size() > kMostComment) {
    problems.push_back({"string_type", {"body", "comment"}, "is not a text of at most 4096 bytes", *comment});
  }
  if (!problems.empty()) co_return unprocessable(problems);
  rating.score = *score;
  const auto taken = co_await take(std::move(rating), std::move(caller));
  co_return taken.ok() ? answer(201, feedback_json(*taken)) : net::error_response(taken.error());
}

void FeedbackResource::add_to(net::Router& router) {
  router.on(net::Method::kPost, "/api/feedback", [this](net::Call call) { return post(std::move(call)); });
  router.on(net::Method::kGet, "/api/feedback", [this](net::Call call) { return list(std::move(call)); });
}

Task<Result<net::Response>> FeedbackResource::post(net::Call call) {
  co_return co_await answer_feedback(take_, std::move(call.request.body), auth::caller_of(call));
}

Task<Result<net::Response>> FeedbackResource::list(net::Call) {
  Json list = Json::array();
  for (const auto& one : recent_(promotion::FeedbackLog::kMostShown)) list.push_back(feedback_json(one));
  co_return answer(200, {{"feedback", std::move(list)}});
}

}  // namespace fw::api
