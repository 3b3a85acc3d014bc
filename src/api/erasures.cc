#include "api/erasures.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "api/access.h"
#include "api/answer.h"
#include "api/report_rows.h"
#include "api/request_body.h"
#include "runs/erasure.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kAction = "log.erase";
constexpr std::size_t kMostIds = 10'000;
constexpr std::size_t kMostText = 4096;
constexpr std::size_t kShownIds = 20;
constexpr std::size_t kAuditPage = 1000;

std::vector<record::RecordId> ids_of(const Json& body, std::vector<FieldProblem>& problems) {
  std::vector<record::RecordId> ids;
  const auto found = body.find("records");
  if (found == body.end() || found->is_null()) return ids;
  if (found->is_array() && found->size() <= kMostIds) {
    for (const Json& id : *found) {
      if (id.is_string()) ids.emplace_back(id.get<std::string>());
    }
    if (ids.size() == found->size()) return ids;
  }
  problems.push_back({"list_type",
                      {"body", "records"},
                      "records is not a list of at most " + std::to_string(kMostIds) + " record ids",
                      nullptr});
  return {};
}

runs::ErasureRequest request_of(const Json& body, std::vector<FieldProblem>& problems) {
  runs::ErasureRequest request;
  request.records = ids_of(body, problems);
  if (auto workload = optional_text(body, "workload_id", kMostText, problems); !workload.empty()) {
    request.workload = record::WorkloadId(std::move(workload));
  }
  if (auto client = optional_text(body, "client_id", kMostText, problems); !client.empty()) {
    request.client = record::ClientId(std::move(client));
  }
  request.containing = optional_text(body, "containing", kMostText, problems);
  return request;
}

/// `dry_run`, true unless it is said to be false.
bool is_dry(const Json& body, std::vector<FieldProblem>& problems) {
  const auto found = body.find("dry_run");
  if (found == body.end() || found->is_null()) return true;
  if (found->is_boolean()) return found->get<bool>();
  problems.push_back({"bool_type", {"body", "dry_run"}, "dry_run is neither true nor false", *found});
  return true;
}

Json jobs_json(const std::vector<runs::AffectedJob>& jobs, const std::vector<promotion::Proposal>& proposals) {
  Json list = Json::array();
  for (const auto& job : jobs) {
    Json promotions = Json::array();
    for (const auto& proposal : proposals) {
      if (proposal.candidate.job == *job.id) {
        promotions.push_back({{"id", proposal.id}, {"stage", promotion::to_string(proposal.stage)}});
      }
    }
    list.push_back({{"id", *job.id},
                    {"workload_id", *job.workload},
                    {"training_rows", job.train},
                    {"validation_rows", job.validation},
                    {"evaluation_rows", job.evaluation},
                    {"adapters", job.adapters},
                    {"promotions", std::move(promotions)}});
  }
  return list;
}

/// What was asked for without the text itself, which would live on in the audit log.
Json asked_json(const runs::ErasureRequest& request) {
  Json asked = Json::object();
  if (!request.records.empty()) asked["records"] = request.records.size();
  if (request.workload) asked["workload_id"] = **request.workload;
  if (request.client) asked["client_id"] = **request.client;
  if (!request.containing.empty()) asked["containing"] = true;
  return asked;
}

Json traces_json(const TraceCounts& traces) {
  return {{"quarantined_lines", traces.quarantined_lines},
          {"review_rows", traces.review_rows},
          {"ratings", traces.ratings}};
}

/// Calls `visit(entry, details)` for every erasure that was begun.
template <class Visit>
void for_each_erasure(const audit::AuditLog& audit, Visit visit) {
  std::uint64_t after = 0;
  while (true) {
    const auto page = audit.entries(after, kAuditPage);
    for (const auto& entry : page) {
      after = entry.number;
      if (entry.event.action != kAction) continue;
      Json details = Json::parse(entry.event.details, nullptr, false);
      if (details.is_object()) visit(entry, std::move(details));
    }
    if (page.size() < kAuditPage) return;
  }
}

/// Does any erasure name rows of the job?
bool is_named(const audit::AuditLog& audit, const runs::JobId& job) {
  bool named = false;
  for_each_erasure(audit, [&](const auto&, const Json& details) {
    for (const Json& one : details.value("jobs", Json::array())) named = named || one.value("id", "") == *job;
  });
  return named;
}

}  // namespace

void ErasuresResource::add_to(net::Router& router) {
  router.on(net::Method::kPost, "/api/log/erasures", [this](net::Call call) { return erase(std::move(call)); });
  router.on(net::Method::kGet, "/api/log/erasures", [this](net::Call call) { return list(std::move(call)); });
  router.on(net::Method::kGet, "/api/traffic/{id}/lineage",
            [this](net::Call call) { return lineage(std::move(call)); });
  router.on(net::Method::kGet, "/api/jobs/{id}/datasets/erased",
            [this](net::Call call) { return erased_of_job(std::move(call)); });
}

Task<Result<net::Response>> ErasuresResource::erased_of_job(net::Call call) {
  FW_CO_ASSIGN(const runs::JobId id, runs::parse_job_id(call.params.at("id")));
  FW_CO_ASSIGN(const runs::Job job, runs_.find(id));
  auto body = co_await run_if_room(disk_, [&]() -> Result<Json> {
    Json erased = Json::array();
    if (is_named(audit_, id)) {
      FW_ASSIGN(const auto ids, runs::records_of_rows(job, call.deadline));
      FW_ASSIGN(const auto logged, still_logged(log_, ids));
      for (const auto& record : ids) {
        if (!logged.contains(*record)) erased.push_back(*record);
      }
    }
    return Json{{"record_ids", std::move(erased)}};
  });
  if (!body.ok()) co_return body.error();
  co_return answer(200, *body);
}

Task<Result<net::Response>> ErasuresResource::lineage(net::Call call) {
  auto id = record::RecordId::parse(call.params.at("id"));
  if (!id.ok()) co_return invalid_argument("the id " + id.error().message);
  auto jobs = co_await run_if_room(disk_, [&]() -> Result<Json> {
    FW_ASSIGN(const auto made, runs::made_of(runs_.list(), std::span(&*id, 1), call.deadline));
    if (made.empty()) {
      FW_ASSIGN(const auto known, log_.find(*id));
      if (!known) return not_found("the log has no record " + **id + ", and no run has rows of it");
    }
    return jobs_json(made, promotions_.all());
  });
  if (!jobs.ok()) co_return jobs.error();
  co_return answer(200, {{"jobs", std::move(*jobs)}});
}

Task<Result<net::Response>> ErasuresResource::erase(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const auto request = request_of(body, problems);
  const bool dry = is_dry(body, problems);
  const std::string reason = optional_text(body, "reason", kMostText, problems);
  const std::string person = dry ? std::string() : acting_person(call, body, problems);
  if (!problems.empty()) co_return unprocessable(problems);
  auto done = co_await run_if_room(disk_, [&]() -> Result<Json> {
    FW_ASSIGN(const auto found, runs::find_erasure(log_, runs_.list(), request, call.deadline));
    FW_ASSIGN(const TraceCounts traces, traces_.count(request, found.records));
    Json ids = Json::array();
    for (std::size_t i = 0; i < std::min(found.records.size(), kShownIds); ++i) ids.push_back(*found.records[i]);
    Json result{{"records", found.records.size()},
                {"erased", 0},
                {"without_content", found.without_content},
                {"record_ids", std::move(ids)},
                {"traces", traces_json(traces)},
                {"jobs", jobs_json(found.jobs, promotions_.all())}};
    if (dry || (found.records.empty() && traces == TraceCounts())) return result;
    // Before the first record goes: what was begun can be seen, and asked for again.
    const Json details{{"asked", asked_json(request)},
                       {"records", found.records.size()},
                       {"traces", result["traces"]},
                       {"jobs", result["jobs"]}};
    FW_ASSIGN(const auto entry,
              audit_.append(
                  {.person = person, .action = kAction, .subject = "log", .reason = reason, .details = dump(details)}));
    // The records last: as long as they are there, the same request finds what else there is.
    FW_ASSIGN(const TraceCounts gone, traces_.erase(request, found.records));
    FW_ASSIGN(const std::uint64_t erased, runs::erase_records(log_, found.records, call.deadline));
    result["erased"] = erased;
    // What was made of a record while it was still there. What comes later finds no record, and is not kept.
    FW_ASSIGN(const TraceCounts late, traces_.erase(request, found.records));
    result["traces"] = traces_json(gone + late);
    result["audit_entry"] = entry.number;
    return result;
  });
  if (!done.ok()) co_return done.error();
  co_return answer(200, *done);
}

Task<Result<net::Response>> ErasuresResource::list(net::Call) {
  std::set<std::string> present;
  for (const auto& job : runs_.list()) present.insert(*job.id);
  Json erasures = co_await run_on(disk_, [&] {
    Json list = Json::array();
    for_each_erasure(audit_, [&](const auto& entry, Json one) {
      for (Json& job : one["jobs"]) job["is_present"] = present.contains(job.value("id", ""));
      one["at"] = to_iso8601(entry.at);
      one["person"] = entry.event.person;
      one["reason"] = entry.event.reason;
      one["audit_entry"] = entry.number;
      list.push_back(std::move(one));
    });
    return list;
  });
  co_return answer(200, {{"erasures", std::move(erasures)}});
}

}  // namespace fw::api
