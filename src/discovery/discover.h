#pragma once

#include <functional>
#include <span>

#include "async/deadline.h"
#include "discovery/learner.h"
#include "discovery/proposal.h"
#include "logstore/log_store.h"

namespace fw::discovery {

/// Traffic that is read twice: some of it by lot, then all of it.
class Traffic {
 public:
  using Visit = std::function<Status(std::span<const record::Interaction> page)>;

  virtual ~Traffic() = default;
  /// At least `size` records by lot, or all, in any order; ends early with the error of `visit`.
  [[nodiscard]] virtual Status sample(std::size_t size, const Visit& visit) = 0;
  /// Every record once.
  [[nodiscard]] virtual Status scan(const Visit& visit) = 0;
};

/// The records of a selection. A store of keys draws the sample without reading the others' contents.
class StoredTraffic final : public Traffic {
 public:
  /// `log` outlives it.
  StoredTraffic(logstore::LogStore& log, logstore::Selection selection, Deadline deadline)
      : log_(log), selection_(std::move(selection)), deadline_(std::move(deadline)) {}

  [[nodiscard]] Status sample(std::size_t size, const Visit& visit) override;
  [[nodiscard]] Status scan(const Visit& visit) override;

 private:
  logstore::LogStore& log_;
  logstore::Selection selection_;
  Deadline deadline_;
};

struct DiscoveryProgress {
  std::uint64_t learned = 0;  ///< records that were compared
  std::uint64_t counted = 0;  ///< records that the rules were asked about
};

/// Which workloads the traffic falls apart into. Reads page by page, in memory that does not grow with it. The same
/// records give the same proposals. Blocks; errors are those of the traffic and the deadline.
[[nodiscard]] Result<Discovery> discover(Traffic& traffic, const LearnerSettings& settings, const Deadline& deadline,
                                         const std::function<void(const DiscoveryProgress&)>& on_progress);

}  // namespace fw::discovery
