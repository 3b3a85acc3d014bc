#include "promotion/canary_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fw::promotion {

void CanaryWatch::set(const std::vector<Proposal>& on_traffic) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Watched, std::less<>> next;
  for (const Proposal& proposal : on_traffic) {
    const auto before = watched_.find(proposal.id);
    Watched watched = before == watched_.end() ? Watched{.stage = proposal.stage,
                                                         .share = proposal.share,
                                                         .revision = proposal.revision,
                                                         .gates = Gates(limits_)}
                                               : before->second;
    if (const auto kept = earlier_.find(proposal.id); kept != earlier_.end()) {
      if (before == watched_.end()) watched.gates.restore(kept->second);
      earlier_.erase(kept);
    }
    if (watched.stage != proposal.stage || watched.share != proposal.share) watched.is_decided = false;
    watched.stage = proposal.stage;
    watched.share = proposal.share;
    watched.revision = proposal.revision;
    next.emplace(proposal.id, std::move(watched));
  }
  watched_ = std::move(next);
  earlier_.clear();  // of what is no longer on traffic
}

std::optional<Decision> CanaryWatch::observe(const std::string& id, const Observation& seen) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(id);
  if (found == watched_.end()) return std::nullopt;
  Watched& watched = found->second;
  watched.gates.add(seen);
  if (watched.is_decided) return std::nullopt;
  if (const auto failure = watched.gates.failure()) {
    watched.is_decided = true;
    return Decision{Action::kRollBack, "a gate failed: " + *failure, watched.revision};
  }
  if (missing(watched) != 0) return std::nullopt;
  watched.is_decided = true;
  return Decision{Action::kAdvance, "no gate failed on " + std::to_string(watched.gates.answered()) + " requests",
                  watched.revision};
}

std::optional<std::uint64_t> CanaryWatch::missing(const Watched& watched) const {
  if (watched.stage != Stage::kCanary) return std::nullopt;
  const auto next = next_step(steps_, watched.share);
  if (!next) return std::nullopt;
  return watched.gates.missing(*next == 0 ? 0 : *next - 1, steps_);
}

std::optional<CanaryProgress> CanaryWatch::progress(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(id);
  if (found == watched_.end()) return std::nullopt;
  const Gates& gates = found->second.gates;
  CanaryProgress progress{.requests = gates.answered(), .missing = missing(found->second).value_or(0)};
  for (std::size_t i = 0; i < kGates; ++i) {
    const auto gate = static_cast<Gate>(i);
    const GateTest* test = gates.test(gate);
    if (test == nullptr) continue;
    progress.gates.push_back({gate, test->total(), test->total_mean(), test->limit(), test->is_failed()});
    if (gate == Gate::kErrors) {
      progress.errors =
          static_cast<std::uint64_t>(std::llround(test->total_mean() * static_cast<double>(test->total())));
    }
  }
  return progress;
}

Counts CanaryWatch::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = earlier_;
  for (const auto& [id, watched] : watched_) counts.insert_or_assign(id, watched.gates.state());
  return counts;
}

}  // namespace fw::promotion
