#include "logstore/spooled_log_store.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "logstore/same_content.h"

namespace fw::logstore {
namespace {

constexpr std::size_t kMostBytesOfBatch = std::size_t{64} << 20;  // of find_batch(), as each store alone keeps it

using record::Interaction;

constexpr Duration kTogether = std::chrono::seconds(1);     // appends that begin to wait as one
constexpr Duration kLook = std::chrono::milliseconds(100);  // between looks at what still waits

/// Appends up to one, and when the first of them began to wait.
struct Wait {
  std::uint64_t append = 0;
  Timestamp since;
};

/// What left the journal at once.
struct Sent {
  bool is_all = false;  ///< of what was there
};

std::uint64_t bytes_of(const Interaction& record) { return record.request.size() + record.response.size(); }

/// Whether the far store will never take these records, however often they come.
bool is_final(const Error& error) {
  return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kTooLarge;
}

class SpooledLogStore final : public LogStore {
 public:
  SpooledLogStore(std::unique_ptr<LogStore> journal, std::unique_ptr<LogStore> far, SpoolOptions options)
      : journal_(std::move(journal)), far_(std::move(far)), options_(std::move(options)) {
    sender_ = std::jthread([this](const std::stop_token& stop) { send_until(stop); });
  }
  ~SpooledLogStore() override { stop(); }

  Result<AppendReport> append(std::span<const Interaction> batch) override {
    std::uint64_t bytes = 0;
    for (const Interaction& record : batch) bytes += bytes_of(record);
    {
      const std::lock_guard lock(mutex_);
      if (backlog_.bytes + bytes > options_.max_bytes) return full();
    }
    FW_ASSIGN(auto report, journal_->append(batch));
    for (const std::size_t place : report.known) bytes -= bytes_of(batch[place]);
    const std::lock_guard lock(mutex_);
    backlog_.records += report.appended;
    backlog_.bytes += bytes;
    ++appends_;
    if (report.appended > 0) begin_to_wait(clock_.now());
    wake_.notify_all();
    return report;
  }

  Result<Page> scan(const Selection& selection, Order order, std::size_t limit,
                    const std::optional<Cursor>& after) override {
    settle();
    return far_->scan(selection, order, limit, after);
  }
  Result<KeyPage> scan_keys(const Selection& selection, Order order, std::size_t limit,
                            const std::optional<Cursor>& after) override {
    settle();
    return far_->scan_keys(selection, order, limit, after);
  }
  Result<std::unique_ptr<View>> view() override {
    settle();
    return far_->view();
  }
  Result<std::vector<WorkloadSummary>> workloads() override {
    settle();
    return far_->workloads();
  }
  Result<WorkloadPage> workloads_page(std::size_t limit, const std::optional<Cursor>& after) override {
    settle();
    return far_->workloads_page(limit, after);
  }
  Result<std::vector<RecordCount>> counts() override {
    settle();
    return far_->counts();
  }

  Backlog settle(const Selection& selection, const Deadline& deadline) override {
    const std::uint64_t before = waiting_of(selection);
    if (before > 0 && !await_sent(selection, deadline)) {
      Backlog lacking = backlog();
      // What came meanwhile is not what was waited for.
      lacking.records = std::min(before, waiting_of(selection));
      if (lacking.records > 0) return lacking;
    }
    return far_->settle(selection, deadline);
  }
  Result<std::map<std::string, std::uint64_t>> left_out(const Selection& selection) override {
    return far_->left_out(selection);
  }

  Result<std::optional<Interaction>> find(const record::RecordId& id) override {
    FW_ASSIGN(auto waiting, journal_->find(id));
    if (waiting) return waiting;
    return far_->find(id);
  }

  Result<std::vector<std::optional<Interaction>>> find_batch(std::span<const record::RecordId> ids) override {
    FW_ASSIGN(auto records, journal_->find_batch(ids));
    std::vector<record::RecordId> missing;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!records[i]) missing.push_back(ids[i]);
    }
    if (missing.empty()) return records;
    FW_ASSIGN(auto there, far_->find_batch(missing));
    std::size_t bytes = 0;
    auto next = there.begin();
    for (std::size_t i = 0; i < records.size(); ++i) {
      const bool is_far = !records[i];
      if (bytes >= kMostBytesOfBatch || (is_far && next == there.end())) {  // both are full, or as far as it came
        records.resize(i);
        break;
      }
      if (is_far) records[i] = std::move(*next++);
      if (records[i]) bytes += records[i]->request.size() + records[i]->response.size();
    }
    return records;
  }

  Result<std::uint64_t> remove(const Selection& selection) override {
    const std::lock_guard sending(sending_);  // or what is on its way would come after its removal
    FW_ASSIGN(const std::uint64_t here, journal_->remove(selection));
    count_again();
    FW_ASSIGN(const std::uint64_t there, far_->remove(selection));
    return here + there;
  }
  Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override {
    const std::lock_guard sending(sending_);
    FW_ASSIGN(const std::uint64_t here, journal_->remove_records(ids));
    count_again();
    FW_ASSIGN(const std::uint64_t there, far_->remove_records(ids));
    return here + there;
  }

  Result<std::uint64_t> relabel(std::span<const record::RecordId> ids, const record::WorkloadId& workload) override {
    const std::lock_guard sending(sending_);  // or what is on its way would come with its old workload
    FW_ASSIGN(const std::uint64_t here, journal_->relabel(ids, workload));
    FW_ASSIGN(const std::uint64_t there, far_->relabel(ids, workload));
    return here + there;
  }

  Result<std::uint64_t> expire_contents(std::span<const Interaction> outlined) override {
    const std::lock_guard sending(sending_);  // or what is on its way would come with its content
    FW_ASSIGN(const std::uint64_t here, journal_->expire_contents(outlined));
    FW_ASSIGN(const std::uint64_t there, far_->expire_contents(outlined));
    return here + there;
  }
  Result<bool> purge(const Deadline& deadline) override {
    FW_ASSIGN(const bool here, journal_->purge(deadline));
    FW_ASSIGN(const bool there, far_->purge(deadline));
    return here && there;
  }

  void stop() override {
    sender_.request_stop();
    wake_.notify_all();
    far_->stop();
  }

  Status backup(const std::filesystem::path& folder) override { return far_->backup(folder); }
  Result<std::unique_ptr<Verification>> verification() override {
    settle();
    return far_->verification();
  }

  Status health() const override {
    FW_TRY(journal_->health());
    const std::lock_guard lock(mutex_);
    return backlog_.bytes >= options_.max_bytes ? Status(full()) : Status();
  }
  Backlog backlog() const override {
    const std::lock_guard lock(mutex_);
    Backlog out = backlog_;
    if (out.records > 0 && !waits_.empty()) out.oldest = waits_.front().since;
    return out;
  }

  std::vector<KeptDamage> damage() const override { return journal_->damage(); }

 private:
  Error full() const {
    return resource_exhausted("the journal holds all that it may while the log store elsewhere takes nothing" +
                              (backlog_.trouble.ok() ? std::string() : ": " + backlog_.trouble.error().message));
  }

  void begin_to_wait(Timestamp now) {
    if (!waits_.empty() && now - waits_.back().since < kTogether) {
      waits_.back().append = appends_;
    } else {
      waits_.push_back({appends_, now});
    }
  }

  /// Waits a moment for what is on its way, unless it is held up.
  void settle() {
    std::unique_lock lock(mutex_);
    const std::uint64_t until = appends_;
    const auto is_done = [&] { return sent_ >= until || !backlog_.trouble.ok(); };
    settled_.wait_for(lock, options_.read_waits, is_done);
  }

  /// Whether all of the selection's workload and client that was appended before has left the journal; false when the
  /// deadline ended the wait.
  bool await_sent(const Selection& selection, const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    const std::uint64_t until = appends_;
    while (true) {
      if (settled_.wait_for(lock, kLook, [&] { return sent_ >= until; })) return true;
      lock.unlock();  // others' records may keep the journal busy for long
      if (waiting_of(selection) == 0) return true;
      if (deadline.is_over()) return false;
      lock.lock();
    }
  }

  /// How many records of the selection's workload and client are in the journal.
  std::uint64_t waiting_of(const Selection& selection) const {
    const auto counts = journal_->counts();
    if (!counts.ok()) return backlog().records;
    std::uint64_t records = 0;
    for (const RecordCount& count : *counts) {
      if (selection.workload && count.workload != *selection.workload) continue;
      if (selection.client && count.client != *selection.client) continue;
      records += count.records;
    }
    return records;
  }

  void send_until(const std::stop_token& stop) {
    count_again();
    {
      const std::lock_guard lock(mutex_);
      if (backlog_.records > 0) waits_.push_front({1, clock_.now()});
    }
    Duration pause = options_.first_pause;
    while (!stop.stop_requested()) {
      std::uint64_t appends = 0;
      {
        const std::lock_guard lock(mutex_);
        appends = appends_;
      }
      const auto sent = send_some();
      note(sent, appends);
      std::unique_lock lock(mutex_);
      if (!sent.ok()) {
        wake_.wait_for(lock, pause, [&] { return stop.stop_requested(); });
        pause = std::min(pause * 2, options_.longest_pause);
        continue;
      }
      pause = options_.first_pause;
      if (sent->is_all) wake_.wait(lock, [&] { return stop.stop_requested() || appends_ != appends; });
    }
  }

  /// Hands the oldest records on.
  Result<Sent> send_some() {
    const std::lock_guard sending(sending_);
    FW_ASSIGN(const Page page, journal_->scan({}, Order::kOldestFirst, options_.batch, {}));
    if (page.records.empty()) return Sent{.is_all = true};
    const auto report = far_->append(page.records);
    if (!report.ok() && !is_final(report.error())) return report.error();
    if (report.ok()) {
      FW_TRY(look_at_known(page.records, report->known));
    } else {
      FW_TRY(send_one_by_one(page.records));
    }
    FW_TRY(leave(page.records));
    return Sent{.is_all = !page.next};
  }

  /// Where the far store has another record under an id, what came is kept aside. Most are what an attempt before had
  /// sent.
  Status look_at_known(std::span<const Interaction> records, std::span<const std::size_t> known) {
    while (!known.empty()) {
      std::vector<record::RecordId> ids;
      for (const std::size_t place : known.first(std::min(known.size(), options_.batch))) {
        ids.push_back(records[place].id);
      }
      FW_ASSIGN(const auto found, far_->find_batch(ids));
      if (found.empty()) return unavailable("the log store elsewhere does not find what it has");
      for (std::size_t i = 0; i < found.size(); ++i) {
        const Interaction& record = records[known[i]];
        if (!found[i] || !found[i]->has_content() || !record.has_content() || same_content(record, *found[i])) continue;
        FW_TRY(keep_aside(record, already_exists("another record with the id " + *record.id + " is there")));
      }
      known = known.subspan(found.size());
    }
    return {};
  }

  Status keep_aside(const Interaction& record, const Error& reason) {
    if (options_.keep_aside) FW_TRY(options_.keep_aside(record, reason));
    log_warning("logstore", "record kept aside: the log store refuses it",
                {{"id", *record.id}, {"reason", reason.message}});
    const std::lock_guard lock(mutex_);
    ++backlog_.refused;
    return {};
  }

  /// Where a batch is refused, what is right with it goes in all the same.
  Status send_one_by_one(std::span<const Interaction> records) {
    for (const Interaction& record : records) {
      const std::span one(&record, 1);
      const auto report = far_->append(one);
      if (report.ok()) {
        FW_TRY(look_at_known(one, report->known));
        continue;
      }
      if (!is_final(report.error())) return report.error();
      FW_TRY(keep_aside(record, report.error()));
    }
    return {};
  }

  Status leave(std::span<const Interaction> records) {
    std::vector<record::RecordId> ids;
    std::uint64_t bytes = 0;
    for (const Interaction& record : records) {
      ids.push_back(record.id);
      bytes += bytes_of(record);
    }
    FW_ASSIGN(const std::uint64_t removed, journal_->remove_records(ids));
    const std::lock_guard lock(mutex_);
    backlog_.records -= std::min(backlog_.records, removed);
    backlog_.bytes -= std::min(backlog_.bytes, bytes);
    return {};
  }

  void note(const Result<Sent>& sent, std::uint64_t appends) {
    const std::lock_guard lock(mutex_);
    if (!sent.ok() && backlog_.trouble.ok()) {
      log_warning("logstore", "records wait in the journal", {{"reason", sent.error().message}});
    }
    if (sent.ok() && !backlog_.trouble.ok()) log_info("logstore", "records are handed on again");
    backlog_.trouble = sent.ok() ? Status() : Status(sent.error());
    if (sent.ok() && sent->is_all) {
      sent_ = appends;
      while (!waits_.empty() && waits_.front().append <= appends) waits_.pop_front();
      if (appends == appends_) backlog_.records = backlog_.bytes = 0;
    }
    settled_.notify_all();
  }

  /// After a start and after removals. Bytes of what an earlier process left are not counted: reading them would take
  /// long where an embedded store becomes a journal.
  void count_again() {
    const auto pairs = journal_->workloads();
    if (!pairs.ok()) return;
    const std::lock_guard lock(mutex_);
    backlog_.records = 0;
    for (const WorkloadSummary& pair : *pairs) backlog_.records += pair.records;
    if (backlog_.records == 0) backlog_.bytes = 0;
  }

  std::unique_ptr<LogStore> journal_;
  std::unique_ptr<LogStore> far_;
  SpoolOptions options_;
  std::mutex sending_;  // between what is read from the journal and its leaving it
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable settled_;
  SystemClock clock_;
  Backlog backlog_;
  std::deque<Wait> waits_;     // of appends that may still be in the journal, the oldest first
  std::uint64_t appends_ = 1;  // the first pass sends what an earlier process left
  std::uint64_t sent_ = 0;     // all appends up to this one have left the journal
  std::jthread sender_;        // last: it uses the others
};

}  // namespace

std::unique_ptr<LogStore> spool(std::unique_ptr<LogStore> journal, std::unique_ptr<LogStore> far,
                                SpoolOptions options) {
  return std::make_unique<SpooledLogStore>(std::move(journal), std::move(far), std::move(options));
}

}  // namespace fw::logstore
