#include "runs/subscription.h"

#include "runs/impl/job_record.h"

namespace fw::runs {

namespace {

constexpr std::size_t kEventsAtOnce = 100;

}  // namespace

void Subscription::State::push(std::int64_t after, std::string data) {
  const std::lock_guard lock(mutex);
  if (progress.size() == kMostProgress) progress.pop_front();
  progress.push_back({after, std::move(data)});
}

std::optional<std::string> Subscription::State::pop() {
  const std::lock_guard lock(mutex);
  if (progress.empty() || progress.front().after > position) return std::nullopt;
  auto data = std::move(progress.front().data);
  progress.pop_front();
  return data;
}

Subscription::Subscription(std::shared_ptr<State> state) : state_(std::move(state)) {}
Subscription::~Subscription() = default;
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;

Task<Result<std::optional<StreamEvent>>> Subscription::next(Deadline deadline) {
  const auto state = state_;
  auto& record = *state->record;
  for (;;) {
    if (auto data = state->pop()) co_return StreamEvent{std::nullopt, "progress", std::move(*data)};
    if (record.is_deleted()) co_return std::optional<StreamEvent>();
    if (!state->loaded.empty()) {
      auto row = std::move(state->loaded.front());
      state->loaded.pop_front();
      state->position = row.number;
      co_return StreamEvent{row.number, std::move(row.kind), std::move(row.data)};
    }
    // The status is read first: an end that comes after it shows in last_event at the next turn.
    const bool has_ended = is_finished(record.snapshot().status);
    if (record.last_event() > state->position) {
      auto rows = co_await run_on(record.disk(),
                                  [&] { return record.store().events(*record.id(), state->position, kEventsAtOnce); });
      if (!rows.ok()) co_return rows.error();
      state->loaded.assign(std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
      if (!state->loaded.empty()) continue;
    }
    if (has_ended) co_return std::optional<StreamEvent>();
    if (auto waited = co_await state->wakeup->wait(deadline); !waited.ok()) co_return waited.error();
  }
}

}  // namespace fw::runs
