#include "review/opener.h"

#include <algorithm>
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
    if (!report.ok() || !wants(*report)) return reviews_.pass_over(*job);
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

bool ReviewOpener::wants(const std::string& report) const {
  switch (reviews_.settings().open) {
    case ReviewSettings::Open::kOff: return false;
    case ReviewSettings::Open::kAlways: return true;
    case ReviewSettings::Open::kPromising: return is_promising(report);
  }
  return false;
}

Task<Result<std::string>> ReviewOpener::take(Divergence divergence) {
  for (const bool is_opened : {false, true}) {
    bool has_one = false;
    FW_CO_ASSIGN(const std::string review, co_await run_on(disk_, [&] { return review_of(divergence, has_one); }));
    if (!review.empty()) {
      FW_CO_ASSIGN(const bool is_taken, co_await run_on(disk_, [&] { return reviews_.take(review, divergence); }));
      co_return is_taken ? review : std::string();
    }
    if (has_one || is_opened) co_return std::string();
    FW_CO_TRY(co_await open_for_shadow(divergence.job));
  }
  co_return std::string();
}

Result<std::string> ReviewOpener::review_of(const Divergence& divergence, bool& has_one) {
  FW_ASSIGN(const auto all, reviews_.list());
  const auto found = std::ranges::find(all, divergence.job, &Review::job_id);
  has_one = found != all.end();
  const bool is_its =
      has_one && found->subject.model_name == divergence.model_name && found->subject.variant == divergence.variant;
  return is_its ? found->id : std::string();
}

Task<Status> ReviewOpener::open_for_shadow(std::string job) {
  {
    const std::lock_guard lock(mutex_);
    // A report is large, and says the same next time.
    if (!asked_.insert(job).second) co_return Status{};
  }
  FW_CO_ASSIGN(const auto id, runs::parse_job_id(job));
  FW_CO_ASSIGN(const std::string report, co_await runs_.report(id));
  co_return co_await run_on(disk_, [&]() -> Status {
    if (!wants(report)) return {};
    const auto opened = reviews_.open_for_shadow(job, report);
    if (opened.ok()) log_info("review", "opened for what differs on live traffic", {{"review", *opened}, {"job", job}});
    const bool is_there = opened.ok() || opened.error().code == ErrorCode::kAlreadyExists;
    return is_there ? Status{} : Status(opened.error());
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
