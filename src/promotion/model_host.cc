#include "promotion/model_host.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stop_token>
#include <utility>

#include "base/log.h"
#include "promotion/evidence.h"

namespace fw::promotion {
namespace {

constexpr std::array<std::string_view, 5> kStageNames{"waiting", "starting", "ready", "failed", "refused"};
constexpr Duration kDrainLook = std::chrono::milliseconds(20);
// An engine that ran so long is no engine that cannot run: its next failure is a first one.
constexpr Duration kSteady = std::chrono::minutes(10);

/// What no time mends: the bytes that were signed are not there.
bool is_refusal(ErrorCode code) {
  return code == ErrorCode::kFailedPrecondition || code == ErrorCode::kNotFound || code == ErrorCode::kDataLoss;
}

}  // namespace

std::string_view to_string(HostStage stage) { return kStageNames.at(static_cast<std::size_t>(stage)); }

struct ModelHost::Entry {
  Proposal proposal;
  Hosted hosted;
  bool has_begun = false;
  std::stop_source stop;
  std::shared_ptr<modelops::EngineLog> log = std::make_shared<modelops::EngineLog>();
};

ModelHost::ModelHost(HostSettings settings, HostDependencies with)
    : settings_(settings), with_(std::move(with)), tasks_(with_.executor) {}

void ModelHost::start() {
  {
    const std::lock_guard lock(mutex_);
    is_started_ = true;
  }
  begin_those_that_fit();
}

Task<void> ModelHost::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const auto& [id, entry] : entries_) entry->stop.request_stop();
  }
  co_await tasks_.join();
}

void ModelHost::set(const std::vector<Proposal>& on_traffic) {
  std::vector<EntryPtr> gone;
  {
    const std::lock_guard lock(mutex_);
    std::map<std::string, EntryPtr, std::less<>> kept;
    std::vector<std::string> order;
    for (const Proposal& p : on_traffic) {
      if (!p.candidate.served) continue;
      const auto found = entries_.find(p.id);
      auto& entry = kept[p.id];
      // Other digests are another signature: it is checked, and served, anew.
      const bool is_same = found != entries_.end() && found->second->proposal.candidate == p.candidate;
      entry = is_same ? found->second : std::make_shared<Entry>(Entry{.proposal = p});
      order.push_back(p.id);
    }
    for (const auto& [id, entry] : entries_) {
      const auto found = kept.find(id);
      if (found == kept.end() || found->second != entry) gone.push_back(entry);
    }
    entries_ = std::move(kept);
    order_ = std::move(order);
  }
  for (const auto& entry : gone) entry->stop.request_stop();
  begin_those_that_fit();
}

void ModelHost::begin_those_that_fit() {
  const std::lock_guard lock(mutex_);
  if (!is_started_ || is_stopping_) return;
  for (const auto& id : order_) {
    const EntryPtr& entry = entries_.at(id);
    if (entry->has_begun) continue;
    if (running_ >= settings_.max_models) {
      entry->hosted.why = "as many models are served here as may be (promotion.serving.max_models)";
      continue;
    }
    entry->has_begun = true;
    last_[id] = entry;
    ++running_;
    tasks_.spawn("promoted model", supervise(entry));
  }
}

std::optional<Hosted> ModelHost::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : std::optional(found->second->hosted);
}

std::optional<EngineWords> ModelHost::words(std::string_view id) const {
  EngineWords out;
  std::shared_ptr<const modelops::EngineLog> log;
  {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(id);
    if (found == last_.end()) return std::nullopt;
    const HostStage stage = found->second->hosted.stage;
    out.is_running = stage == HostStage::kStarting || stage == HostStage::kReady;
    log = found->second->log;
  }
  out.lines = modelops::shown_lines(log->lines(), with_.redact);
  return out;
}

Status ModelHost::room_for_one_more() const {
  const std::lock_guard lock(mutex_);
  if (entries_.size() < settings_.max_models) return {};
  return failed_precondition(
      "this machine serves " + std::to_string(entries_.size()) +
      " promoted models, as many as it may (promotion.serving.max_models); take one off traffic");
}

std::string ModelHost::trouble() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, entry] : entries_) {
    const Hosted& hosted = entry->hosted;
    const bool is_trouble = hosted.stage == HostStage::kFailed || hosted.stage == HostStage::kRefused ||
                            (hosted.stage != HostStage::kReady && !hosted.why.empty());
    if (is_trouble)
      return "promotion " + id + " is not served (" + std::string(to_string(hosted.stage)) + "): " + hosted.why;
  }
  return {};
}

void ModelHost::note(Entry& entry, HostStage stage, const std::string& why) {
  bool is_change = false;
  {
    const std::lock_guard lock(mutex_);
    is_change = (entry.hosted.stage == HostStage::kReady) != (stage == HostStage::kReady);
    entry.hosted.stage = stage;
    if (stage == HostStage::kFailed) ++entry.hosted.failures;
    if (!why.empty()) entry.hosted.why = why;
    if (stage != HostStage::kReady) {
      entry.hosted.lease.reset();
      entry.hosted.url.clear();
      entry.hosted.headers.clear();
    }
  }
  if (is_change) with_.on_change();
}

Task<void> ModelHost::supervise(EntryPtr entry) {
  // Who spawns it holds the mutex, and on its own loop a task begins at once.
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  const Deadline deadline = Deadline::when_stopped(entry->stop.get_token());
  const std::string& id = entry->proposal.id;
  Duration pause = settings_.first_pause;
  while (!deadline.is_cancelled()) {
    const Instant began = kernel_now();
    Error why = internal("");
    try {
      why = co_await serve(entry, deadline);
    } catch (const std::exception& e) {
      why = internal(e.what());
    }
    if (deadline.is_cancelled()) break;
    if (entry->hosted.stage == HostStage::kRefused) break;
    note(*entry, HostStage::kFailed, why.message);
    if (kernel_now() - began > kSteady) pause = settings_.first_pause;
    log_warning("promotion", "a promoted model is not served; it is tried again",
                {{"promotion", id}, {"why", why.message}, {"seconds", to_seconds(pause)}});
    (void)co_await sleep_for(pause, deadline);
    pause = std::min(2 * pause, settings_.longest_pause);
  }
  co_await keep_words(entry);
  {
    const std::lock_guard lock(mutex_);
    --running_;
  }
  begin_those_that_fit();
}

Task<void> ModelHost::keep_words(EntryPtr entry) {
  const auto lines = modelops::shown_lines(entry->log->lines(), with_.redact);
  if (with_.keep_words && !lines.empty())
    co_await run_on(with_.disk, [&] { with_.keep_words(entry->proposal, lines); });
  const std::lock_guard lock(mutex_);
  const auto found = last_.find(entry->proposal.id);
  if (found != last_.end() && found->second == entry) last_.erase(found);
}

Task<Result<Candidate>> ModelHost::check(EntryPtr entry) {
  const Proposal& proposal = entry->proposal;
  const Digests& was = proposal.candidate.digests;
  const auto now = co_await with_.present(proposal.candidate);
  if (!now.ok() && !is_refusal(now.error().code)) co_return now.error();
  if (now.ok() && now->digests == was) co_return *now;
  const std::string why =
      now.ok() ? "not what was signed any more: " + names_of_changed(was, now->digests) : now.error().message;
  log_error("promotion", "a promoted model is refused", {{"promotion", proposal.id}, {"why", why}});
  note(*entry, HostStage::kRefused, why);
  with_.on_refused(proposal.id, now.ok() ? std::optional(now->digests) : std::nullopt, why);
  co_return failed_precondition(why);
}

Task<Error> ModelHost::serve(EntryPtr entry, Deadline deadline) {
  note(*entry, HostStage::kStarting);
  const auto checked = co_await check(entry);
  if (!checked.ok()) co_return checked.error();
  auto request = deployment_request(*checked, settings_.concurrency);
  request.restarts = 0;  // each start is ours, with its check
  request.log = entry->log;
  const auto room = co_await run_on(with_.disk, [&] { return with_.room(request); });
  if (!room.ok()) co_return room.error();
  if (const auto made = co_await with_.deployer.prepare(request, deadline); !made.ok()) co_return made.error();
  const auto up = co_await with_.deployer.deploy(std::move(request), deadline.within(settings_.deploy_timeout));
  if (!up.ok()) co_return up.error();
  {
    const std::lock_guard lock(mutex_);
    entry->hosted.url = up->endpoint.url;
    entry->hosted.headers = up->endpoint.headers;
    entry->hosted.description = up->description;
    entry->hosted.lease = std::make_shared<int>(0);
  }
  std::exception_ptr failure;
  Error why = internal("");
  try {
    note(*entry, HostStage::kReady);
    why = co_await watch(entry, *up, deadline);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await take_down(entry, up->id);
  if (failure) std::rethrow_exception(failure);
  co_return why;
}

Task<Error> ModelHost::watch(EntryPtr entry, modelops::Deployment up, Deadline deadline) {
  for (int unanswered = 0;;) {
    const Deadline next_look = deadline.within(settings_.health_interval);
    auto ended = co_await with_.deployer.failure_of(up.id, next_look);
    if (ended.code != ErrorCode::kDeadlineExceeded || !next_look.is_over()) co_return ended;
    const auto health = co_await with_.health(up.endpoint, deadline.within(settings_.health_timeout));
    if (deadline.is_cancelled()) co_return cancelled("the engine is to end");
    unanswered = health.ok() ? 0 : unanswered + 1;
    if (unanswered < settings_.health_failures) continue;
    {
      const std::lock_guard lock(mutex_);
      ++entry->hosted.hangs;
    }
    co_return unavailable("its engine runs and does not answer, " + std::to_string(unanswered) +
                          " times in a row, and was killed: " + health.error().message);
  }
}

Task<void> ModelHost::take_down(EntryPtr entry, modelops::DeploymentId id) {
  std::weak_ptr<const void> held;
  bool is_asked = false;
  {
    const std::lock_guard lock(mutex_);
    held = entry->hosted.lease;
    // A dead engine, and one of a service that ends, has nobody to wait for.
    is_asked = entry->stop.stop_requested() && !is_stopping_;
  }
  note(*entry, HostStage::kStarting);
  const Deadline drained = Deadline::after(settings_.drain);
  while (is_asked && !held.expired() && !drained.is_over()) (void)co_await sleep_for(kDrainLook, drained);
  if (const auto down = co_await with_.deployer.undeploy(std::move(id)); !down.ok()) {
    log_error("promotion", "an engine did not go down",
              {{"promotion", entry->proposal.id}, {"why", down.error().message}});
  }
}

void ModelHost::write_metrics(std::ostream& out) const {
  const std::lock_guard lock(mutex_);
  out << "# HELP flywheel_promotion_served 1 while a promoted model that this machine serves is ready.\n"
         "# TYPE flywheel_promotion_served gauge\n";
  for (const auto& [id, entry] : entries_)
    out << "flywheel_promotion_served{promotion=\"" << id << "\"} "
        << (entry->hosted.stage == HostStage::kReady ? 1 : 0) << '\n';
  out << "# HELP flywheel_promotion_engine_failures_total Times that its engine died, hung or did not come up.\n"
         "# TYPE flywheel_promotion_engine_failures_total counter\n";
  for (const auto& [id, entry] : entries_)
    out << "flywheel_promotion_engine_failures_total{promotion=\"" << id << "\"} " << entry->hosted.failures << '\n';
  out << "# HELP flywheel_promotion_engine_hangs_total Times that its engine ran, answered nothing and was killed.\n"
         "# TYPE flywheel_promotion_engine_hangs_total counter\n";
  for (const auto& [id, entry] : entries_)
    out << "flywheel_promotion_engine_hangs_total{promotion=\"" << id << "\"} " << entry->hosted.hangs << '\n';
}

}  // namespace fw::promotion
