#include "capture/files/loader.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/hash.h"
#include "base/random.h"
#include "capture/files/file_source.h"
#include "capture/files/impl/occurrences.h"
#include "capture/files/impl/sniff.h"
#include "capture/log_document.h"
#include "codec/gzip_source.h"
#include "codec/line_reader.h"

namespace fw::capture {
namespace {

constexpr std::size_t kBatchRecords = 1000;
constexpr std::size_t kBatchBytes = 8ULL << 20;
constexpr std::size_t kQuarantineBatch = 1000;
constexpr std::uint64_t kLinesBetweenChecks = 1000;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view trimmed(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

std::string source_name(const std::string& path) {
  if (path == "-") return "standard input";
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(path, error);
  return error ? path : absolute.string();
}

/// One load: what it has counted, and what waits to be written. Errors that leave it end the load; those of a file
/// are kept in the report.
class Load {
 public:
  Load(logstore::LogStore& store, Quarantine& quarantine, Timestamp now, LoadOptions options, Deadline deadline)
      : store_(store),
        quarantine_(quarantine),
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
  Status read_lines(codec::ByteSource& source);
  /// The source failed: notes that for its file, unless it was the deadline, which ends the load.
  Status end_file_early(const Error& error);
  void take(const codec::Line& line, Occurrences& occurrences);
  void take_record(record::Interaction record, std::size_t bytes);
  void take_bad_line(const codec::Line& line, const std::string& reason);
  [[nodiscard]] bool is_batch_full() const;
  Status flush();

  logstore::LogStore& store_;
  Quarantine& quarantine_;
  Timestamp now_;
  LoadOptions options_;
  Deadline deadline_;
  codec::JsonSlicer slicer_;
  LoadReport report_;
  std::map<std::pair<record::WorkloadId, record::ClientId>, std::uint64_t> workloads_;
  std::vector<record::Interaction> batch_;
  std::size_t batch_bytes_ = 0;
  std::vector<QuarantinedLine> bad_lines_;
};

Status Load::read(const std::string& name, codec::ByteSource& source) {
  report_.files.push_back({name, 0, std::nullopt});
  codec::PeekedSource raw(source);
  codec::GzipSource unpacked(raw);
  const bool is_packed = codec::is_gzip(raw.peek(2));
  codec::PeekedSource text(is_packed ? static_cast<codec::ByteSource&>(unpacked) : raw);
  if (const auto why = why_not_json_lines(text.peek(kSniffBytes))) {
    report_.files.back().error = invalid_argument("cannot load " + name + ": " + *why);
    return {};
  }
  FW_TRY(read_lines(text));
  return flush();
}

Status Load::read_lines(codec::ByteSource& source) {
  codec::LineReader reader(source, options_.line_limit);
  Occurrences occurrences(std::stoull(random_hex(8), nullptr, 16));
  while (true) {
    const auto line = reader.next();
    if (!line.ok()) return end_file_early(line.error());
    if (!*line) return {};
    take(**line, occurrences);
    if (is_batch_full()) FW_TRY(flush());
    if ((*line)->number % kLinesBetweenChecks == 0) FW_TRY(deadline_.check("loading"));
  }
}

Status Load::end_file_early(const Error& error) {
  FW_TRY(flush());
  FW_TRY(deadline_.check("loading"));
  LoadedFile& file = report_.files.back();
  file.error =
      error.within("only the first " + std::to_string(file.lines) + " lines of " + file.source + " are loaded");
  return {};
}

void Load::take(const codec::Line& line, Occurrences& occurrences) {
  ++report_.lines;
  ++report_.files.back().lines;
  std::string_view bytes = line.bytes;
  if (line.number == 1 && bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  bytes = trimmed(bytes);
  if (line.is_cut()) return take_bad_line(line, "the line is longer than the limit");
  if (bytes.empty()) {
    ++report_.skipped;
    return;
  }
  // Rows without a time of their own keep the file's order by a nanosecond each.
  const DocumentContext context{.workload = options_.workload,
                                .client = options_.client,
                                .default_workload = options_.default_workload,
                                .default_client = options_.default_client,
                                .loaded_at = now_ + std::chrono::nanoseconds(line.number),
                                .occurrence = occurrences.note(hash64(bytes))};
  auto record = decode_log_document(bytes, context, slicer_);
  if (record.ok()) {
    take_record(std::move(record).value(), bytes.size());
  } else if (is_bulk_action(bytes, slicer_)) {
    ++report_.skipped;
  } else {
    take_bad_line(line, record.error().message);
  }
}

void Load::take_record(record::Interaction record, std::size_t bytes) {
  ++workloads_[{record.workload, record.client}];
  batch_.push_back(std::move(record));
  batch_bytes_ += bytes;
}

void Load::take_bad_line(const codec::Line& line, const std::string& reason) {
  ++report_.bad;
  ++report_.reasons[reason];
  bad_lines_.push_back({.source = report_.files.back().source,
                        .line = line.number,
                        .reason = reason,
                        .bytes = std::string(line.bytes.substr(0, QuarantineLimits{}.bytes_per_line)),
                        .length = line.length});
}

bool Load::is_batch_full() const {
  return batch_.size() >= kBatchRecords || batch_bytes_ >= kBatchBytes || bad_lines_.size() >= kQuarantineBatch;
}

Status Load::flush() {
  if (!batch_.empty()) {
    FW_ASSIGN(const auto appended, store_.append(batch_));
    report_.appended += appended.appended;
    report_.duplicates += appended.duplicates;
    batch_.clear();
    batch_bytes_ = 0;
  }
  if (!bad_lines_.empty()) {
    FW_ASSIGN(const auto kept, quarantine_.add(bad_lines_));
    report_.not_kept += kept.left_out;
    bad_lines_.clear();
  }
  if (on_batch) on_batch();
  return {};
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
  Load load(store_, quarantine_, clock_.now(), options, deadline);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string name = source_name(paths[i]);
    auto file = FileSource::open(paths[i], deadline);
    if (!file.ok()) {
      load.note_unreadable(name, std::move(file).error());
      continue;
    }
    const auto report_progress = [&] {
      if (!on_progress) return;
      const LoadReport& so_far = load.report();
      on_progress({.source = name,
                   .file = i + 1,
                   .files = paths.size(),
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
  return load.finish();
}

Result<LoadReport> Loader::load_source(const std::string& name, codec::ByteSource& source, const LoadOptions& options,
                                       Deadline deadline) {
  Load load(store_, quarantine_, clock_.now(), options, std::move(deadline));
  const Status read = load.read(name, source);
  if (!read.ok()) return given_up(read.error(), load.report());
  return load.finish();
}

}  // namespace fw::capture
