#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "base/clock.h"
#include "capture/quarantine.h"
#include "capture/redaction/redactor.h"
#include "codec/byte_source.h"
#include "logstore/log_store.h"

namespace fw::capture {

struct LoadOptions {
  std::optional<record::WorkloadId> workload;          ///< in place of the documents' own
  std::optional<record::ClientId> client;              ///< in place of the documents' own
  std::optional<record::WorkloadId> default_workload;  ///< where a document names none
  std::optional<record::ClientId> default_client;      ///< where a document names none
  record::Origin origin = record::Origin::kFile;       ///< the way in, where a document names none
  std::size_t line_limit = 32ULL << 20;                ///< bytes; a longer line is a bad line
};

struct LoadProgress {
  std::string source;
  std::size_t file = 0;  ///< from 1
  std::size_t files = 0;
  std::uint64_t bytes_done = 0;              ///< of this file, as it lies on disk
  std::optional<std::uint64_t> bytes_total;  ///< absent for pipes and standard input
  std::uint64_t lines = 0;                   ///< of the whole load so far, as the next three
  std::uint64_t appended = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t bad = 0;
};

struct LoadedFile {
  std::string source;  ///< absolute path, `standard input`, or the paths of a batch's files (sources_of())
  std::uint64_t lines = 0;
  std::optional<Error> error;  ///< why it was not read, or not to its end; the lines before that are loaded
};

struct LoadedWorkload {
  record::WorkloadId workload;
  record::ClientId client;
  std::uint64_t records = 0;  ///< read, new or known
};

/// Why a record is kept aside whose id another one has, which stays.
inline constexpr const char* kOtherContent = "another record has its id, with other content";

/// lines = appended + duplicates + bad + skipped.
struct LoadReport {
  std::uint64_t lines = 0;       ///< documents: lines of JSON lines, elements of lists; no empty lines
  std::uint64_t appended = 0;    ///< new records
  std::uint64_t duplicates = 0;  ///< records that the store had already
  std::uint64_t elsewhere = 0;   ///< of these: under another workload or client, where they stay
  std::uint64_t bad = 0;         ///< documents that are no record
  std::uint64_t skipped = 0;     ///< action lines of a `_bulk` body, second halves of batches, empty lists
  std::map<std::string, std::uint64_t> skips;    ///< what was skipped, by what it is
  std::map<std::string, std::uint64_t> repairs;  ///< what was done to records so that they are records, by what it is
  std::uint64_t not_kept = 0;                    ///< bad lines for which the quarantine had no room
  std::map<std::string, std::uint64_t> reasons;  ///< of the bad lines
  RedactionCounts redacted;                      ///< values that rules replaced, by rule
  std::vector<LoadedWorkload> workloads;         ///< ordered by workload and client
  std::vector<LoadedFile> files;
  std::vector<std::string> documentation;  ///< files of a folder that were passed over (files_of())

  /// Whether every file was read to its end (bad lines or not).
  [[nodiscard]] bool is_complete() const;
  /// Whether there were documents, and not one was a record.
  [[nodiscard]] bool is_all_bad() const { return bad > 0 && appended + duplicates == 0; }
};

/// Loads traffic from files into a log store: JSON documents in any layout (codec::JsonDocumentReader) and any form
/// that RecordReader knows, plain or packed (codec::unpack, also twice over), told by their bytes. Loading the same
/// file again changes nothing, and equal documents of one file stay separate records. A bad document is counted and
/// goes to the quarantine, and never stops the load; a file that cannot be read is reported, and the next one is read.
///
/// Memory: twice the line limit, a batch (8 MiB, or one document), what RecordReader and the unpacking take.
/// Blocking: for a `disk` pool. Not thread-safe; loaders of several threads may share a store, a quarantine and a
/// redactor, which outlive them.
class Loader final {
 public:
  /// `redactor` sees everything before the store and the quarantine do.
  Loader(logstore::LogStore& store, Quarantine& quarantine, const Clock& clock, const Redactor& redactor)
      : store_(store), quarantine_(quarantine), clock_(clock), redactor_(redactor) {}

  using OnProgress = std::function<void(const LoadProgress&)>;

  /// Paths of files and folders (files_of()), read source by source (sources_of()); `-` is standard input.
  /// `on_progress` (may be empty) is called in this thread, after each batch and at the end of each file. An error only
  /// when the load as a whole was given up: the deadline is over, or the store or the quarantine fails. What was loaded
  /// before stays; loading again goes on from there.
  [[nodiscard]] Result<LoadReport> load(const std::vector<std::string>& paths, const LoadOptions& options,
                                        Deadline deadline, const OnProgress& on_progress = {});

  /// The same for bytes from elsewhere, known by a name.
  [[nodiscard]] Result<LoadReport> load_source(const std::string& name, codec::ByteSource& source,
                                               const LoadOptions& options, Deadline deadline);

 private:
  logstore::LogStore& store_;
  Quarantine& quarantine_;
  const Clock& clock_;
  const Redactor& redactor_;
};

}  // namespace fw::capture
