#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "promotion/comparison.h"

namespace fw::promotion {

/// What the last pairs say.
struct PairSummary {
  std::uint64_t pairs = 0;     ///< looked at
  std::uint64_t answered = 0;  ///< by both sides
  double score = 0;            ///< mean of those that were compared
  std::uint64_t compared = 0;
  double candidate_p50 = 0;  ///< seconds, of pairs that both answered
  double candidate_p95 = 0;
  double other_p50 = 0;
  double other_p95 = 0;
};

/// The pairs of every proposal, the last ones of them on disk: a file of JSON lines each, `pairs-ID.jsonl`, and the one
/// before it with `.1`, of at most kMostInFile. Any thread; all members block.
class PairLog final {
 public:
  static constexpr std::size_t kMostInFile = 5000;
  static constexpr std::size_t kMostShown = 1000;

  /// The folder is made when something is kept.
  explicit PairLog(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Durable on return.
  [[nodiscard]] Status append(const std::string& proposal, const Pair& pair);
  /// The last kMostShown, newest first.
  [[nodiscard]] std::vector<Pair> recent(const std::string& proposal, std::size_t limit);
  /// Of the last kMostShown.
  [[nodiscard]] PairSummary summary(const std::string& proposal);

 private:
  struct File {
    std::size_t lines = 0;
    std::deque<Pair> last;  ///< oldest first
  };

  [[nodiscard]] std::filesystem::path path_of(const std::string& proposal) const;
  [[nodiscard]] File& file_of(const std::string& proposal);

  const std::filesystem::path folder_;
  std::mutex mutex_;  // guards files_ and what lies in the folder
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace fw::promotion
