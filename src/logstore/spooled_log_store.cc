#include "logstore/spooled_log_store.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/log.h"

namespace fw::logstore {
namespace {

constexpr std::size_t kMostBytesOfBatch = std::size_t{64} << 20;  // of find_batch(), as each store alone keeps it

using record::Interaction;

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
    for (const Interaction& record : batch) {
      backlog_.oldest = std::min(backlog_.oldest.value_or(record.timestamp), record.timestamp);
    }
    ++appends_;
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

  Status health() const override {
    FW_TRY(journal_->health());
    const std::lock_guard lock(mutex_);
    return backlog_.bytes >= options_.max_bytes ? Status(full()) : Status();
  }
  Backlog backlog() const override {
    const std::lock_guard lock(mutex_);
    return backlog_;
  }

  std::vector<KeptDamage> damage() const override { return journal_->damage(); }

 private:
  Error full() const {
    return resource_exhausted("the journal holds all that it may while the log store elsewhere takes nothing" +
                              (backlog_.trouble.ok() ? std::string() : ": " + backlog_.trouble.error().message));
  }

  /// Waits a moment for what is on its way, unless it is held up.
  void settle() {
    std::unique_lock lock(mutex_);
    const std::uint64_t until = appends_;
    const auto is_done = [&] { return sent_ >= until || !backlog_.trouble.ok(); };
    settled_.wait_for(lock, options_.read_waits, is_done);
  }

  void send_until(const std::stop_token& stop) {
    count_again();
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
      if (*sent == 0) wake_.wait(lock, [&] { return stop.stop_requested() || appends_ != appends; });
    }
  }

  /// Hands the oldest records on; returns how many left the journal.
  Result<std::size_t> send_some() {
    const std::lock_guard sending(sending_);
    FW_ASSIGN(const Page page, journal_->scan({}, Order::kOldestFirst, options_.batch, {}));
    if (page.records.empty()) return std::size_t{0};
    const auto report = far_->append(page.records);
    if (!report.ok() && !is_final(report.error())) return report.error();
    if (!report.ok()) FW_TRY(send_one_by_one(page.records));
    return leave(page.records);
  }

  /// Where a batch is refused, what is right with it goes in all the same.
  Status send_one_by_one(std::span<const Interaction> records) {
    for (const Interaction& record : records) {
      const auto report = far_->append(std::span(&record, 1));
      if (report.ok()) continue;
      if (!is_final(report.error())) return report.error();
      if (options_.keep_aside) FW_TRY(options_.keep_aside(record, report.error()));
      log_warning("logstore", "record kept aside: the log store refuses it",
                  {{"id", *record.id}, {"reason", report.error().message}});
      const std::lock_guard lock(mutex_);
      ++backlog_.refused;
    }
    return {};
  }

  Result<std::size_t> leave(std::span<const Interaction> records) {
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
    backlog_.oldest = records.back().timestamp;
    return records.size();
  }

  void note(const Result<std::size_t>& sent, std::uint64_t appends) {
    const std::lock_guard lock(mutex_);
    if (!sent.ok() && backlog_.trouble.ok()) {
      log_warning("logstore", "records wait in the journal", {{"reason", sent.error().message}});
    }
    if (sent.ok() && !backlog_.trouble.ok()) log_info("logstore", "records are handed on again");
    backlog_.trouble = sent.ok() ? Status() : Status(sent.error());
    if (sent.ok() && *sent == 0) {
      sent_ = appends;
      backlog_.oldest.reset();
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
    backlog_.oldest.reset();
    for (const WorkloadSummary& pair : *pairs) {
      backlog_.records += pair.records;
      backlog_.oldest = std::min(backlog_.oldest.value_or(pair.oldest), pair.oldest);
    }
    if (backlog_.records == 0) backlog_.bytes = 0;
  }

  std::unique_ptr<LogStore> journal_;
  std::unique_ptr<LogStore> far_;
  SpoolOptions options_;
  std::mutex sending_;  // between what is read from the journal and its leaving it
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable settled_;
  Backlog backlog_;
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
