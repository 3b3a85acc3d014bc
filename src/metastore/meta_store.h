#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "metastore/job_rows.h"
#include "metastore/notices.h"

namespace fw::metastore {

/// The metadata of all jobs: orders, journals, events, webhook deliveries, and who runs what. Every member that writes
/// is one transaction: on return it would survive `kill -9` and power loss, on error nothing of it happened. Members
/// may be called from any thread, and block: call them on a `disk` pool. Evaluations, customizations and datasets of a
/// job are in its journal and events; the store does not know what they mean.
///
/// What a job's run writes needs a Lease: kCancelled when it is not the job's last one (another worker has the job now,
/// or the lease was given back). Events get their numbers here, so several writers of one job need not agree.
class MetaStore {
 public:
  virtual ~MetaStore() = default;

  /// The job's first events, told its number.
  using FirstEvents = std::function<std::vector<NewEvent>(std::int64_t number)>;
  /// Gives the job a number above all others, `at_least` this one, and returns it. kAlreadyExists for a known id.
  [[nodiscard]] virtual Result<std::int64_t> create_job(const JobRow& job, std::int64_t at_least,
                                                        const FirstEvents& events) = 0;
  /// Up to `limit` jobs with numbers above `after`, oldest first; more when those at the end share a number.
  [[nodiscard]] virtual Result<JobRowPage> jobs(JobStatusFilter filter, std::int64_t after, std::size_t limit) = 0;
  [[nodiscard]] virtual Result<std::optional<JobRow>> job(const std::string& job_id) = 0;
  [[nodiscard]] virtual Status request_cancel(const std::string& job_id) = 0;
  [[nodiscard]] virtual Status request_delete(const std::string& job_id) = 0;
  /// Removes every row of the job. Success for an unknown one.
  [[nodiscard]] virtual Status erase_job(const std::string& job_id) = 0;

  /// What a worker may want to do with a job that nobody holds.
  enum class Work { kRun, kDeliver };  ///< unfinished jobs; finished ones with pending deliveries
  /// The oldest such job that nobody holds at `now`, passing over those of `except`.
  [[nodiscard]] virtual Result<std::optional<Lease>> claim_next(Work work, const std::string& worker, Timestamp now,
                                                                Timestamp until,
                                                                std::span<const std::string> except) = 0;
  /// kFailedPrecondition when somebody holds it, this worker included, or the job is finished.
  [[nodiscard]] virtual Result<Lease> claim(const std::string& job_id, const std::string& worker, Timestamp now,
                                            Timestamp until) = 0;
  /// kCancelled when the lease is lost. One that has expired is renewed as long as nobody else took the job.
  [[nodiscard]] virtual Status renew(const Lease& lease, Timestamp until) = 0;
  /// Gives the job back: nothing more is written under the lease, and anybody may claim the job. Success when it was
  /// lost.
  [[nodiscard]] virtual Status release(const Lease& lease) = 0;

  /// Each returns the number of the last event written.
  [[nodiscard]] virtual Result<std::int64_t> append_events(const Lease& lease, std::span<const NewEvent> events) = 0;
  /// Journals a step's end and the events that it is. kAlreadyExists when the key is journalled.
  [[nodiscard]] virtual Result<std::int64_t> record_step(const Lease& lease, const StepRow& step,
                                                         std::span<const NewEvent> events) = 0;
  /// Marks the job finished, with its last events and the webhooks that tell of it.
  [[nodiscard]] virtual Result<std::int64_t> finish_job(const Lease& lease, std::span<const NewEvent> events,
                                                        std::span<const Delivery> deliveries) = 0;
  [[nodiscard]] virtual Status record_attempt(const Lease& lease, const std::string& delivery_id,
                                              const Attempt& attempt, DeliveryStatus status) = 0;

  /// In the order in which they were recorded.
  [[nodiscard]] virtual Result<std::vector<StepRow>> steps(const std::string& job_id) = 0;
  /// Up to `limit` events with numbers above `after`, in order.
  [[nodiscard]] virtual Result<std::vector<EventRow>> events(const std::string& job_id, std::int64_t after,
                                                             std::size_t limit) = 0;
  /// Deliveries that are neither delivered nor given up, oldest first.
  [[nodiscard]] virtual Result<std::vector<Delivery>> pending_deliveries() = 0;
  [[nodiscard]] virtual Result<std::vector<Delivery>> deliveries(const std::string& job_id) = 0;

  /// Calls the handler for whatever anybody does here from now on, before the doing returns or soon after, on any
  /// thread. The handler must not wait. Ends before the store does.
  [[nodiscard]] virtual std::unique_ptr<Listening> listen(NoticeHandler handler) = 0;
  /// Tells the listeners what is kept nowhere: progress.
  virtual void announce(const Notice& notice) = 0;
};

}  // namespace fw::metastore
