#include "discovery/desk.h"

#include <algorithm>

#include "base/log.h"

namespace fw::discovery {

Desk::~Desk() { stop(); }

void Desk::stop() {
  const std::lock_guard lock(mutex_);
  search_.request_stop();
}

std::shared_ptr<const Desk::State> Desk::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void Desk::publish(State state) {
  const std::lock_guard lock(mutex_);
  if (state.phase != state_->phase) ++revision_;
  state_ = std::make_shared<const State>(std::move(state));
}

Status Desk::start(Request request) {
  const std::lock_guard lock(mutex_);
  if (state_->phase == Phase::kRunning) {
    return failed_precondition("a search for workloads is under way; wait for it, or cancel it");
  }
  state_ = std::make_shared<const State>(State{
      .phase = Phase::kRunning, .source = *request.source, .records = 0, .progress = {}, .found = {}, .error = {}});
  ++revision_;
  // The search before has published its end, and takes the lock no more.
  search_ = std::jthread([this, request = std::move(request)](const std::stop_token& stop) { run(request, stop); });
  return {};
}

void Desk::run(const Request& request, const std::stop_token& stop) {
  const Deadline deadline = Deadline::when_stopped(stop);
  State state = *this->state();
  const auto search = [&]() -> Result<Discovery> {
    FW_ASSIGN(const auto pairs, log_.workloads());
    for (const auto& pair : pairs) {
      const bool is_wanted = pair.workload == request.source && (!request.client || pair.client == *request.client);
      if (is_wanted) state.records += pair.records;
    }
    publish(state);
    StoredTraffic traffic(log_, {.workload = request.source, .client = request.client, .from = {}, .to = {}}, deadline);
    FW_ASSIGN(auto found, discover(traffic, request.settings, deadline, [&](const DiscoveryProgress& progress) {
                state.progress = progress;
                publish(state);
              }));
    found.without_content = traffic.without_content();
    return found;
  };
  auto found = search();
  state.phase = found.ok() ? Phase::kDone : stop.stop_requested() ? Phase::kCancelled : Phase::kFailed;
  if (state.phase == Phase::kFailed) {
    state.error = found.error().message;
    log_warning("discovery", "the search for workloads failed", {{"why", state.error}});
  }
  if (found.ok()) state.found = std::move(*found);
  publish(std::move(state));
}

void Desk::forget_contents() {
  const std::lock_guard lock(mutex_);
  if (!state_->found) return;
  State state = *state_;
  for (Proposal& proposal : state.found->proposals) {
    proposal.examples.clear();
    proposal.prompt.clear();
  }
  state_ = std::make_shared<const State>(std::move(state));
  ++revision_;
}

Result<std::vector<capture::LabelRule>> Desk::accept(const std::vector<std::string>& names, const std::string& as) {
  const auto last = state();
  if (!last->found) return failed_precondition("no search for workloads has ended; run flywheel workloads discover");
  std::vector<capture::LabelRule> rules;
  for (const Proposal& proposal : last->found->proposals) {  // in the order in which they are asked
    if (std::ranges::find(names, proposal.name) == names.end()) continue;
    rules.push_back(proposal.rule);
    if (!as.empty()) rules.back().workload = as;
  }
  for (const std::string& name : names) {
    const auto& all = last->found->proposals;
    if (std::ranges::find(all, name, &Proposal::name) == all.end()) {
      return not_found("no workload named " + name + " was found; flywheel workloads discover lists them");
    }
  }
  FW_TRY(rules_.add(last->source, rules));
  return rules;
}

}  // namespace fw::discovery
