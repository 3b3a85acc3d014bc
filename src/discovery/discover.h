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
  /// `size` records by lot, or nearly as many, or all, in any order and each once; ends early with the error of
  /// `visit`.
  [[nodiscard]] virtual Status sample(std::size_t size, const Visit& visit) = 0;
  /// Every record once.
  [[nodiscard]] virtual Status scan(const Visit& visit) = 0;
};

/// The records of a selection that still have their content. A store of keys draws the sample without reading the
/// others' contents; where most of what was drawn has none any more, more is drawn, up to kMostDraws times as much.
class StoredTraffic final : public Traffic {
 public:
  /// `log` outlives it.
  StoredTraffic(logstore::LogStore& log, logstore::Selection selection, Deadline deadline)
      : log_(log), selection_(std::move(selection)), deadline_(std::move(deadline)) {}

  [[nodiscard]] Status sample(std::size_t size, const Visit& visit) override;
  [[nodiscard]] Status scan(const Visit& visit) override;

  /// Records that the last scan passed over, because their content has expired.
  [[nodiscard]] std::uint64_t without_content() const { return without_content_; }

  static constexpr std::size_t kMostDraws = 16;

 private:
  /// The records of these keys; returns how many of them have content.
  [[nodiscard]] Result<std::size_t> visit_some(std::span<const logstore::RecordKey> keys, const Visit& visit);

  logstore::LogStore& log_;
  logstore::Selection selection_;
  Deadline deadline_;
  std::uint64_t without_content_ = 0;
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
