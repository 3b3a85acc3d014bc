#include "api/live.h"

#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "async/either_stop.h"
#include "base/hash.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kBetweenLooks = std::chrono::seconds(1);
/// Looks without a change after which a comment shows whether the reader is still there.
constexpr int kQuietLooks = 10;

std::string traffic_of(const std::vector<logstore::WorkloadSummary>& workloads) {
  std::uint64_t records = 0;
  Timestamp newest{};
  for (const auto& each : workloads) {
    records += each.records;
    newest = std::max(newest, each.newest);
  }
  return dump({{"records", records},
               {"workloads", workloads.size()},
               {"newest", workloads.empty() ? Json(nullptr) : Json(to_iso8601(newest))}});
}

/// Changes whenever a job's status or stage does; `revision` is the same for the same state.
std::string jobs_of(const std::vector<runs::Job>& jobs) {
  std::uint64_t unfinished = 0;
  std::string state;
  for (const auto& job : jobs) {
    unfinished += runs::is_finished(job.status) ? 0 : 1;
    state += *job.id + std::string(runs::to_string(job.status)) + (job.stage ? runs::to_string(*job.stage) : "") + ';';
  }
  return dump({{"jobs", jobs.size()}, {"unfinished", unfinished}, {"revision", std::to_string(hash64(state))}});
}

std::string revision_of(std::uint64_t revision) { return dump({{"revision", std::to_string(revision)}}); }

/// An event of `kind` when `now` is not what was told last.
Task<Status> tell_change(net::SseWriter& out, const char* kind, std::string now, std::string& told, Deadline deadline) {
  if (now == told) co_return Status{};
  told = now;
  net::SseEvent event;
  event.event = kind;
  event.data = std::move(now);
  co_return co_await out.send(std::move(event), deadline);
}

}  // namespace

void LiveResource::add_to(net::Router& router) {
  router.on_stream(net::Method::kGet, "/api/events",
                   [this](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) {
                     return events(request, out);
                   });
}

Task<void> LiveResource::events(net::IncomingRequest& request, net::ResponseWriter& out) {
  net::SseWriter writer(out);
  const EitherStop stop(request.deadline.stop_token(), request.stopping);
  // It ends where nobody reads any more, the log store cannot be read, or the server stops; the reader comes again.
  const Status told = co_await tell(request, writer, Deadline::when_stopped(stop.token()));
  if (!told.ok() && told.error().code == ErrorCode::kCancelled) co_await writer.end_with_stopping();
}

Task<Status> LiveResource::tell(const net::IncomingRequest& request, net::SseWriter& out, Deadline deadline) {
  FW_CO_TRY(co_await out.start(deadline));
  std::string traffic, jobs, audit;
  std::vector<std::string> told(revisions_.size());
  for (int looks = 0; is_known_(request); ++looks) {
    FW_CO_ASSIGN(const auto workloads, co_await run_on(disk_, [this] { return log_.workloads(); }));
    FW_CO_TRY(co_await tell_change(out, "traffic", traffic_of(workloads), traffic, deadline));
    FW_CO_TRY(co_await tell_change(out, "jobs", jobs_of(runs_.list()), jobs, deadline));
    for (std::size_t i = 0; i < revisions_.size(); ++i) {
      const LiveRevision& each = revisions_[i];
      FW_CO_TRY(co_await tell_change(out, each.kind, revision_of(each.read()), told[i], deadline));
    }
    if (audit_ != nullptr) {
      FW_CO_TRY(co_await tell_change(out, "audit", dump({{"entries", audit_->last_number()}}), audit, deadline));
    }
    if (looks % kQuietLooks == kQuietLooks - 1) FW_CO_TRY(co_await out.heartbeat(deadline));
    FW_CO_TRY(co_await sleep_for(kBetweenLooks, deadline));
  }
  co_return co_await out.finish(deadline);
}

}  // namespace fw::api
