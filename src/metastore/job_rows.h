#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace fw::metastore {

/// A job as it was ordered, and what was asked of it since. What became of it is in its events.
struct JobRow {
  std::string id;
  Timestamp created_at;
  std::string config;  ///< JSON; what it runs with
  bool is_finished = false;
  bool cancel_requested = false;
  bool delete_requested = false;
  std::int64_t number = 0;  ///< given by the store; grows from each job to the next, gaps are possible
};

enum class JobStatusFilter { kAll, kUnfinished, kFinished };

/// A part of the jobs, oldest first.
struct JobRowPage {
  std::vector<JobRow> jobs;
  /// Goes on after the last of them, also when it has been erased meanwhile; absent at the end.
  std::optional<std::int64_t> next;
};

/// The right of one worker to write what becomes of a job, for a while. Each claim of a job has a higher epoch than
/// the ones before, and what is written under an older one is refused: a worker that slept through the end of its
/// lease does no harm when it wakes.
struct Lease {
  std::string job_id;
  std::string worker;
  std::int64_t epoch = 0;  ///< 0: of nobody
  Timestamp until;
};

/// The journalled end of one step of a job: a value, or the error that ended it.
struct StepRow {
  std::string key;
  std::string value;  ///< JSON; empty when it failed
  std::optional<Error> error;
  Timestamp recorded_at;
};

/// Something that happened to a job.
struct NewEvent {
  Timestamp at;
  std::string kind;
  std::string data;  ///< JSON
};

/// The same as the store keeps it. Numbers begin at 1 and have no gaps within a job.
struct EventRow {
  std::int64_t number = 0;
  Timestamp at;
  std::string kind;
  std::string data;
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

}  // namespace fw::metastore
