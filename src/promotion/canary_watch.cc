#include "promotion/canary_watch.h"

#include <algorithm>
#include <utility>

namespace fw::promotion {

void CanaryWatch::set(const std::vector<Proposal>& on_traffic) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Watched, std::less<>> next;
  for (const Proposal& proposal : on_traffic) {
    const auto before = watched_.find(proposal.id);
    Watched watched = before == watched_.end()
                          ? Watched{.stage = proposal.stage, .step = proposal.step, .gates = Gates(limits_)}
                          : before->second;
    if (watched.stage != proposal.stage || watched.step != proposal.step) watched.is_decided = false;
    watched.stage = proposal.stage;
    watched.step = proposal.step;
    next.emplace(proposal.id, std::move(watched));
  }
  watched_ = std::move(next);
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
    return Decision{Action::kRollBack, "a gate failed: " + *failure};
  }
  const bool has_next = watched.stage == Stage::kCanary && watched.step + 1 < steps_.size();
  if (!has_next || watched.gates.missing(watched.step, steps_) > 0) return std::nullopt;
  watched.is_decided = true;
  return Decision{Action::kAdvance,
                  "no gate failed on " + std::to_string(watched.gates.test(Gate::kErrors).count()) + " requests"};
}

std::optional<CanaryProgress> CanaryWatch::progress(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(id);
  if (found == watched_.end()) return std::nullopt;
  const auto& errors = found->second.gates.test(Gate::kErrors);
  const bool has_next = found->second.stage == Stage::kCanary && found->second.step + 1 < steps_.size();
  return CanaryProgress{.requests = errors.count(),
                        .errors = static_cast<std::uint64_t>(errors.mean() * static_cast<double>(errors.count()) + 0.5),
                        .missing = has_next ? found->second.gates.missing(found->second.step, steps_) : 0};
}

}  // namespace fw::promotion
