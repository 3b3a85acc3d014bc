#include "runs/impl/job_journal.h"

#include <charconv>

#include "runs/impl/outcomes.h"

namespace fw::runs {

namespace {

constexpr std::string_view kPrefix = "candidate/";

StageFinished finished_of(std::string_view key, const workflow::StepEnd& end) {
  StageFinished event;
  if (key.starts_with(kPrefix)) {
    std::size_t index = 0;
    const auto* begin = key.data() + kPrefix.size();
    const auto parsed = std::from_chars(begin, key.data() + key.size(), index);
    event.candidate = index;
    key.remove_prefix(static_cast<std::size_t>(parsed.ptr - key.data()) + 1);
  }
  const auto stage = stage_from_string(key);
  FW_ASSERT(stage.has_value());
  event.stage = *stage;
  event.runtime_seconds = end.runtime_seconds;
  if (end.error) {
    event.error = end.error->message;
  } else {
    event.outcome = without_curve(end.value);
  }
  return event;
}

}  // namespace

workflow::StepKey step_key(Stage stage, std::optional<std::size_t> candidate) {
  std::string key(to_string(stage));
  if (candidate) key = std::string(kPrefix) + std::to_string(*candidate) + "/" + key;
  return workflow::StepKey(std::move(key));
}

Task<Result<workflow::History>> JobJournal::load() {
  auto rows = co_await run_on(record_->disk(), [this] { return record_->store().steps(*record_->id()); });
  if (!rows.ok()) co_return rows.error();
  workflow::History history;
  for (const auto& row : *rows) apply(history, workflow::StepKey(row.key), {row.value, row.error});
  co_return history;
}

Task<Status> JobJournal::record(workflow::StepKey key, workflow::StepEnd end) {
  std::vector<JobEvent> events{record_->event(finished_of(*key, end))};
  metastore::StepRow step{*key, end.value, end.error, events.front().at};
  co_return co_await record_->end_step(std::move(step), std::move(events));
}

}  // namespace fw::runs
