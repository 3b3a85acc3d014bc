#include "capture/committer/committer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "capture/committer/impl/commit_queue.h"
#include "capture/committer/impl/waiter.h"

namespace fw::capture {

namespace asio = boost::asio;
using logstore::AppendReport;

namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5000};
constexpr Duration kLongestGathering = std::chrono::microseconds(500);
constexpr Duration kUnwaitedGathering = std::chrono::milliseconds(5);

/// Whether the failure is the batch's own: the same batch would fail again, and its neighbours in the group would not.
bool is_of_the_batch(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kTooLarge;
}

/// What a group's report says of its `count` records from `first` on.
AppendReport part_of(const AppendReport& whole, std::size_t first, std::size_t count) {
  AppendReport part;
  for (auto at = std::ranges::lower_bound(whole.known, first); at != whole.known.end() && *at < first + count; ++at) {
    part.known.push_back(*at - first);
  }
  part.duplicates = part.known.size();
  part.appended = count - part.duplicates;
  return part;
}

Error closing() { return cancelled("the log store is being closed"); }

}  // namespace

class Committer::Impl final : public std::enable_shared_from_this<Impl> {
 public:
  Impl(logstore::LogStore& store, Pool& disk, const CommitterOptions& options)
      : store_(store), disk_(disk), queue_(options) {}

  std::uint64_t close();
  [[nodiscard]] bool offer(record::Interaction&& interaction, std::string tenant);
  [[nodiscard]] CommitterStats stats() const;
  /// Hands the batch over, or stands in line with it. False: too late.
  [[nodiscard]] bool enter(std::vector<record::Interaction> batch, std::string tenant, std::shared_ptr<Waiter> waiter);
  /// False: nothing is to be waited for.
  [[nodiscard]] bool enter_flush(std::shared_ptr<Waiter> waiter);
  /// Waits for what the waiter has entered for, or the deadline's end.
  [[nodiscard]] static Task<Result<AppendReport>> result_of(std::shared_ptr<Impl> impl, std::shared_ptr<Waiter> waiter,
                                                            Deadline deadline);

 private:
  struct Flush {
    std::uint64_t number = 0;  ///< everything up to it is waited for
    std::size_t left = 0;      ///< entries of that which are not settled
    std::shared_ptr<Waiter> waiter;
  };
  class Stay;

  void leave(Waiter& waiter);
  [[nodiscard]] Result<AppendReport> after_the_deadline(const Waiter& waiter, const Deadline& deadline);

  void wake_writer();
  void write();
  void pause_before_retry(std::unique_lock<std::mutex>& lock);
  void gather(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::vector<Result<AppendReport>> append(std::vector<Pending>& group);
  [[nodiscard]] Result<AppendReport> append_to_store(std::span<const record::Interaction> records);
  void settle(std::vector<Pending> group, const std::vector<Result<AppendReport>>& reports);
  [[nodiscard]] bool is_kept(const Pending& pending, const Error& error) const;
  void note_waiting(const Error& error);
  void note_success(const AppendReport& report);
  void note_failure(const Pending& pending, const Error& error);
  void resolve(const std::shared_ptr<Waiter>& waiter, Result<AppendReport> result);
  void note_settled(std::uint64_t number);
  void resolve_flushes();

  logstore::LogStore& store_;
  Pool& disk_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable idle_;
  std::condition_variable wanted_;
  CommitQueue queue_;
  std::vector<Flush> flushes_;
  WakeUps wake_ups_;
  CommitterStats counts_;
  std::optional<Instant> writing_since_;  // of the oldest record in the writer's hands
  bool is_writing_ = false;               // a thread of the pool is in write(), or will be
  bool is_closing_ = false;
  std::uint64_t lost_ = 0;  // while closing, and the last reason
  std::string lost_why_;
  bool is_store_away_ = false;  // the log has a line that says so
  Duration pause_ = kFirstPause;
  std::size_t told_ = 0;      // waiters who had their result from the last group
  std::size_t gathered_ = 0;  // how many the writer would like to see before the next
  Duration took_{};           // the last append; of the writer alone
};

/// A coroutine's time with the committer; also ends when its event loop is destroyed under it.
class Committer::Impl::Stay final {
 public:
  Stay(Impl& impl, Waiter& waiter) : impl_(impl), waiter_(waiter) {}
  ~Stay() { impl_.leave(waiter_); }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

 private:
  Impl& impl_;
  Waiter& waiter_;
};

std::uint64_t Committer::Impl::close() {
  std::unique_lock lock(mutex_);
  const bool is_first = !is_closing_;
  is_closing_ = true;
  for (const Pending& one : queue_.empty_line()) resolve(one.waiter, closing());
  wake_ups_.send();
  wanted_.notify_all();
  idle_.wait(lock, [this] { return !is_writing_; });
  if (is_first && lost_ > 0) {
    log_error("capture", "records are lost: the log store did not take them before the end",
              {{"records", lost_}, {"error", lost_why_}});
  }
  return lost_;
}

bool Committer::Impl::offer(record::Interaction&& interaction, std::string tenant) {
  Pending pending{.count = 1, .bytes = bytes_of(interaction), .since = kernel_now(), .tenant = std::move(tenant)};
  pending.records.push_back(std::move(interaction));
  const std::lock_guard lock(mutex_);
  if (is_closing_ || !queue_.has_room(pending.tenant, pending.bytes)) {
    ++counts_.refused;
    return false;
  }
  queue_.take(std::move(pending));
  if (queue_.has_a_whole_group()) wanted_.notify_one();
  wake_writer();
  return true;
}

bool Committer::Impl::enter(std::vector<record::Interaction> batch, std::string tenant,
                            std::shared_ptr<Waiter> waiter) {
  Pending pending{
      .count = batch.size(), .since = kernel_now(), .tenant = std::move(tenant), .waiter = std::move(waiter)};
  pending.records = std::move(batch);
  for (const auto& record : pending.records) pending.bytes += bytes_of(record);
  const std::lock_guard lock(mutex_);
  if (is_closing_) return false;
  if (!queue_.come_in(std::move(pending))) return true;
  if (queue_.waited_for() >= gathered_) wanted_.notify_one();
  wake_writer();
  return true;
}

bool Committer::Impl::enter_flush(std::shared_ptr<Waiter> waiter) {
  const std::lock_guard lock(mutex_);
  if (queue_.entries() == 0) return false;
  flushes_.push_back({queue_.last_number(), queue_.entries(), std::move(waiter)});
  wanted_.notify_one();
  return true;
}

void Committer::Impl::leave(Waiter& waiter) {
  const std::lock_guard lock(mutex_);
  waiter.alarm.reset();
  counts_.refused += queue_.leave_line(&waiter);
  std::erase_if(flushes_, [&](const Flush& one) { return one.waiter.get() == &waiter; });
}

Task<Result<AppendReport>> Committer::Impl::result_of(std::shared_ptr<Impl> impl, std::shared_ptr<Waiter> waiter,
                                                      Deadline deadline) {
  const Stay stay(*impl, *waiter);
  const auto alarm = waiter->alarm;
  const std::stop_callback wake(deadline.stop_token(), [&alarm] { alarm->ring(); });
  co_await Alarm::wait(alarm);
  if (waiter->is_done) co_return *std::move(waiter->result);
  co_return impl->after_the_deadline(*waiter, deadline);
}

Result<AppendReport> Committer::Impl::after_the_deadline(const Waiter& waiter, const Deadline& deadline) {
  const std::lock_guard lock(mutex_);
  if (waiter.is_done) return *waiter.result;
  const std::size_t turned_back = queue_.leave_line(&waiter);
  counts_.refused += turned_back;
  if (turned_back > 0 && !deadline.is_cancelled()) {
    return resource_exhausted("the log store does not keep up: " + std::to_string(queue_.queued_bytes() >> 20) +
                              " MiB of records wait for the disk; try again in a moment");
  }
  FW_TRY(deadline.check("waiting for the log store"));
  return deadline_exceeded("waiting for the log store: time ran out");
}

CommitterStats Committer::Impl::stats() const {
  const Instant now = kernel_now();
  const std::lock_guard lock(mutex_);
  CommitterStats stats = counts_;
  stats.in_line = queue_.in_line();
  stats.queued_records = queue_.queued_records();
  stats.queued_bytes = queue_.queued_bytes();
  const auto waiting = queue_.oldest();
  if (waiting || writing_since_) {
    stats.oldest_wait = now - std::min(waiting.value_or(Instant::max()), writing_since_.value_or(Instant::max()));
  }
  return stats;
}

void Committer::Impl::wake_writer() {
  if (is_writing_) return;
  is_writing_ = true;
  asio::post(disk_.executor(), [self = shared_from_this()] { self->write(); });
}

void Committer::Impl::write() {
  std::unique_lock lock(mutex_);
  while (!queue_.is_empty() || queue_.has_held_back()) {
    if (queue_.has_held_back() && queue_.waited_for() == 0) {
      pause_before_retry(lock);
      continue;
    }
    gather(lock);
    auto group = queue_.next_group();
    writing_since_ = std::ranges::min_element(group, {}, &Pending::since)->since;
    lock.unlock();
    const Instant begin = kernel_now();
    const auto reports = append(group);
    took_ = kernel_now() - begin;
    lock.lock();
    writing_since_.reset();
    settle(std::move(group), reports);
  }
  is_writing_ = false;
  idle_.notify_all();
}

/// Those whom the last group has told come again within moments. Without a moment for all of them the first to come
/// would be a group of its own, and half of all syncs would be for one record. What nobody waits for gathers longer: a
/// group costs as much as several records do.
void Committer::Impl::gather(std::unique_lock<std::mutex>& lock) {
  if (queue_.waited_for() == 0 && told_ == 0) {
    gathered_ = 0;  // the first who waits is heard
    wanted_.wait_for(lock, kUnwaitedGathering, [this] {
      return queue_.waited_for() > 0 || queue_.has_a_whole_group() || !flushes_.empty() || is_closing_;
    });
    return;
  }
  gathered_ = told_;
  if (queue_.waited_for() < gathered_) {
    const auto are_here = [this] { return queue_.waited_for() >= gathered_ || is_closing_; };
    wanted_.wait_for(lock, std::min(took_ / 8, kLongestGathering), are_here);
  }
  gathered_ = 0;
}

void Committer::Impl::pause_before_retry(std::unique_lock<std::mutex>& lock) {
  wanted_.wait_for(lock, pause_, [this] { return queue_.waited_for() > 0 || is_closing_; });
  if (queue_.waited_for() > 0) return;
  pause_ = std::min<Duration>(2 * pause_, kLongestPause);
  queue_.retry();
}

std::vector<Result<AppendReport>> Committer::Impl::append(std::vector<Pending>& group) {
  std::vector<record::Interaction> together;
  std::size_t records = 0;
  for (const Pending& one : group) records += one.count;
  together.reserve(records);
  for (Pending& one : group) std::ranges::move(one.records, std::back_inserter(together));
  const auto whole = append_to_store(together);
  std::vector<Result<AppendReport>> reports;
  std::size_t first = 0;
  for (Pending& one : group) {
    if (whole.ok()) {
      reports.emplace_back(part_of(*whole, first, one.count));
    } else {
      std::move(together.begin() + static_cast<std::ptrdiff_t>(first),
                together.begin() + static_cast<std::ptrdiff_t>(first + one.count), one.records.begin());
      const bool is_alone = group.size() == 1;
      reports.push_back(is_of_the_batch(whole.error()) && !is_alone ? append_to_store(one.records) : whole);
    }
    first += one.count;
  }
  return reports;
}

Result<AppendReport> Committer::Impl::append_to_store(std::span<const record::Interaction> records) {
  try {
    return store_.append(records);
  } catch (const std::exception& e) {
    return internal(std::string("the log store took no records: ") + e.what());
  }
}

void Committer::Impl::settle(std::vector<Pending> group, const std::vector<Result<AppendReport>>& reports) {
  ++counts_.groups;
  told_ = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Pending& one = group[i];
    if (reports[i].ok()) {
      note_success(*reports[i]);
    } else if (is_kept(one, reports[i].error())) {
      note_waiting(reports[i].error());
      queue_.hold_back(std::move(one));
      continue;
    } else {
      note_failure(one, reports[i].error());
    }
    queue_.release(one);
    note_settled(one.number);
    resolve(one.waiter, reports[i]);
  }
  queue_.let_in();
  resolve_flushes();
  wake_ups_.send();
}

bool Committer::Impl::is_kept(const Pending& pending, const Error& error) const {
  const bool is_waited_for = pending.waiter && !pending.waiter->has_left();
  return !is_waited_for && is_retryable(error.code) && !(is_closing_ && pending.has_failed);
}

void Committer::Impl::note_success(const AppendReport& report) {
  counts_.committed += report.appended;
  counts_.duplicates += report.duplicates;
  pause_ = kFirstPause;
  if (queue_.has_held_back()) queue_.retry();
  if (!std::exchange(is_store_away_, false)) return;
  log_info("capture", "the log store takes records again", {{"queued", queue_.queued_records()}});
}

void Committer::Impl::note_waiting(const Error& error) {
  if (std::exchange(is_store_away_, true)) return;
  log_warning("capture", "records are kept in memory until the log store takes them", {{"error", error.message}});
}

void Committer::Impl::note_failure(const Pending& pending, const Error& error) {
  counts_.failed += pending.count;
  if (pending.waiter) return;  // who waits is told
  if (is_closing_) {           // all of them in one line
    lost_ += pending.count;
    lost_why_ = error.message;
    return;
  }
  log_error("capture", "records are lost", {{"records", pending.count}, {"error", error.message}});
}

void Committer::Impl::resolve(const std::shared_ptr<Waiter>& waiter, Result<AppendReport> result) {
  if (!waiter || waiter->has_left()) return;
  waiter->result = std::move(result);
  waiter->is_done = true;
  wake_ups_.add(*waiter);
  ++told_;
}

void Committer::Impl::note_settled(std::uint64_t number) {
  for (Flush& one : flushes_) {
    if (number <= one.number) --one.left;
  }
}

void Committer::Impl::resolve_flushes() {
  std::erase_if(flushes_, [&](const Flush& one) {
    if (one.left == 0) resolve(one.waiter, AppendReport{});
    return one.left == 0;
  });
}

Committer::Committer(logstore::LogStore& store, Pool& disk, CommitterOptions options)
    : impl_(std::make_shared<Impl>(store, disk, options)) {}
Committer::~Committer() { (void)impl_->close(); }

std::uint64_t Committer::close() { return impl_->close(); }

Task<Result<AppendReport>> Committer::commit(std::vector<record::Interaction> batch, Deadline deadline,
                                             std::string tenant) {
  const auto impl = impl_;
  if (batch.empty()) co_return AppendReport{};
  FW_CO_TRY(deadline.check("waiting for the log store"));
  auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor, deadline.when());
  if (!impl->enter(std::move(batch), std::move(tenant), waiter)) co_return closing();
  co_return co_await Impl::result_of(impl, std::move(waiter), std::move(deadline));
}

bool Committer::offer(record::Interaction interaction, std::string tenant) {
  return impl_->offer(std::move(interaction), std::move(tenant));
}

Task<Status> Committer::flush(Deadline deadline) {
  const auto impl = impl_;
  auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor, deadline.when());
  if (!impl->enter_flush(waiter)) co_return Status();
  const auto result = co_await Impl::result_of(impl, std::move(waiter), std::move(deadline));
  if (!result.ok()) co_return result.error();
  co_return Status();
}

CommitterStats Committer::stats() const { return impl_->stats(); }

}  // namespace fw::capture
