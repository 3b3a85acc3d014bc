#include "api/jobs.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/job_json.h"
#include "api/job_request.h"
#include "api/query_params.h"
#include "api/request_body.h"
#include "api/traffic_choice.h"
#include "async/either_stop.h"
#include "net/sse.h"
#include "pages/report_page.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kBetweenLooks = std::chrono::seconds(1);  // at whether who reads an event stream still may
constexpr int kQuietLooks = 10;                              // then a heartbeat shows whether they are there
constexpr std::int64_t kMostListed = 1000;

net::Response id_and_message(const runs::JobId& id, std::string_view message) {
  return answer(200, {{"id", *id}, {"message", message}});
}

std::string_view name_of(metastore::DeliveryStatus status) {
  switch (status) {
    case metastore::DeliveryStatus::kPending: return "pending";
    case metastore::DeliveryStatus::kDelivered: return "delivered";
    case metastore::DeliveryStatus::kFailed: return "failed";
  }
  return "unknown";
}

Json delivery_json(const metastore::Delivery& delivery) {
  Json attempts = Json::array();
  for (const auto& a : delivery.attempts) {
    attempts.push_back({{"at", to_iso8601(a.at)}, {"status", a.http_status}, {"error", a.error}});
  }
  return {{"id", delivery.id},
          {"url", delivery.url},
          {"status", name_of(delivery.status)},
          {"attempts", std::move(attempts)}};
}

std::int64_t last_event_id(const net::Headers& headers) {
  const auto text = headers.find("Last-Event-ID").value_or("");
  std::int64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return std::max<std::int64_t>(id, 0);
}

/// Relays events until the job has ended, the client is gone or not to read them any more, or the server stops.
Task<Status> relay(runs::Subscription subscription, std::function<bool()> may_read, net::SseWriter& out,
                   Deadline deadline) {
  FW_CO_TRY(co_await out.start(deadline));
  int quiet = 0;
  while (true) {
    auto event = co_await subscription.next(deadline.within(kBetweenLooks));
    if (!may_read()) co_return co_await out.finish(deadline);
    if (!event.ok() && event.error().code == ErrorCode::kDeadlineExceeded) {
      if (++quiet % kQuietLooks == 0) FW_CO_TRY(co_await out.heartbeat(deadline));
      continue;
    }
    if (!event.ok()) co_return std::move(event).error();
    if (!event->has_value()) break;
    quiet = 0;
    net::SseEvent sse;
    sse.event = (*event)->kind;
    sse.data = (*event)->data;
    if ((*event)->id) sse.id = std::to_string(*(*event)->id);
    FW_CO_TRY(co_await out.send(std::move(sse), deadline));
  }
  net::SseEvent end;
  end.event = "end";
  end.data = "{}";
  FW_CO_TRY(co_await out.send(std::move(end), deadline));
  co_return co_await out.finish(deadline);
}

template <class Id>
Id required_id(const Json& body, const char* field, std::vector<FieldProblem>& problems) {
  std::string text = required_text(body, field, problems);
  if (text.empty()) return {};
  auto id = Id::parse(std::move(text));
  if (id.ok()) return std::move(id).value();
  problems.push_back({"value_error", {"body", field}, std::string(field) + ' ' + id.error().message, body.at(field)});
  return {};
}

/// A field that may be left out.
bool optional_truth(const Json& body, const char* field, std::vector<FieldProblem>& problems) {
  const auto found = body.find(field);
  if (found == body.end() || found->is_null()) return false;
  if (found->is_boolean()) return found->get<bool>();
  problems.push_back({"bool_parsing", {"body", field}, "Input should be true or false", *found});
  return false;
}

}  // namespace

JobsResource::JobsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk, SplitOverrides overrides,
                           std::function<std::vector<std::string>()> warnings,
                           std::function<Status(const runs::JobId&)> check_unused, StillKnown is_known)
    : runs_(runs),
      log_(log, disk),
      overrides_(std::move(overrides)),
      warnings_(std::move(warnings)),
      check_unused_(std::move(check_unused)),
      is_known_(std::move(is_known)) {}

void JobsResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kPost, "/api/jobs", [this](Call call) { return create(std::move(call)); });
  router.on(Method::kGet, "/api/jobs", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kGet, "/api/jobs/{id}", [this](Call call) { return detail(std::move(call)); });
  router.on(Method::kPost, "/api/jobs/{id}/cancel", [this](Call call) { return cancel(std::move(call)); });
  router.on(Method::kDelete, "/api/jobs/{id}", [this](Call call) { return remove(std::move(call)); });
  router.on(Method::kGet, "/api/jobs/{id}/report", [this](Call call) { return report(std::move(call)); });
  router.on(Method::kGet, "/api/jobs/{id}/report.html", [this](Call call) { return report_page(std::move(call)); });
  router.on(Method::kGet, "/api/jobs/{id}/deliveries", [this](Call call) { return deliveries(std::move(call)); });
  router.on(Method::kGet, "/api/jobs/{id}/engine_log", [this](Call call) { return engine_log(std::move(call)); });
  router.on_stream(Method::kGet, "/api/jobs/{id}/events",
                   [this](net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out) {
                     return events(request, std::move(params), out);
                   });
}

Task<Result<net::Response>> JobsResource::create(net::Call call) {
  std::vector<FieldProblem> problems;
  Json body;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  runs::JobRequest request;
  request.workload = required_id<record::WorkloadId>(body, "workload_id", problems);
  request.client = required_id<record::ClientId>(body, "client_id", problems);
  request.datasets_only = optional_truth(body, "datasets_only", problems);
  const auto split = read_split_request(body, overrides_, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  request.split = split.settings;
  FW_CO_TRY(co_await check_possible(request, call.deadline));
  auto job = co_await runs_.create(std::move(request));
  if (!job.ok()) co_return std::move(job).error();
  // The blueprint answers `queued` here and calls the same state `pending` everywhere else.
  co_return answer(200,
                   {{"id", *job->id}, {"status", "queued"}, {"message", "the job is queued" + said_of(split.ignored)}});
}

Task<Status> JobsResource::check_possible(runs::JobRequest request, Deadline deadline) {
  if (!request.datasets_only && runs_.config().candidates.empty()) {
    co_return failed_precondition(
        "this service has no candidate models: start it with --config FILE, whose nims name at "
        "least one (docs/configuration.md)");
  }
  FW_CO_ASSIGN(const auto known, co_await log_.workloads(deadline));
  std::vector<Traffic> traffic;
  for (const auto& one : known) traffic.push_back({*one.workload, *one.client});
  if (const auto found = choose_traffic(traffic, *request.workload, *request.client); !found.ok())
    co_return found.error();
  co_return Status{};
}

Task<Result<net::Response>> JobsResource::list(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto limit = query_number(call.query, "limit", 1, kMostListed, problems);
  const auto cursor = query_number(call.query, "cursor", 0, INT64_MAX, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_TRY(runs_.loaded());
  const auto page = runs_.list(limit ? static_cast<std::size_t>(*limit) : SIZE_MAX, cursor);
  Json jobs = Json::array();
  for (const auto& job : page.jobs) jobs.push_back(job_summary(job));
  Json body{{"jobs", std::move(jobs)}};
  // Without parameters the answer is the blueprint's.
  if (limit || cursor) body["next_cursor"] = page.next ? Json(std::to_string(*page.next)) : Json(nullptr);
  co_return answer(200, body);
}

Task<Result<net::Response>> JobsResource::detail(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const runs::Job job, runs_.find(id));
  co_return answer(200, job_detail(job, warnings_of(job)));
}

std::vector<std::string> JobsResource::warnings_of(const runs::Job& job) const {
  std::vector<std::string> warnings;
  if (runs::is_finished(job.status)) return warnings;
  if (warnings_) warnings = warnings_();
  if (const auto trouble = runs_.trouble(); !trouble.ok())
    warnings.insert(warnings.begin(),
                    "jobs wait until the service can note that they begin: " + trouble.error().message);
  return warnings;
}

Task<Result<net::Response>> JobsResource::cancel(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_TRY(co_await runs_.cancel(id));
  co_return id_and_message(id, "the job is being cancelled");
}

Task<Result<net::Response>> JobsResource::remove(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  if (check_unused_) FW_CO_TRY(check_unused_(id));
  FW_CO_TRY(co_await runs_.remove(id));
  co_return id_and_message(id, "the job and what it made are being deleted");
}

Task<Result<net::Response>> JobsResource::report(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(std::string json, co_await runs_.report(id));
  co_return net::json_response(200, std::move(json));
}

Task<Result<net::Response>> JobsResource::report_page(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const std::string json, co_await runs_.report(id));
  net::Response response;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  // A file to keep and send around. It has scripts within it, which no page of this origin is to have.
  response.headers.set("Content-Disposition", "attachment; filename=\"report-" + *id + ".html\"");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body = pages::report_page(json);
  co_return response;
}

Task<Result<net::Response>> JobsResource::deliveries(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const auto all, co_await runs_.deliveries(id));
  Json out = Json::array();
  for (const auto& delivery : all) out.push_back(delivery_json(delivery));
  co_return answer(200, {{"deliveries", std::move(out)}});
}

Task<Result<net::Response>> JobsResource::engine_log(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto candidate = query_number(call.query, "candidate", 0, INT32_MAX, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const auto logs, co_await runs_.engine_logs(id, static_cast<std::size_t>(candidate.value_or(0))));
  Json engines = Json::array();
  for (const auto& log : logs) {
    engines.push_back({{"candidate", log.candidate},
                       {"stage", runs::to_string(log.stage)},
                       {"is_running", log.is_running},
                       {"lines", log.lines}});
  }
  co_return answer(200, {{"engines", std::move(engines)}});
}

Task<void> JobsResource::events(net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out) {
  auto id = runs::parse_job_id(params.at("id"));
  if (!id.ok()) {
    (void)co_await out.send(net::error_response(id.error()), request.deadline);
    co_return;
  }
  auto subscription = runs_.subscribe(*id, last_event_id(request.headers));
  if (!subscription.ok()) {
    (void)co_await out.send(net::error_response(subscription.error()), request.deadline);
    co_return;
  }
  net::SseWriter writer(out);
  const EitherStop stop(request.deadline.stop_token(), request.stopping);
  const auto may_read = [&] { return !is_known_ || is_known_(request); };
  const auto relayed = co_await relay(std::move(*subscription), may_read, writer, Deadline::when_stopped(stop.token()));
  // Nobody reads any more, or the server stops: then the reader comes back with Last-Event-ID.
  if (!relayed.ok() && relayed.error().code == ErrorCode::kCancelled) co_await writer.end_with_stopping();
}

}  // namespace fw::api
