#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace fw::capture {

/// A line that could not be read.
struct QuarantinedLine {
  std::string source;      ///< the file's absolute path, or `standard input`
  std::uint64_t line = 0;  ///< from 1
  std::string reason;
  std::string bytes;         ///< the line, or its beginning
  std::uint64_t length = 0;  ///< of the whole line, in bytes

  friend bool operator==(const QuarantinedLine&, const QuarantinedLine&) = default;
};

struct QuarantineLimits {
  std::size_t bytes_per_line = 64ULL << 10;  ///< the rest of a line is left out; its length is kept
  std::uint64_t bytes = 256ULL << 20;        ///< of the file; beyond it lines are counted but not kept
};

struct QuarantineReport {
  std::uint64_t kept = 0;
  std::uint64_t known = 0;     ///< were there from an earlier load
  std::uint64_t left_out = 0;  ///< no room
};

struct QuarantinePage {
  std::vector<QuarantinedLine> lines;
  std::optional<std::uint64_t> next;  ///< the offset to go on from; absent at the end
};

/// Bad lines kept aside for a person to look at: one JSONL file (docs/formats/quarantine.md). Adding the same lines
/// again changes nothing. All members may be called from any thread, and block (one that reads never waits for
/// one that writes). One process at a time (the log store's
/// lock beside it sees to that).
class Quarantine final {
 public:
  /// Makes the folder if need be. An entry that a crash tore is cut off.
  [[nodiscard]] static Result<std::unique_ptr<Quarantine>> open(const std::filesystem::path& folder,
                                                                const QuarantineLimits& limits = {});
  ~Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  /// Durable on return. `whole`: each line is kept to its end, for what stands nowhere else.
  [[nodiscard]] Result<QuarantineReport> add(std::span<const QuarantinedLine> lines, bool whole = false);

  /// How many lines are kept for each reason. Does not wait for the disk.
  [[nodiscard]] std::map<std::string, std::uint64_t> counts() const;

  /// Up to `limit` (1 to 1,000) lines from `offset` on, oldest first, of one reason if given. A page also ends early
  /// once it has a few MiB.
  [[nodiscard]] Result<QuarantinePage> list(const std::optional<std::string>& reason, std::uint64_t offset,
                                            std::size_t limit) const;

  using Fits = std::function<bool(const QuarantinedLine&)>;
  /// How many lines fit.
  [[nodiscard]] Result<std::uint64_t> count(const Fits& fits) const;
  /// Removes the lines that fit, so that nothing of them is left in the file; returns how many. Durable on return. The
  /// offsets of pages change.
  [[nodiscard]] Result<std::uint64_t> erase(const Fits& fits);

  /// Forgets all lines. Durable on return.
  [[nodiscard]] Status clear();

 private:
  struct Impl;
  explicit Quarantine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
