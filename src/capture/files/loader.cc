#include "capture/files/loader.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "capture/files/folder.h"
#include "capture/files/impl/sniff.h"
#include "capture/files/impl/unpacked.h"
#include "capture/files/traffic_files.h"
#include "capture/log_document.h"
#include "capture/record_reader.h"
#include "codec/json_documents.h"
#include "logstore/same_content.h"

namespace fw::capture {
namespace {

constexpr std::size_t kBatchRecords = 1000;
constexpr std::size_t kBatchBytes = 8ULL << 20;
constexpr std::size_t kQuarantineBatch = 1000;
constexpr std::uint64_t kLinesBetweenChecks = 1000;

std::string source_name(const std::string& path) {
  if (path == "-") return "standard input";
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(path, error);
  return error ? path : absolute.string();
}

std::string source_name(TrafficSource source) {
  for (std::string& file : source.files) file = source_name(file);
  return source.name();
}

std::string how_much_is_loaded(const LoadedFile& file) {
  if (file.lines == 0) return "nothing of " + file.source + " is loaded";
  return "only the first " + std::to_string(file.lines) + (file.lines == 1 ? " line of " : " lines of ") + file.source +
         (file.lines == 1 ? " is loaded" : " are loaded");
}

/// Where a record of a batch stood, and whether it is as it stood there.
struct Origin {
  std::uint64_t line = 0;
  bool is_redacted = false;
};

/// One load: what it has counted, and what waits to be written. Errors that leave it end the load; those of a file
/// are kept in the report.
class Load final : private RecordSink {
 public:
  Load(logstore::LogStore& store, Quarantine& quarantine, const Redactor& redactor, Timestamp now, LoadOptions options,
       Deadline deadline)
      : store_(store),
        quarantine_(quarantine),
        redactor_(redactor),
        now_(now),
        options_(std::move(options)),
        deadline_(std::move(deadline)) {}

  std::function<void()> on_batch;  ///< may be empty

  /// Reads one source to its end. What makes it unreadable goes into the report.
  Status read(const std::string& name, codec::ByteSource& source);
  /// Notes a file that could not even be opened.
  void note_unreadable(const std::string& name, Error error) { report_.files.push_back({name, 0, std::move(error)}); }

  [[nodiscard]] const LoadReport& report() const { return report_; }
  [[nodiscard]] LoadReport finish();

 private:
  Status read_documents(codec::ByteSource& source);
  /// The source failed: notes that for its file, unless it was the deadline, which ends the load.
  Status end_file_early(const Error& error);
  void take(record::Interaction record, std::size_t bytes) override;
  void refuse(const codec::JsonDocument& document, const std::string& reason) override;
  void skip(std::string_view as) override;
  void repair(std::string_view how) override { ++report_.repairs[std::string(how)]; }
  void count_document();
  [[nodiscard]] bool is_batch_full() const;
  Status flush();
  Status look_at_known(std::span<const std::size_t> known);
  void keep_aside(std::size_t place);

  logstore::LogStore& store_;
  Quarantine& quarantine_;
  const Redactor& redactor_;
  Timestamp now_;
  LoadOptions options_;
  Deadline deadline_;
  LoadReport report_;
  std::map<std::pair<record::WorkloadId, record::ClientId>, std::uint64_t> workloads_;
  std::vector<record::Interaction> batch_;
  std::size_t batch_bytes_ = 0;
  std::vector<Origin> origins_;  // of these
  std::vector<QuarantinedLine> bad_lines_;
  std::vector<QuarantinedLine> others_;  // records whose ids others have
};

Status Load::read(const std::string& name, codec::ByteSource& source) {
  report_.files.push_back({name, 0, std::nullopt});
  Unpacked unpacked(source);
  if (const auto why = why_not_json(unpacked.text().peek(kSniffBytes))) {
    report_.files.back().error = invalid_argument("cannot load " + name + ": " + *why);
    return {};
  }
  FW_TRY(read_documents(unpacked.text()));
  return flush();
}

Status Load::read_documents(codec::ByteSource& source) {
  codec::JsonDocumentReader documents(source, options_.line_limit);
  RecordReader records({.workload = options_.workload,
                        .client = options_.client,
                        .default_workload = options_.default_workload,
                        .default_client = options_.default_client,
                        .origin = options_.origin,
                        .loaded_at = now_});
  for (std::uint64_t count = 1;; ++count) {
    const auto document = documents.next();
    if (!document.ok() || !*document) {
      records.finish(*this);
      return document.ok() ? Status() : end_file_early(document.error());
    }
    if ((*document)->is_in_array) repair("element of a JSON array");
    records.read(**document, *this);
    if (is_batch_full()) FW_TRY(flush());
    if (count % kLinesBetweenChecks == 0) FW_TRY(deadline_.check("loading"));
  }
}

Status Load::end_file_early(const Error& error) {
  FW_TRY(flush());
  FW_TRY(deadline_.check("loading"));
  LoadedFile& file = report_.files.back();
  file.error = error.within(how_much_is_loaded(file));
  return {};
}

void Load::count_document() {
  ++report_.lines;
  ++report_.files.back().lines;
}

void Load::skip(std::string_view as) {
  count_document();
  ++report_.skips[std::string(as)];
  ++report_.skipped;
}

void Load::take(record::Interaction record, std::size_t bytes) {
  count_document();
  const auto redacted = redactor_.apply(record);
  if (!redacted.ok()) {
    ++report_.bad;
    ++report_.not_kept;
    ++report_.reasons["it cannot be redacted, and was left out"];
    return;
  }
  for (const auto& [rule, count] : *redacted) report_.redacted[rule] += count;
  ++workloads_[{record.workload, record.client}];
  batch_.push_back(std::move(record));
  origins_.push_back({.line = report_.files.back().lines, .is_redacted = !redacted->empty()});
  batch_bytes_ += bytes;
}

void Load::refuse(const codec::JsonDocument& document, const std::string& reason) {
  count_document();
  ++report_.bad;
  ++report_.reasons[reason];
  bad_lines_.push_back({.source = report_.files.back().source,
                        .line = document.line,
                        .reason = reason,
                        .bytes = redactor_.redact_unread(document.bytes.substr(0, QuarantineLimits{}.bytes_per_line)),
                        .length = document.length});
}

bool Load::is_batch_full() const {
  return batch_.size() >= kBatchRecords || batch_bytes_ >= kBatchBytes || bad_lines_.size() >= kQuarantineBatch;
}

Status Load::flush() {
  if (!batch_.empty()) {
    FW_ASSIGN(const auto appended, store_.append(batch_));
    report_.appended += appended.appended;
    report_.duplicates += appended.duplicates;
    FW_TRY(look_at_known(appended.known));
    batch_.clear();
    origins_.clear();
    batch_bytes_ = 0;
  }
  if (!bad_lines_.empty()) {
    FW_ASSIGN(const auto kept, quarantine_.add(bad_lines_));
    report_.not_kept += kept.left_out;
    bad_lines_.clear();
  }
  if (!others_.empty()) {
    FW_ASSIGN(const auto kept, quarantine_.add(others_, /*whole=*/true));
    report_.not_kept += kept.left_out;
    others_.clear();
  }
  if (on_batch) on_batch();
  return {};
}

bool is_same_pair(const record::Interaction& a, const record::Interaction& b) {
  return a.workload == b.workload && a.client == b.client;
}

/// Where the store has another record under an id, the one that came is kept aside. Not of records in which a rule
/// replaced something: what is there may have been redacted by other rules. The same record under another workload or
/// client is counted: it may have been put there since.
Status Load::look_at_known(std::span<const std::size_t> known) {
  while (!known.empty()) {
    std::vector<record::RecordId> ids;
    for (const std::size_t place : known) ids.push_back(batch_[place].id);
    FW_ASSIGN(const auto found, store_.find_batch(ids));
    if (found.empty()) return unavailable("the log store does not find the record " + *ids.front());
    for (std::size_t i = 0; i < found.size(); ++i) {
      const bool can_tell = found[i] && found[i]->has_content() && !origins_[known[i]].is_redacted;
      if (can_tell && !logstore::same_content(batch_[known[i]], *found[i])) {
        keep_aside(known[i]);
      } else if (found[i] && !is_same_pair(batch_[known[i]], *found[i])) {
        ++report_.elsewhere;
      }
    }
    known = known.subspan(found.size());
  }
  return {};
}

void Load::keep_aside(std::size_t place) {
  --report_.duplicates;
  ++report_.bad;
  ++report_.reasons[kOtherContent];
  QuarantinedLine line{.source = report_.files.back().source, .line = origins_[place].line, .reason = kOtherContent};
  line.bytes = to_log_document(batch_[place]);
  line.length = line.bytes.size();
  others_.push_back(std::move(line));
}

LoadReport Load::finish() {
  for (const auto& [pair, records] : workloads_) report_.workloads.push_back({pair.first, pair.second, records});
  return std::move(report_);
}

/// The error that ends a load, with how far it came.
Error given_up(Error error, const LoadReport& report) {
  error.message += "; the load was given up after " + std::to_string(report.lines) + " lines with " +
                   std::to_string(report.appended) + " new records in the store: load again, and it goes on from there";
  return error;
}

}  // namespace

bool LoadReport::is_complete() const {
  return std::ranges::none_of(files, [](const LoadedFile& file) { return file.error.has_value(); });
}

Result<LoadReport> Loader::load(const std::vector<std::string>& paths, const LoadOptions& options, Deadline deadline,
                                const OnProgress& on_progress) {
  Load load(store_, quarantine_, redactor_, clock_.now(), options, deadline);
  std::vector<std::string> files, documentation;
  for (const std::string& path : paths) {
    auto found = files_of(path);
    if (found.ok()) {
      std::ranges::move(found->files, std::back_inserter(files));
      std::ranges::move(found->documentation, std::back_inserter(documentation));
    } else {
      load.note_unreadable(source_name(path), std::move(found).error());
    }
  }
  const std::vector<TrafficSource> sources = sources_of(files);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string name = source_name(sources[i]);
    auto file = TrafficSourceReader::open(sources[i], deadline);
    if (!file.ok()) {
      load.note_unreadable(name, std::move(file).error());
      continue;
    }
    const auto report_progress = [&] {
      if (!on_progress) return;
      const LoadReport& so_far = load.report();
      on_progress({.source = name,
                   .file = i + 1,
                   .files = sources.size(),
                   .bytes_done = (*file)->position(),
                   .bytes_total = (*file)->size(),
                   .lines = so_far.lines,
                   .appended = so_far.appended,
                   .duplicates = so_far.duplicates,
                   .bad = so_far.bad});
    };
    load.on_batch = report_progress;
    const Status read = load.read(name, **file);
    load.on_batch = nullptr;
    if (!read.ok()) return given_up(read.error(), load.report());
  }
  LoadReport report = load.finish();
  report.documentation = std::move(documentation);
  return report;
}

Result<LoadReport> Loader::load_source(const std::string& name, codec::ByteSource& source, const LoadOptions& options,
                                       Deadline deadline) {
  Load load(store_, quarantine_, redactor_, clock_.now(), options, std::move(deadline));
  const Status read = load.read(name, source);
  if (!read.ok()) return given_up(read.error(), load.report());
  return load.finish();
}

}  // namespace fw::capture
