#include "review/opener.h"

#include <nlohmann/json.hpp>

#include "base/log.h"

namespace fw::review {
namespace {

constexpr Duration kBetweenLooks = std::chrono::seconds(2);

bool is_promising(const std::string& report) {
  const auto parsed = nlohmann::json::parse(report, nullptr, false);
  return parsed.is_object() && parsed.value("/summary/decision"_json_pointer, "") == "yes";
}

}  // namespace

void ReviewOpener::start() {
  if (reviews_.settings().open != ReviewSettings::Open::kOff) tasks_.spawn("reviews", watch());
}

Task<void> ReviewOpener::stop() {
  tasks_.request_stop();
  co_await tasks_.join();
}

Task<void> ReviewOpener::watch() {
  const Deadline deadline = Deadline::when_stopped(tasks_.stop_token());
  std::string last_error;
  while (!deadline.is_cancelled()) {
    const Status looked = co_await look(deadline);
    const std::string error = looked.ok() ? "" : looked.error().message;
    if (!error.empty() && error != last_error) log_warning("review", "reviews are not opened", {{"error", error}});
    last_error = error;
    (void)co_await sleep_for(kBetweenLooks, deadline);
  }
}

Task<Status> ReviewOpener::look(Deadline deadline) {
  FW_CO_ASSIGN(const auto known, co_await run_on(disk_, [this] { return reviews_.considered(); }));
  const std::set<std::string> considered(known.begin(), known.end());
  for (const auto& job : runs_.list()) {
    if (deadline.is_cancelled()) co_return Status{};
    if (!runs::is_finished(job.status) || considered.contains(*job.id)) continue;
    FW_CO_TRY(co_await consider(job.id));
  }
  co_return Status{};
}

Task<Status> ReviewOpener::consider(runs::JobId job) {
  const auto report = co_await runs_.report(job);
  // Deleted since it was listed, or of an older version: there is nothing to ask people about.
  co_return co_await run_on(disk_, [&]() -> Status {
    const bool wanted =
        report.ok() && (reviews_.settings().open == ReviewSettings::Open::kAlways || is_promising(*report));
    if (!wanted) return reviews_.pass_over(*job);
    const auto opened = reviews_.open(*job, *report);
    if (opened.ok()) {
      log_info("review", "opened", {{"review", *opened}, {"job", *job}});
      return {};
    }
    if (opened.error().code == ErrorCode::kAlreadyExists) return {};
    if (opened.error().code == ErrorCode::kUnavailable) return opened.error();
    return reviews_.pass_over(*job);
  });
}

Task<Result<std::string>> ReviewOpener::open(runs::JobId id) {
  FW_CO_ASSIGN(const auto job, runs_.find(id));
  if (!runs::is_finished(job.status)) co_return failed_precondition("job " + *id + " has not ended yet");
  FW_CO_ASSIGN(const auto report, co_await runs_.report(id));
  co_return co_await run_on(disk_, [&]() -> Result<std::string> {
    auto opened = reviews_.open(*id, report);
    if (opened.ok() || opened.error().code != ErrorCode::kAlreadyExists) return opened;
    FW_ASSIGN(const auto all, reviews_.list());
    for (const auto& each : all) {
      if (each.job_id == *id) return each.id;
    }
    return opened;
  });
}

}  // namespace fw::review
