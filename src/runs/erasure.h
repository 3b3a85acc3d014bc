#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "logstore/log_store.h"
#include "runs/job.h"

namespace fw::runs {

/// Whose data is to go: the records that fit all that is given.
struct ErasureRequest {
  std::vector<record::RecordId> records;  ///< empty: any
  std::optional<record::WorkloadId> workload;
  std::optional<record::ClientId> client;
  std::string containing;  ///< stands in a text of the request or the response, tools' arguments too; empty: any
};

/// A run whose datasets have rows made of such records.
struct AffectedJob {
  JobId id;
  record::WorkloadId workload;
  std::uint64_t train = 0;  ///< rows
  std::uint64_t validation = 0;
  std::uint64_t evaluation = 0;
  std::vector<std::string> adapters;  ///< names of the models that were trained on these rows
};

struct Erasure {
  std::vector<record::RecordId> records;  ///< oldest first
  std::vector<AffectedJob> jobs;          ///< in the order of the jobs
  std::uint64_t without_content = 0;      ///< whose content has expired: `containing` was not looked for in them
};

inline constexpr std::size_t kMostErased = 1'000'000;  ///< records at a time
inline constexpr std::size_t kLeastContained = 4;      ///< bytes of `containing`: less stands everywhere

/// Finds the records and what was made of them: also rows of records that are no longer in the log, where these are
/// named, or the rows hold `containing`. Reads contents only for `containing`, a page at a time. Errors:
/// kInvalidArgument where nothing is given that tells whose data it is, or `containing` is too short; kTooLarge beyond
/// kMostErased; the deadline's; a dataset's file that cannot be read.
[[nodiscard]] Result<Erasure> find_erasure(logstore::LogStore& log, std::span<const Job> jobs,
                                           const ErasureRequest& request, const Deadline& deadline);

/// The runs whose datasets have rows of these records, whether these are still in the log or not.
[[nodiscard]] Result<std::vector<AffectedJob>> made_of(std::span<const Job> jobs,
                                                       std::span<const record::RecordId> records,
                                                       const Deadline& deadline);

/// Of which records the rows of the run's datasets were made, each once. Errors as made_of().
[[nodiscard]] Result<std::vector<record::RecordId>> records_of_rows(const Job& job, const Deadline& deadline);

/// Deletes the records; returns how many there still were. Those before an error are gone.
[[nodiscard]] Result<std::uint64_t> erase_records(logstore::LogStore& log, std::span<const record::RecordId> records,
                                                  const Deadline& deadline);

}  // namespace fw::runs
