#pragma once

#include <filesystem>
#include <memory>

#include "metastore/key_store.h"
#include "metastore/meta_store.h"
#include "metastore/review_store.h"

namespace fw::metastore {

/// The MetaStore, the ReviewStore and the KeyStore in one SQLite file (WAL, synchronous=FULL). One process at a time:
/// the file stays locked while the store is open. docs/formats/metadata.md describes the tables.
class SqliteStore final : public MetaStore {
 public:
  /// Opens or creates the file; brings an older schema up to date. kFailedPrecondition when a newer flywheel wrote it
  /// or it belongs to another program, kUnavailable when another process holds it, kDataLoss when it is damaged.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file);
  ~SqliteStore() override;

  [[nodiscard]] Status create_job(const JobRow& job, std::span<const EventRow> events) override;
  [[nodiscard]] Result<std::vector<JobRow>> jobs() override;
  [[nodiscard]] Status request_cancel(const std::string& job_id) override;
  [[nodiscard]] Status request_delete(const std::string& job_id) override;
  [[nodiscard]] Status finish_job(const std::string& job_id, std::span<const EventRow> events,
                                  std::span<const Delivery> deliveries) override;
  [[nodiscard]] Status erase_job(const std::string& job_id) override;
  [[nodiscard]] Status record_step(const std::string& job_id, const StepRow& step,
                                   std::span<const EventRow> events) override;
  [[nodiscard]] Result<std::vector<StepRow>> steps(const std::string& job_id) override;
  [[nodiscard]] Status append_events(const std::string& job_id, std::span<const EventRow> events) override;
  [[nodiscard]] Result<std::vector<EventRow>> events(const std::string& job_id, std::int64_t after,
                                                     std::size_t limit) override;
  [[nodiscard]] Result<std::vector<Delivery>> pending_deliveries() override;
  [[nodiscard]] Result<std::vector<Delivery>> deliveries(const std::string& job_id) override;
  [[nodiscard]] Status record_attempt(const std::string& delivery_id, const Attempt& attempt,
                                      DeliveryStatus status) override;

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
