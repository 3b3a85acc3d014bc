#pragma once

#include <memory>
#include <vector>

#include "discovery/proposal.h"

namespace fw::discovery {

/// Counts what each proposal's rule takes, the first that fits. Memory does not grow with the traffic: names of each
/// kind are at most kMostNames a proposal, the rest counts under `(other)`. Not thread-safe.
class Tally final {
 public:
  static constexpr std::size_t kMostNames = 50;
  static constexpr std::size_t kExamples = 3;

  explicit Tally(std::vector<Proposal> proposals);
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  void add(const record::Interaction& record);
  /// Proposals that took nothing are left out.
  [[nodiscard]] Discovery finish() &&;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::discovery
