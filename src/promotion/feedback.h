#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::promotion {

/// What an application says of an answer that it had.
struct Rating {
  std::string id;       ///< of the exchange (`x-flywheel-id`), or the answer's own
  double score = 0;     ///< 0: bad, 1: good
  std::string comment;  ///< redacted before it comes here
};

/// A rating with whom it is of.
struct Feedback {
  std::string record_id;
  Timestamp at;
  double score = 0;
  std::string comment;
  std::string workload;
  std::string client;
  std::string variant;    ///< who answered
  std::string promotion;  ///< the proposal on traffic that this is; empty: none
  std::string by;         ///< whom the key names that it came with; empty: none was asked for

  friend bool operator==(const Feedback&, const Feedback&) = default;
};

[[nodiscard]] std::string to_json(const Feedback& feedback);
[[nodiscard]] std::optional<Feedback> feedback_of(std::string_view json);

/// Ratings on disk, the last of them: `feedback.jsonl`, and the file before it with `.1`, of at most kMostInFile lines
/// each. Any thread; all members block.
class FeedbackLog final {
 public:
  static constexpr std::size_t kMostInFile = 50'000;
  static constexpr std::size_t kMostShown = 1000;

  explicit FeedbackLog(std::filesystem::path folder);

  /// Durable on return. kAlreadyExists: this exchange was rated, as far back as the files go.
  [[nodiscard]] Status append(const Feedback& feedback);
  using Fits = std::function<bool(const Feedback&)>;
  /// How many ratings in the files fit.
  [[nodiscard]] Result<std::uint64_t> count(const Fits& fits) const;
  /// Removes those that fit from the files; returns how many. Durable on return. Their answers still count as rated
  /// until the program ends.
  [[nodiscard]] Result<std::uint64_t> erase(const Fits& fits);
  /// Another number whenever a rating has come or gone; does not block.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }
  /// The last kMostShown, newest first.
  [[nodiscard]] std::vector<Feedback> recent(std::size_t limit) const;

 private:
  [[nodiscard]] Status put_aside();
  /// The file before, and the one that grows.
  [[nodiscard]] std::array<std::filesystem::path, 2> files() const { return {path_.string() + ".1", path_}; }

  const std::filesystem::path folder_;
  const std::filesystem::path path_;
  mutable std::mutex mutex_;                                 // guards the rest and the files
  std::set<std::string, std::less<>> rated_, rated_before_;  // in this file, and in the one before it
  std::deque<Feedback> last_;
  std::atomic<std::uint64_t> revision_{0};
};

}  // namespace fw::promotion
