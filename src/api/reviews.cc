#include "api/reviews.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/access.h"
#include "api/answer.h"
#include "api/query_params.h"
#include "api/request_body.h"
#include "api/review_json.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostPerson = 100;
constexpr std::size_t kMostNote = 10'000;
constexpr std::size_t kMostTags = 20;
constexpr std::size_t kMostCorrected = 1 << 20;

void check_person(const std::string& person, const char* where, std::vector<FieldProblem>& problems) {
  if (!person.empty() && person.size() <= kMostPerson && record::check_id(person, kMostPerson).ok()) return;
  problems.push_back({"value_error",
                      {where, "person"},
                      "Input should be a name of at most 100 bytes without control characters",
                      person});
}

/// A verdict by side, as one who judged blind says it, or by owner, as a script may.
std::optional<review::Verdict> read_verdict(const Json& body, bool candidate_is_left,
                                            std::vector<FieldProblem>& problems) {
  const std::string said =
      body.contains("verdict") && body["verdict"].is_string() ? body["verdict"].get<std::string>() : "";
  if (const auto verdict = review::verdict_of_sides(said, candidate_is_left)) return verdict;
  if (const auto verdict = review::verdict_from_string(said)) return verdict;
  problems.push_back({"enum",
                      {"body", "verdict"},
                      "Input should be left_better, right_better, both_fine, both_wrong, cannot_tell, candidate_better "
                      "or production_better",
                      body.value("verdict", Json())});
  return std::nullopt;
}

void read_words(const Json& body, review::Label& label, std::vector<FieldProblem>& problems) {
  const Json note = body.value("note", Json(""));
  if (note.is_string() && note.get_ref<const std::string&>().size() <= kMostNote) {
    label.note = note;
  } else {
    problems.push_back({"string_type", {"body", "note"}, "Input should be text of at most 10,000 bytes", note});
  }
  const Json tags = body.value("tags", Json::array());
  const bool are_texts = tags.is_array() && tags.size() <= kMostTags && std::ranges::all_of(tags, [](const Json& tag) {
                           return tag.is_string() && tag.get_ref<const std::string&>().size() <= 100;
                         });
  if (are_texts) {
    label.tags = tags.get<std::vector<std::string>>();
  } else {
    problems.push_back({"list_type", {"body", "tags"}, "Input should be at most 20 texts of at most 100 bytes", tags});
  }
}

/// A message as production would have to give it: with text, calls or both.
void read_corrected(const Json& body, review::Label& label, std::vector<FieldProblem>& problems) {
  const Json corrected = body.value("corrected", Json());
  if (corrected.is_null()) return;
  const bool has_text = corrected.is_object() && corrected.contains("content") && corrected["content"].is_string();
  const bool has_calls =
      corrected.is_object() && corrected.contains("tool_calls") && corrected["tool_calls"].is_array();
  label.corrected = dump(corrected);
  if ((has_text || has_calls) && label.corrected.size() <= kMostCorrected) return;
  problems.push_back(
      {"value_error",
       {"body", "corrected"},
       "Input should be an assistant's message with content (text) or tool_calls (a list), of at most 1 MiB",
       corrected});
}

}  // namespace

void ReviewsResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/reviews", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kPost, "/api/reviews", [this](Call call) { return open(std::move(call)); });
  router.on(Method::kGet, "/api/reviews/{id}", [this](Call call) { return one(std::move(call)); });
  router.on(Method::kGet, "/api/reviews/{id}/labels.jsonl", [this](Call call) { return labels(std::move(call)); });
  router.on(Method::kGet, "/api/reviews/{id}/items/{record}", [this](Call call) { return card(std::move(call)); });
  router.on(Method::kPost, "/api/reviews/{id}/items/{record}/labels",
            [this](Call call) { return label(std::move(call)); });
  router.on(Method::kDelete, "/api/reviews/{id}/items/{record}/labels",
            [this](Call call) { return withdraw(std::move(call)); });
}

Task<Result<net::Response>> ReviewsResource::list(net::Call) {
  Json out = Json::array();
  FW_CO_TRY(co_await run_on(disk_, [&]() -> Status {
    FW_ASSIGN(const auto all, reviews_.list());
    for (const auto& each : all) {
      FW_ASSIGN(const auto whole, reviews_.whole(each.id));
      out.push_back(review_summary(whole));
    }
    return {};
  }));
  co_return answer(200, {{"reviews", std::move(out)}});
}

Task<Result<net::Response>> ReviewsResource::open(net::Call call) {
  std::vector<FieldProblem> problems;
  Json body;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const std::string job = required_text(body, "job_id", problems);
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const auto id, runs::parse_job_id(job));
  FW_CO_ASSIGN(const std::string review, co_await opener_.open(id));
  co_return answer(200, {{"id", review}, {"job_id", *id}});
}

Task<Result<net::Response>> ReviewsResource::one(net::Call call) {
  const std::string person = person_of(call, query_text(call.query, "person"));
  const std::string from = query_text(call.query, "source");
  const auto source = review::source_from_string(from);
  if (!from.empty() && !source) {
    const FieldProblem problem{"enum", {"query", "source"}, "Input should be evaluation or shadow", from};
    co_return unprocessable({problem});
  }
  FW_CO_ASSIGN(const auto whole, co_await run_on(disk_, [&] { return reviews_.whole(call.params.at("id")); }));
  Json out = review_summary(whole);
  out["queue"] = review_items(whole, person, source);
  co_return answer(200, out);
}

Task<Result<net::Response>> ReviewsResource::card(net::Call call) {
  const std::string person = person_of(call, query_text(call.query, "person"));
  std::vector<FieldProblem> problems;
  check_person(person, "query", problems);
  const auto reveal = query_number(call.query, "reveal", 0, 1, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  Json out;
  FW_CO_TRY(co_await run_on(disk_, [&]() -> Status {
    FW_ASSIGN(const auto whole, reviews_.whole(call.params.at("id")));
    FW_ASSIGN(const auto item, reviews_.item(call.params.at("id"), call.params.at("record")));
    out = review_card(whole, item, person, reveal == 1);
    return {};
  }));
  co_return answer(200, out);
}

Task<Result<net::Response>> ReviewsResource::label(net::Call call) {
  std::vector<FieldProblem> problems;
  Json body;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  review::Label label{.record_id = call.params.at("record")};
  label.person = acting_person(call, body, problems);
  if (problems.empty()) check_person(label.person, "body", problems);
  const auto& id = call.params.at("id");
  const auto verdict = read_verdict(body, review::is_candidate_left(id, label.record_id, label.person), problems);
  label.verdict = verdict.value_or(review::Verdict::kCannotTell);
  read_words(body, label, problems);
  read_corrected(body, label, problems);
  const Json alike = body.value("alike", Json(false));
  if (!alike.is_boolean()) problems.push_back({"bool_type", {"body", "alike"}, "Input should be true or false", alike});
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const auto labelled, co_await run_on(disk_, [&] { return reviews_.label(id, label, alike); }));
  co_return answer(200, {{"labelled", labelled}});
}

Task<Result<net::Response>> ReviewsResource::withdraw(net::Call call) {
  const std::string person = person_of(call, query_text(call.query, "person"));
  std::vector<FieldProblem> problems;
  check_person(person, "query", problems);
  const std::string alike = query_text(call.query, "alike");
  if (!alike.empty() && alike != "true" && alike != "false") {
    problems.push_back({"bool_type", {"query", "alike"}, "Input should be true or false", alike});
  }
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const auto withdrawn, co_await run_on(disk_, [&] {
                 return reviews_.withdraw(call.params.at("id"), call.params.at("record"), person, alike == "true");
               }));
  co_return answer(200, {{"message", "withdrawn"}, {"withdrawn", withdrawn}});
}

Task<Result<net::Response>> ReviewsResource::labels(net::Call call) {
  net::Response response;
  FW_CO_TRY(co_await run_on(disk_, [&]() -> Status {
    FW_ASSIGN(const auto whole, reviews_.whole(call.params.at("id")));
    for (const auto& label : whole.labels) {
      FW_ASSIGN(const auto item, reviews_.item(whole.review.id, label.record_id));
      response.body += dump(review_label_line(whole.review, label, item)) + '\n';
    }
    return {};
  }));
  response.headers.set("Content-Type", "application/x-ndjson");
  response.headers.set("X-Content-Type-Options", "nosniff");
  co_return response;
}

}  // namespace fw::api
