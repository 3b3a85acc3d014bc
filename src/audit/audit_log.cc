#include "audit/audit_log.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "audit/impl/chain.h"
#include "base/log.h"
#include "io/append_file.h"
#include "io/file.h"

namespace fw::audit {
namespace {

constexpr std::size_t kMaxText = 16 << 10;  // of one member
constexpr std::size_t kMaxDetails = 256 << 10;
constexpr std::uint64_t kMaxFile = 4ULL << 30;
constexpr std::uint64_t kMaxHeadFile = 64 << 10;
constexpr int kLooks = 3;  // at a file whose last line is not whole

Status check(const Event& event) {
  const auto* too_long = [&]() -> const char* {
    if (event.person.size() > kMaxText) return "person";
    if (event.action.size() > kMaxText) return "action";
    if (event.subject.size() > kMaxText) return "subject";
    if (event.reason.size() > kMaxText) return "reason";
    return event.details.size() > kMaxDetails ? "details" : nullptr;
  }();
  if (too_long != nullptr) return invalid_argument(std::string(too_long) + " is too long for the audit log");
  if (event.person.empty() || event.action.empty())
    return invalid_argument("an audit entry needs a person and an action");
  return {};
}

/// What a head file says.
struct KeptHead {
  std::uint64_t entries = 0;
  std::string hash;
};

/// Nothing where there is no such file; kDataLoss where it says nothing.
Result<std::optional<KeptHead>> read_head(const std::filesystem::path& file) {
  std::error_code ignored;
  if (file.empty() || !std::filesystem::exists(file, ignored)) return std::optional<KeptHead>();
  FW_ASSIGN(const std::string text, io::read_file(file, kMaxHeadFile));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.value("entries", nlohmann::json()).is_number_unsigned() ||
      !json.value("head", nlohmann::json()).is_string()) {
    return data_loss(file.string() + " cannot be read");
  }
  return std::optional(KeptHead{json["entries"].get<std::uint64_t>(), json["head"].get<std::string>()});
}

std::string at_entry(std::uint64_t number) { return "entry " + std::to_string(number) + ": "; }

}  // namespace

std::string no_hash() { return std::string(64, '0'); }

Result<Verification> walk(const std::filesystem::path& file, const std::function<void(Entry)>& take) {
  FW_ASSIGN(const std::string bytes, io::read_file(file, kMaxFile));
  Verification result{.head = no_hash()};
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t end = bytes.find('\n', at);
    if (end == std::string::npos) {
      result.fault = at_entry(result.entries + 1) + "its line is cut short";
      return result;
    }
    auto entry = from_line(std::string_view(bytes).substr(at, end - at));
    if (!entry.ok()) {
      result.fault = at_entry(result.entries + 1) + entry.error().message;
      return result;
    }
    if (entry->number != result.entries + 1 || entry->previous != result.head) {
      result.fault = at_entry(result.entries + 1) + "it is missing or was moved: entry " +
                     std::to_string(entry->number) + " stands in its place";
      return result;
    }
    ++result.entries;
    result.head = entry->hash;
    if (take) take(std::move(*entry));
    at = end + 1;
  }
  return result;
}

Result<Verification> verify(const std::filesystem::path& file, const std::optional<std::string>& head,
                            const std::filesystem::path& head_file) {
  bool is_seen = !head || *head == no_hash();
  // Before the log: what a running service appends meanwhile is no less.
  const auto kept = read_head(head_file);
  const std::uint64_t kept_number = kept.ok() && *kept ? (*kept)->entries : 0;
  std::string there;  // hash of that entry
  FW_ASSIGN(Verification result, walk(file, [&](const Entry& entry) {
              is_seen = is_seen || entry.hash == *head;
              if (entry.number == kept_number) there = entry.hash;
            }));
  if (result.fault) return result;
  if (!is_seen) {
    result.fault = "no entry has the hash " + *head + ": entries were cut off the end, or it is another log";
  } else if (!kept.ok()) {
    result.fault = kept.error().message + ": whether entries were cut off the end is not known";
  } else if (kept_number > result.entries) {
    result.fault = "entries were cut off the end: there were " + std::to_string(kept_number) + ", as " +
                   head_file.string() + " says";
  } else if (kept_number > 0 && there != (*kept)->hash) {
    result.fault = at_entry(kept_number) + "it is not the one that was written, as " + head_file.string() +
                   " says: the log was written anew, or is another one";
    result.entries = 0;  // which of them are as they were, nobody knows
  }
  return result;
}

LogFiles log_files_in(const std::filesystem::path& folder) {
  std::error_code ignored;
  const bool is_itself = !std::filesystem::exists(folder / "audit" / "audit.jsonl", ignored) &&
                         std::filesystem::exists(folder / "audit.jsonl", ignored);
  if (!is_itself) return {folder / "audit" / "audit.jsonl", folder / "audit_head.json"};
  return {folder / "audit.jsonl", folder / ".." / "audit_head.json"};
}

struct AuditLog::Impl {
  Impl(io::AppendFile f, const Clock& c, std::filesystem::path h)
      : file(std::move(f)), clock(c), head_file(std::move(h)) {}

  /// That the log has the entry of its kept head.
  [[nodiscard]] Status check_head() const;
  /// As AuditLog::check_place(); under `mutex`.
  [[nodiscard]] Status check_place() const;
  /// What fails leaves the head of an earlier entry.
  void keep_head() const;

  io::AppendFile file;
  const Clock& clock;
  const std::filesystem::path head_file;  // empty: none is kept
  mutable std::mutex mutex;               // guards all below, and the file's writing
  std::vector<Entry> entries;
};

Status AuditLog::Impl::check_head() const {
  const auto kept = read_head(head_file);
  if (!kept.ok() && kept.error().code == ErrorCode::kDataLoss) {
    log_warning("audit", "the kept head cannot be read; the log is not held against it",
                {{"file", head_file.string()}});
    return {};
  }
  if (!kept.ok()) return kept.error();
  if (!*kept) return {};
  const auto number = (*kept)->entries;
  const bool has_entry = number <= entries.size();
  if (number == 0 || (has_entry && entries[number - 1].hash == (*kept)->hash)) return {};
  return data_loss("the audit log " + file.path().string() +
                   (has_entry
                        ? " is another one: entry " + std::to_string(number) + " is not the one that was written"
                        : " has " + std::to_string(entries.size()) + " entries, and had " + std::to_string(number)) +
                   "; promotions are read out of it: restore it from a backup. If this is the one you want, remove " +
                   head_file.string());
}

Status AuditLog::Impl::check_place() const {
  const Status there = file.check_in_place();
  if (there.ok() || there.error().code != ErrorCode::kUnavailable) return there;
  return unavailable("nothing can be decided, since the audit log is gone: " + there.error().message +
                     "; put back the file itself, or write the log anew (flywheel audit export --server URL) and "
                     "restart the service");
}

void AuditLog::Impl::keep_head() const {
  if (head_file.empty()) return;
  const nlohmann::ordered_json json{{"entries", entries.size()},
                                    {"head", entries.empty() ? no_hash() : entries.back().hash}};
  if (const Status kept = io::write_file_atomically(head_file, json.dump() + "\n"); !kept.ok()) {
    log_warning("audit", "the head of the log was not kept", {{"error", kept.error().message}});
  }
}

AuditLog::AuditLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AuditLog::~AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::filesystem::path& folder, const Clock& clock,
                                                 std::filesystem::path head_file) {
  FW_TRY(io::create_folders(folder));
  FW_ASSIGN(auto file, io::AppendFile::open(folder / "audit.jsonl"));
  if (file.torn() > 0) {
    log_warning("audit", "the last write was torn by a crash and is cut off", {{"bytes", file.torn()}});
  }
  auto impl = std::make_unique<Impl>(std::move(file), clock, std::move(head_file));
  FW_ASSIGN(const auto found, walk(impl->file.path(), [&](Entry entry) { impl->entries.push_back(std::move(entry)); }));
  if (found.fault) {
    return data_loss("the audit log " + impl->file.path().string() + " does not hold: " + *found.fault +
                     "; restore it from a backup (flywheel audit verify)");
  }
  FW_TRY(impl->check_head());
  impl->keep_head();
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(impl)));
}

Result<Entry> AuditLog::append(Event event, std::optional<std::uint64_t> after) {
  FW_TRY(check(event));
  const std::lock_guard lock(impl_->mutex);
  auto& entries = impl_->entries;
  if (after && *after != entries.size()) return failed_precondition("somebody else decided meanwhile; look again");
  Entry entry{.number = entries.size() + 1,
              .at = impl_->clock.now(),
              .event = std::move(event),
              .previous = entries.empty() ? no_hash() : entries.back().hash,
              .hash = {}};
  entry.hash = hash_of(entry);
  FW_TRY(impl_->check_place());
  const std::string line = to_line(entry);
  // What is kept is what a reader finds: bytes that are no UTF-8 were replaced on the way.
  FW_ASSIGN(Entry kept, from_line(line));
  FW_TRY(impl_->file.append(line + '\n'));
  entries.push_back(kept);
  impl_->keep_head();
  return kept;
}

Status AuditLog::check_place() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->check_place();
}

std::vector<Entry> AuditLog::entries(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(impl_->mutex);
  const auto& all = impl_->entries;
  const std::size_t first = static_cast<std::size_t>(std::min<std::uint64_t>(after, all.size()));
  const std::size_t count = std::min(limit, all.size() - first);
  return {all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

std::vector<Entry> AuditLog::newest(std::uint64_t before, std::size_t limit,
                                    std::optional<std::string_view> subject) const {
  const std::lock_guard lock(impl_->mutex);
  const auto& all = impl_->entries;
  std::vector<Entry> found;
  // Numbers begin at 1: entry n stands at n - 1.
  for (std::uint64_t n = std::min<std::uint64_t>(before > 0 ? before - 1 : 0, all.size()); n > 0; --n) {
    const Entry& entry = all[static_cast<std::size_t>(n - 1)];
    if (found.size() == limit) break;
    if (!subject || entry.event.subject == *subject) found.push_back(entry);
  }
  return found;
}

Result<Verification> AuditLog::verify_file(const std::optional<std::string>& head) const {
  Result<Verification> result = Verification{};
  for (int look = 0; look < kLooks; ++look) {
    Verification known{.head = no_hash()};
    {
      const std::lock_guard lock(impl_->mutex);
      if (!impl_->entries.empty()) known = {impl_->entries.size(), impl_->entries.back().hash, {}};
    }
    result = verify(file(), known.head);
    if (!result.ok()) return result;
    // Behind what was known a line may be on its way to the file.
    if (!result->fault || result->entries < known.entries) break;
  }
  if (!head || result->fault) return result;
  return verify(file(), head);
}

Timestamp AuditLog::now() const { return impl_->clock.now(); }

std::uint64_t AuditLog::last_number() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->entries.size();
}

const std::filesystem::path& AuditLog::file() const { return impl_->file.path(); }

}  // namespace fw::audit
