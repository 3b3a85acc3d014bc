#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::audit {

/// What somebody did, and why.
struct Event {
  std::string person;          ///< who; "flywheel" where the service acted by itself
  std::string action;          ///< `promotion.signed`: area and what was done
  std::string subject;         ///< id of what it was done to
  std::string reason;          ///< in the person's words; may be empty
  std::string details = "{}";  ///< a JSON object

  friend bool operator==(const Event&, const Event&) = default;
};

/// An event in its place. `hash` is the SHA-256 of the entry's line without it, and the line holds the hash of the line
/// before: an entry that was changed, taken out or moved breaks the chain there.
struct Entry {
  std::uint64_t number = 0;  ///< from 1, without gaps
  Timestamp at;
  Event event;
  std::string previous;  ///< hash of the entry before; 64 zeros for the first
  std::string hash;

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// One line of the log, without its end (docs/formats/audit.md), and back. kDataLoss: what is wrong with the line.
[[nodiscard]] std::string to_line(const Entry& entry);
[[nodiscard]] Result<Entry> from_line(std::string_view line);

/// How far a chain holds.
struct Verification {
  std::uint64_t entries = 0;  ///< that hold, from the first on
  std::string head;  ///< hash of the last of them: written down elsewhere it proves that none was cut off the end
  std::optional<std::string> fault;  ///< what is wrong with the next one
};

/// Reads a log's file from its beginning. `head`, if given, must be the hash of one of its entries; the entry that
/// `head_file` names, where there is such a file, must be there as well.
[[nodiscard]] Result<Verification> verify(const std::filesystem::path& file,
                                          const std::optional<std::string>& head = std::nullopt,
                                          const std::filesystem::path& head_file = {});

/// Where a service's log lies.
struct LogFiles {
  std::filesystem::path file;
  std::filesystem::path head_file;  ///< number and hash of its last entry
};
/// In its data folder, or the `audit/` in there. Neither file need be there.
[[nodiscard]] LogFiles log_files_in(const std::filesystem::path& folder);

/// The append-only log of everything that people and the service decided: one file of JSON lines. All members may be
/// called from any thread, and block. One process at a time.
class AuditLog final {
 public:
  /// Makes the folder if need be; cuts off a line that a crash tore; kDataLoss where the chain does not hold, or lacks
  /// the entry that `head_file` names. There, if it is given, number and hash of the last entry are kept, once that is
  /// durable: a file that was emptied or cut, also between two lines, is not taken for whole.
  [[nodiscard]] static Result<std::unique_ptr<AuditLog>> open(const std::filesystem::path& folder, const Clock& clock,
                                                              std::filesystem::path head_file = {});
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  /// Durable on return. With `after`, only if that is still the last entry's number: kFailedPrecondition when somebody
  /// else was faster. Errors of check_place() too.
  [[nodiscard]] Result<Entry> append(Event event, std::optional<std::uint64_t> after = std::nullopt);

  /// That the file is where it was opened, and as this log left it. kUnavailable, with the remedy, otherwise: what was
  /// appended then would be in no log. Blocks briefly.
  [[nodiscard]] Status check_place() const;

  /// Up to `limit` entries with numbers above `after`, oldest first.
  [[nodiscard]] std::vector<Entry> entries(std::uint64_t after, std::size_t limit) const;
  /// Up to `limit` entries with numbers below `before`, newest first; those of one subject, where one is given.
  [[nodiscard]] std::vector<Entry> newest(std::uint64_t before, std::size_t limit,
                                          std::optional<std::string_view> subject = std::nullopt) const;
  [[nodiscard]] std::uint64_t last_number() const;
  /// By the clock that its entries are dated with.
  [[nodiscard]] Timestamp now() const;
  /// Reads the file as it is now, as verify() does; it must have every entry that this log knows, too. Entries may be
  /// appended meanwhile.
  [[nodiscard]] Result<Verification> verify_file(const std::optional<std::string>& head = std::nullopt) const;
  [[nodiscard]] const std::filesystem::path& file() const;

 private:
  struct Impl;
  explicit AuditLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::audit
