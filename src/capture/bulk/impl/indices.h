#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::capture::elastic {

/// What a client said of an index when it made it; kept for it to read again, and of no effect.
struct IndexEntry {
  std::string mappings = "{}";  ///< JSON objects
  std::string settings = "{}";
  std::int64_t created_ms = 0;
};

/// The names of indexes. The whole index is all traffic; any other one is a selection: what was written under its name,
/// which its records carry as a tag. So a name that is forgotten loses no traffic, and it takes only a file of names.
/// Any thread; open() and save() block.
class Indices final {
 public:
  static constexpr std::size_t kMost = 1000;                         ///< more are taken, but not remembered
  static constexpr std::size_t kMostBytes = std::size_t{256} << 10;  ///< of a mapping, and of settings

  /// `file` need not be there.
  Indices(std::filesystem::path file, std::string whole, const Clock& clock);

  [[nodiscard]] Status open();
  [[nodiscard]] Status save();

  [[nodiscard]] const std::string& whole() const { return whole_; }
  [[nodiscard]] bool exists(std::string_view name) const;
  /// True when the name was not known.
  bool note(const std::string& name);
  /// kAlreadyExists when it is known, kTooLarge.
  [[nodiscard]] Status create(const std::string& name, IndexEntry entry);
  [[nodiscard]] Status put_mapping(const std::string& name, const std::string& mappings);
  [[nodiscard]] std::optional<IndexEntry> find(std::string_view name) const;
  void remove(std::string_view name);

  /// The known names that a list of names and patterns (`a,logs-*`, `_all`, empty) means, each once. A name without a
  /// star that is not known is kNotFound, or passed over; the whole index can always be read, whether somebody made it
  /// or not.
  enum class Missing : std::uint8_t { kRefused, kPassedOver };
  [[nodiscard]] Result<std::vector<std::string>> resolve(std::string_view expression,
                                                         Missing missing = Missing::kRefused) const;

 private:
  const std::filesystem::path file_;
  const std::string whole_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, IndexEntry, std::less<>> entries_;
  std::mutex saving_;  // one writer of the file at a time
};

/// Whether a name fits a pattern in which `*` stands for any text.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace fw::capture::elastic
