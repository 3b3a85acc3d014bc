#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"
#include "discovery/proposal.h"
#include "record/interaction.h"

namespace fw::discovery {

struct LearnerSettings {
  std::size_t most_records = 10'000;  ///< by lot, whatever their order; some 10 KB of memory each at most
  std::uint64_t least_records = 10;   ///< of them, that make a workload
  double least_share = 0.005;         ///< of them, the same
};

/// Finds by which rules traffic falls apart into workloads (README.md says how). The same records in any order give the
/// same rules. Not thread-safe.
class Learner final {
 public:
  explicit Learner(LearnerSettings settings);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  /// Keeps what is compared of a request, if it is drawn. What is no JSON object is passed over.
  void add(const record::Interaction& record);
  [[nodiscard]] std::uint64_t kept() const;

  /// Proposals without counts, in the order in which their rules are to be asked; each rule takes some of the records.
  /// Error: the deadline's.
  [[nodiscard]] Result<std::vector<Proposal>> learn(const Deadline& deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::discovery
