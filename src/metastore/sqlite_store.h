#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "metastore/key_store.h"
#include "metastore/meta_store.h"
#include "metastore/review_store.h"

namespace fw::metastore {

/// The MetaStore, the ReviewStore and the KeyStore in one SQLite file (WAL, synchronous=FULL). One process at a time:
/// the file stays locked while the store is open, so leases of before are void when it is opened, and notices are
/// calls. docs/formats/metadata.md describes the tables.
class SqliteStore final : public MetaStore {
 public:
  enum class Origin : std::uint8_t { kMayBeNew, kThereBefore };
  /// Opens or creates the file; brings an older schema up to date. kFailedPrecondition when a newer flywheel wrote it
  /// or it belongs to another program, kUnavailable when another process holds it, kDataLoss when it is damaged, or
  /// holds nothing at all though it was there before.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file,
                                                                 Origin origin = Origin::kMayBeNew);
  ~SqliteStore() override;

  [[nodiscard]] Result<std::int64_t> create_job(const JobRow& job, std::int64_t at_least,
                                                const FirstEvents& events) override;
  [[nodiscard]] Result<JobRowPage> jobs(JobStatusFilter filter, std::int64_t after, std::size_t limit) override;
  [[nodiscard]] Result<std::optional<JobRow>> job(const std::string& job_id) override;
  [[nodiscard]] Status request_cancel(const std::string& job_id) override;
  [[nodiscard]] Status request_delete(const std::string& job_id) override;
  [[nodiscard]] Status erase_job(const std::string& job_id) override;
  [[nodiscard]] Result<std::optional<Lease>> claim_next(Work work, const std::string& worker, Timestamp now,
                                                        Timestamp until, std::span<const std::string> except) override;
  [[nodiscard]] Result<Lease> claim(const std::string& job_id, const std::string& worker, Timestamp now,
                                    Timestamp until) override;
  [[nodiscard]] Status renew(const Lease& lease, Timestamp until) override;
  [[nodiscard]] Status release(const Lease& lease) override;
  [[nodiscard]] Result<std::int64_t> append_events(const Lease& lease, std::span<const NewEvent> events) override;
  [[nodiscard]] Result<std::int64_t> record_step(const Lease& lease, const StepRow& step,
                                                 std::span<const NewEvent> events) override;
  [[nodiscard]] Result<std::int64_t> finish_job(const Lease& lease, std::span<const NewEvent> events,
                                                std::span<const Delivery> deliveries) override;
  [[nodiscard]] Status record_attempt(const Lease& lease, const std::string& delivery_id, const Attempt& attempt,
                                      DeliveryStatus status) override;
  [[nodiscard]] Result<std::vector<StepRow>> steps(const std::string& job_id) override;
  [[nodiscard]] Result<std::vector<EventRow>> events(const std::string& job_id, std::int64_t after,
                                                     std::size_t limit) override;
  [[nodiscard]] Result<std::vector<Delivery>> pending_deliveries() override;
  [[nodiscard]] Result<std::vector<Delivery>> deliveries(const std::string& job_id) override;
  [[nodiscard]] std::unique_ptr<Listening> listen(NoticeHandler handler) override;
  void announce(const Notice& notice) override;

  /// The reviews in the same file; as long as the store.
  [[nodiscard]] ReviewStore& reviews();
  /// Likewise the API keys.
  [[nodiscard]] KeyStore& keys();

 private:
  struct Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::metastore
