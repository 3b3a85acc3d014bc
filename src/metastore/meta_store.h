#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::metastore {

/// A job as it was ordered, and what was asked of it since. What became of it is in its events.
struct JobRow {
  std::string id;
  Timestamp created_at;
  std::string config;  ///< JSON; what it runs with
  bool is_finished = false;
  bool cancel_requested = false;
  bool delete_requested = false;
};

/// The journalled end of one step of a job: a value, or the error that ended it.
struct StepRow {
  std::string key;
  std::string value;  ///< JSON; empty when it failed
  std::optional<Error> error;
  Timestamp recorded_at;
};

/// Something that happened to a job. Numbers begin at 1 and have no gaps within a job.
struct EventRow {
  std::int64_t number = 0;
  Timestamp at;
  std::string kind;
  std::string data;  ///< JSON
};

enum class DeliveryStatus { kPending, kDelivered, kFailed };

/// One try to deliver a webhook.
struct Attempt {
  Timestamp at;
  int http_status = 0;  ///< 0: no answer
  std::string error;    ///< empty on success
};

/// One webhook of one ended job.
struct Delivery {
  std::string id;
  std::string job_id;
  std::string url;
  std::string secret_env;
  std::string body;
  int max_attempts = 5;
  DeliveryStatus status = DeliveryStatus::kPending;
  std::vector<Attempt> attempts;
};

/// The metadata of all jobs: orders, journals, events, webhook deliveries. Every member that writes is one transaction:
/// on return it would survive `kill -9` and power loss, on error nothing of it happened. Members may be called from any
/// thread, and block: call them on a `disk` pool. Evaluations, customizations and datasets of a job are in its journal
/// and events; the store does not know what they mean.
class MetaStore {
 public:
  virtual ~MetaStore() = default;

  /// kAlreadyExists for a known id.
  [[nodiscard]] virtual Status create_job(const JobRow& job, std::span<const EventRow> events) = 0;
  /// All jobs, oldest first.
  [[nodiscard]] virtual Result<std::vector<JobRow>> jobs() = 0;
  [[nodiscard]] virtual Status request_cancel(const std::string& job_id) = 0;
  [[nodiscard]] virtual Status request_delete(const std::string& job_id) = 0;
  /// Marks the job finished, with its last events and the webhooks that tell of it.
  [[nodiscard]] virtual Status finish_job(const std::string& job_id, std::span<const EventRow> events,
                                          std::span<const Delivery> deliveries) = 0;
  /// Removes every row of the job. Success for an unknown one.
  [[nodiscard]] virtual Status erase_job(const std::string& job_id) = 0;

  /// Journals a step's end and the events that it is. kAlreadyExists when the key is journalled.
  [[nodiscard]] virtual Status record_step(const std::string& job_id, const StepRow& step,
                                           std::span<const EventRow> events) = 0;
  /// In the order in which they were recorded.
  [[nodiscard]] virtual Result<std::vector<StepRow>> steps(const std::string& job_id) = 0;
  [[nodiscard]] virtual Status append_events(const std::string& job_id, std::span<const EventRow> events) = 0;
  /// Up to `limit` events with numbers above `after`, in order.
  [[nodiscard]] virtual Result<std::vector<EventRow>> events(const std::string& job_id, std::int64_t after,
                                                             std::size_t limit) = 0;

  /// Deliveries that are neither delivered nor given up, oldest first.
  [[nodiscard]] virtual Result<std::vector<Delivery>> pending_deliveries() = 0;
  [[nodiscard]] virtual Result<std::vector<Delivery>> deliveries(const std::string& job_id) = 0;
  [[nodiscard]] virtual Status record_attempt(const std::string& delivery_id, const Attempt& attempt,
                                              DeliveryStatus status) = 0;
};

}  // namespace fw::metastore
