#include "capture/quarantine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "capture/files/file_source.h"
#include "codec/base64.h"
#include "codec/line_reader.h"
#include "codec/utf8.h"
#include "io/file.h"

namespace fw::capture {
namespace {

constexpr std::size_t kMaxPageLines = 1000;
constexpr std::size_t kMaxPageBytes = 4ULL << 20;
constexpr std::size_t kMaxEntryBytes = 64ULL << 20;

std::string encode(const QuarantinedLine& line, std::size_t bytes_kept) {
  std::string_view bytes = line.bytes;
  bytes = bytes.substr(0, bytes_kept);
  nlohmann::ordered_json entry{
      {"source", line.source}, {"line", line.line}, {"reason", line.reason}, {"length", line.length}};
  if (codec::is_valid_utf8(bytes)) {
    entry["text"] = bytes;
  } else {
    entry["base64"] = codec::base64_encode(bytes);
  }
  // A path may hold any bytes; what is not UTF-8 in it is replaced.
  return entry.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::optional<QuarantinedLine> decode(std::string_view entry) {
  const auto json = nlohmann::json::parse(entry, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  const auto text = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto number = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
  };
  return QuarantinedLine{
      .source = text("source"),
      .line = number("line"),
      .reason = text("reason"),
      .bytes = json.contains("base64") ? codec::base64_decode(text("base64")).value_or("") : text("text"),
      .length = number("length")};
}

}  // namespace

struct Quarantine::Impl {
  Impl(std::filesystem::path p, const QuarantineLimits& l) : path(std::move(p)), limits(l) {}
  ~Impl() {
    if (fd >= 0) ::close(fd);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status open();
  /// Also again, where another file was put in its place.
  Status open_if_closed();
  /// Takes note of every entry, and cuts a torn one off the end.
  Status read_entries();
  Status append(std::string_view bytes);
  /// Cuts off what lies behind `size`, so that no half or refused entry stands before later ones. Where the disk takes
  /// not even that, the next append() does it first.
  Status cut_to_size();
  Error taken_back(Error error);
  Error failed(std::string_view what) const { return system_error(std::string(what) + " " + path.string(), errno); }

  std::filesystem::path path;
  QuarantineLimits limits;
  std::mutex writing;  // held over the disk, by add() and clear(); before mutex
  int fd = -1;
  bool is_longer = false;                   // than `size`; under writing
  std::unordered_set<std::uint64_t> known;  // hashes of entries; under writing
  mutable std::mutex mutex;                 // of the rest, never held over the disk
  std::atomic<std::uint64_t> size = 0;      // changed under writing alone
  std::map<std::string, std::uint64_t> counts;
};

Status Quarantine::Impl::open() {
  const bool is_new = !std::filesystem::exists(path);
  FW_TRY(open_if_closed());
  if (is_new) FW_TRY(io::sync_folder(path.parent_path()));
  return read_entries();
}

Status Quarantine::Impl::open_if_closed() {
  if (fd >= 0) return {};
  fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return failed("cannot open the quarantine");
  return {};
}

Status Quarantine::Impl::read_entries() {
  FW_ASSIGN(const auto file, FileSource::open(path.string(), Deadline::never()));
  codec::LineReader reader(*file, kMaxEntryBytes);
  std::uint64_t unreadable = 0;
  while (true) {
    FW_ASSIGN(const auto line, reader.next());
    if (!line) break;
    const std::uint64_t end = size + line->length + 1;
    if (end > *file->size()) break;  // no newline: the write was cut short
    size = end;
    const auto entry = decode(line->bytes);
    if (!entry) {
      ++unreadable;
      continue;
    }
    known.insert(hash64(line->bytes));
    ++counts[entry->reason];
  }
  if (size < *file->size() && ::ftruncate(fd, static_cast<off_t>(size)) != 0)
    return failed("cannot mend the quarantine");
  if (unreadable > 0)
    log_warning("capture", "quarantine has unreadable entries", {{"path", path.string()}, {"entries", unreadable}});
  return {};
}

Status Quarantine::Impl::append(std::string_view bytes) {
  FW_TRY(open_if_closed());
  if (is_longer) FW_TRY(cut_to_size());
  const std::uint64_t end = size + bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return taken_back(failed("cannot write the quarantine"));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fdatasync(fd) != 0) return taken_back(failed("cannot sync the quarantine"));
  size = end;
  return {};
}

Status Quarantine::Impl::cut_to_size() {
  is_longer = ::ftruncate(fd, static_cast<off_t>(size)) != 0;
  if (is_longer) return failed("cannot mend the quarantine");
  return {};
}

Error Quarantine::Impl::taken_back(Error error) {
  (void)cut_to_size();
  return error;
}

Quarantine::Quarantine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Quarantine::~Quarantine() = default;

Result<std::unique_ptr<Quarantine>> Quarantine::open(const std::filesystem::path& folder,
                                                     const QuarantineLimits& limits) {
  FW_TRY(io::create_folders(folder));
  auto impl = std::make_unique<Impl>(folder / "lines.jsonl", limits);
  FW_TRY(impl->open());
  return std::unique_ptr<Quarantine>(new Quarantine(std::move(impl)));
}

Result<QuarantineReport> Quarantine::add(std::span<const QuarantinedLine> lines, bool whole) {
  const std::lock_guard writing(impl_->writing);
  QuarantineReport report;
  std::string bytes;
  std::map<std::string, std::uint64_t> counts;
  std::unordered_set<std::uint64_t> fresh;
  for (const QuarantinedLine& line : lines) {
    const std::string entry = encode(line, whole ? line.bytes.size() : impl_->limits.bytes_per_line);
    const std::uint64_t hash = hash64(std::string_view(entry).substr(0, entry.size() - 1));
    if (impl_->known.contains(hash) || fresh.contains(hash)) {
      ++report.known;
    } else if (impl_->size + bytes.size() + entry.size() > impl_->limits.bytes || entry.size() > kMaxEntryBytes) {
      ++report.left_out;
    } else {
      bytes += entry;
      fresh.insert(hash);
      ++counts[line.reason];
      ++report.kept;
    }
  }
  if (bytes.empty()) return report;
  FW_TRY(impl_->append(bytes));
  impl_->known.merge(fresh);
  const std::lock_guard lock(impl_->mutex);
  for (const auto& [reason, count] : counts) impl_->counts[reason] += count;
  return report;
}

std::map<std::string, std::uint64_t> Quarantine::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

Result<QuarantinePage> Quarantine::list(const std::optional<std::string>& reason, std::uint64_t offset,
                                        std::size_t limit) const {
  if (limit < 1 || limit > kMaxPageLines) {
    return invalid_argument("a page of quarantined lines has 1 to 1000 lines, not " + std::to_string(limit));
  }
  const std::uint64_t size = impl_->size;
  QuarantinePage page;
  if (offset >= size) return page;
  FW_ASSIGN(const auto file, FileSource::open(impl_->path.string(), Deadline::never(), offset));
  codec::LineReader reader(*file, kMaxEntryBytes);
  for (std::size_t bytes = 0; offset < size && page.lines.size() < limit && bytes < kMaxPageBytes;) {
    FW_ASSIGN(const auto line, reader.next());
    if (!line) return page;
    offset += line->length + 1;
    auto entry = decode(line->bytes);
    if (!entry || (reason && entry->reason != *reason)) continue;
    bytes += entry->bytes.size();
    page.lines.push_back(std::move(*entry));
  }
  if (offset < size) page.next = offset;
  return page;
}

namespace {

/// Calls `visit(entry's bytes without its newline, the line or nothing if it cannot be read)` for the first `size`
/// bytes.
template <class Visit>
Status each_entry(const std::filesystem::path& path, std::uint64_t size, Visit visit) {
  FW_ASSIGN(const auto file, FileSource::open(path.string(), Deadline::never()));
  codec::LineReader reader(*file, kMaxEntryBytes);
  for (std::uint64_t offset = 0; offset < size;) {
    FW_ASSIGN(const auto line, reader.next());
    if (!line) break;
    offset += line->length + 1;
    visit(line->bytes, decode(line->bytes));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> Quarantine::count(const Fits& fits) const {
  std::uint64_t count = 0;
  FW_TRY(each_entry(impl_->path, impl_->size,
                    [&](std::string_view, const auto& line) { count += line && fits(*line) ? 1 : 0; }));
  return count;
}

Result<std::uint64_t> Quarantine::erase(const Fits& fits) {
  const std::lock_guard writing(impl_->writing);
  std::string kept;
  std::unordered_set<std::uint64_t> known;
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t erased = 0;
  FW_TRY(each_entry(impl_->path, impl_->size, [&](std::string_view bytes, const auto& line) {
    if (line && fits(*line)) {
      ++erased;
      return;
    }
    kept.append(bytes) += '\n';
    if (!line) return;
    known.insert(hash64(bytes));
    ++counts[line->reason];
  }));
  if (erased == 0) return 0;
  FW_TRY(io::write_file_atomically(impl_->path, kept));
  ::close(std::exchange(impl_->fd, -1));
  impl_->size = kept.size();
  impl_->is_longer = false;
  impl_->known = std::move(known);
  const std::lock_guard lock(impl_->mutex);
  impl_->counts = std::move(counts);
  return erased;
}

Status Quarantine::clear() {
  const std::lock_guard writing(impl_->writing);
  FW_TRY(impl_->open_if_closed());
  if (::ftruncate(impl_->fd, 0) != 0 || ::fdatasync(impl_->fd) != 0)
    return impl_->failed("cannot clear the quarantine");
  impl_->size = 0;
  impl_->is_longer = false;
  impl_->known.clear();
  const std::lock_guard lock(impl_->mutex);
  impl_->counts.clear();
  return {};
}

}  // namespace fw::capture
