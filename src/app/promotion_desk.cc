#include "app/promotion_desk.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "app/engine_words.h"
#include "app/kept_stores.h"
#include "app/promoted_targets.h"
#include "base/log.h"
#include "io/file.h"
#include "io/machine.h"
#include "modelops/local/engine_health.h"
#include "modelops/local/model_fit.h"
#include "promotion/comparison.h"
#include "promotion/draw_secret.h"
#include "promotion/evidence.h"
#include "promotion/pair_judge.h"

namespace fw::app {
namespace {

constexpr const char* kItself = "flywheel";
constexpr const char* kCountsFile = "counts.json";
constexpr std::size_t kMostWaiting = 128;     // answers and pairs that wait to be looked at
constexpr std::size_t kMostDivergences = 32;  // on their way to a review
constexpr std::chrono::seconds kFlush(2), kBetweenWrites(1);
constexpr std::uint64_t kMostCountsBytes = 16 << 20;

Error no_exchange(const std::string& id) { return not_found("no exchange that is kept has the id " + id); }

/// What comes in with a key is rated with it, or with one that is for all.
bool may_rate(const auth::Caller& caller, const record::Interaction& answered) {
  return caller.may_write(*answered.workload) && (caller.tenant.empty() || caller.tenant == *answered.client);
}

void wait_for_none(const std::atomic<std::size_t>& left) {
  while (left > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// nullptr: its gate is off.
Result<std::unique_ptr<promotion::PairJudge>> judge_of(const promotion::Settings& settings, Service& service) {
  if (settings.gates.judged <= 0 || !settings.judge) return std::unique_ptr<promotion::PairJudge>();
  const auto redact = [&service](record::Interaction& exchange) -> Status {
    FW_TRY(service.redactor().apply(exchange));
    return {};
  };
  return promotion::PairJudge::make(*settings.judge, settings.judge_budget,
                                    {.executor = service.executor(), .clock = service.clock(), .redact = redact});
}

}  // namespace

struct PromotionDesk::Impl : std::enable_shared_from_this<Impl> {
  Impl(const promotion::Settings& s, Service& of, promotion::Counts counts)
      : service(of),
        settings(s),
        folder(of.data_folder() / "promotion"),
        watch(s.gates, s.rules.steps, std::move(counts)),
        pairs(folder),
        feedback(folder),
        client(of.executor()) {}

  void take(const std::vector<promotion::Proposal>& list);
  [[nodiscard]] std::string figures_of(const std::string& id) const;
  /// Gives the gateway whom it may ask now.
  void route();
  /// Whom of those on traffic the gateway cannot ask; says what is new of it. Under `mutex`.
  void note(std::vector<capture::Unrouted> now);
  [[nodiscard]] promotion::HostDependencies host_dependencies();
  /// For an engine's start: the datasets are not read, as no engine does.
  [[nodiscard]] Task<Result<promotion::Candidate>> present(promotion::Candidate was);
  /// For a step: everything that was signed.
  [[nodiscard]] Task<Result<promotion::Digests>> read_again(promotion::Candidate candidate);
  /// The gates' step, if what it leads on is still what was signed.
  [[nodiscard]] Task<void> advance(std::string id, promotion::Decision decision);
  /// As the upstream is configured; nothing where it is not. Under `mutex`.
  [[nodiscard]] std::optional<promotion::Digests> upstream_digests(const promotion::Candidate& candidate) const;
  /// In the job's folder, as the logs of its runs' engines are: it goes with the job.
  [[nodiscard]] std::filesystem::path words_file(const promotion::Proposal& proposal) const;
  void keep_words(const promotion::Proposal& proposal, const std::vector<std::string>& lines) const;
  /// Takes off traffic what is not what was signed.
  void refuse(const std::string& id, const std::optional<promotion::Digests>& now, const std::string& why);
  void act(const std::string& id, const promotion::Decision& decision);
  /// Gives it to the watch, and what that decides to the disk threads.
  void observe(const std::string& id, const promotion::Observation& seen);
  void look_at(const capture::PromotedAnswer& answer);
  using SharedPair = std::shared_ptr<const capture::ShadowedPair>;
  void compare(const SharedPair& pair);
  /// Has the judge look at a pair, where it may, before the pair is kept.
  void rate(const SharedPair& pair, promotion::Pair kept);
  void keep(const SharedPair& pair, const promotion::Pair& kept);
  /// Puts a pair that differs before people, where a review takes it.
  void ask_people(const capture::ShadowedPair& pair, const promotion::Pair& kept);
  [[nodiscard]] Task<void> put_into_review(review::Divergence divergence);
  /// Only of an exchange that the log has: what was not to be kept, or is erased, is not kept here either.
  [[nodiscard]] Task<Result<bool>> put_into_review_if_logged(review::Divergence divergence);
  /// Runs `work` on the cpu threads, or passes it over.
  template <class Work>
  void compute(Work work);
  [[nodiscard]] Task<Result<record::Interaction>> exchange_of(std::string id);
  /// The proposal on traffic that gave this answer; empty: none.
  [[nodiscard]] std::string promotion_of(const record::Interaction& answered);
  [[nodiscard]] Result<promotion::Feedback> keep_rating(const record::Interaction& answered, promotion::Rating rating,
                                                        std::string by);
  void keep_counts_blocking();
  void keep_counts_now();

  Service& service;
  const promotion::Settings settings;
  const std::filesystem::path folder;
  promotion::CanaryWatch watch;
  promotion::PairLog pairs;
  promotion::FeedbackLog feedback;
  net::Client client;                           // asks engines for their health
  std::unique_ptr<promotion::PairJudge> judge;  // nullptr: its gate is off
  std::atomic<std::size_t> waiting{0};
  std::atomic<std::size_t> being_kept{0};   // rated pairs
  std::atomic<std::size_t> divergences{0};  // on their way to a review
  std::atomic<std::uint64_t> passed_over{0};
  std::atomic<std::uint64_t> ratings{0};
  std::atomic<std::uint64_t> taken{0};     // divergences, into a review
  std::atomic<std::uint64_t> left_out{0};  // divergences that no review took
  std::atomic<bool> has_news{false};       // since the counts were kept
  std::string secret;                      // that conversations are drawn with
  std::unique_ptr<audit::AuditLog> audit;
  std::unique_ptr<promotion::ModelHost> host;
  std::mutex mutex;  // guards the next three
  capture::Gateway* gateway = nullptr;
  std::vector<promotion::Proposal> on_traffic;
  std::vector<capture::Unrouted> unrouted;  // of these
  std::unique_ptr<promotion::Promotions> promotions;
  std::mutex stopping;  // guards is_stopping
  std::condition_variable stop_comes;
  bool is_stopping = false;
  std::thread keeper;
  TaskGroup reviewing{service.executor()};  // divergences, and steps of the gates
};

template <class Work>
void PromotionDesk::Impl::compute(Work work) {
  if (waiting.fetch_add(1) >= kMostWaiting) {
    --waiting;
    ++passed_over;
    return;
  }
  boost::asio::post(service.cpu().executor(), [this, work = std::move(work)] {
    try {
      work();
    } catch (const std::exception& e) {
      log_warning("promotion", "an answer could not be looked at", {{"why", e.what()}});
    }
    --waiting;
  });
}

void PromotionDesk::Impl::keep_counts_now() {
  if (!has_news.exchange(false)) return;
  Status kept = io::create_folders(folder);
  if (kept.ok()) kept = io::write_file_atomically(folder / kCountsFile, promotion::to_json(watch.counts()));
  if (!kept.ok()) log_warning("promotion", "what was counted is not kept", {{"why", kept.error().message}});
}

void PromotionDesk::Impl::keep_counts_blocking() {
  std::unique_lock lock(stopping);
  while (!stop_comes.wait_for(lock, kBetweenWrites, [this] { return is_stopping; })) {
    lock.unlock();
    keep_counts_now();
    lock.lock();
  }
}

void PromotionDesk::Impl::take(const std::vector<promotion::Proposal>& list) {
  watch.set(list);
  has_news = true;
  {
    const std::lock_guard lock(mutex);
    on_traffic = list;
  }
  // Whose engine is to end gets no request any more.
  route();
  host->set(list);
}

std::string PromotionDesk::Impl::figures_of(const std::string& id) const {
  const auto progress = watch.progress(id);
  return progress ? promotion::to_json(*progress) : std::string();
}

void PromotionDesk::Impl::route() {
  const std::lock_guard lock(mutex);
  if (gateway == nullptr) return;
  const auto split =
      split_by_upstream(on_traffic, [this](const auto& candidate) { return upstream_digests(candidate); });
  auto unroutable = gateway->set_promoted(targets_of(split.as_signed, *host, secret));
  if (unroutable.ok()) {
    unroutable->insert(unroutable->end(), split.elsewhere.begin(), split.elsewhere.end());
    return note(std::move(*unroutable));
  }
  log_error("promotion", "the gateway does not route to promoted models", {{"why", unroutable.error().message}});
}

void PromotionDesk::Impl::note(std::vector<capture::Unrouted> now) {
  for (const auto& one : now) {
    if (std::ranges::find(unrouted, one) != unrouted.end()) continue;
    log_error("promotion", "no request goes to a promoted model; production answers in its place",
              {{"promotion", one.id}, {"why", one.why}});
  }
  unrouted = std::move(now);
}

promotion::HostDependencies PromotionDesk::Impl::host_dependencies() {
  return {.executor = service.executor(),
          .deployer = service.deployer(),
          .disk = service.disk(),
          .present = [this](promotion::Candidate candidate) { return present(std::move(candidate)); },
          .room =
              [](const modelops::DeploymentRequest& request) {
                return modelops::check_free_memory(request.model.path, request.model.context_length,
                                                   request.parallelism, io::read_machine_limits());
              },
          .health =
              [this](modelops::Endpoint endpoint, Deadline deadline) {
                return modelops::check_engine_health(client, std::move(endpoint), std::move(deadline));
              },
          .on_change = [this] { route(); },
          .on_refused =
              [this](std::string id, std::optional<promotion::Digests> now, std::string why) {
                boost::asio::post(service.disk().executor(),
                                  [self = shared_from_this(), id = std::move(id), now = std::move(now),
                                   why = std::move(why)] { self->refuse(id, now, why); });
              },
          .redact = [this](const std::string& line) { return service.redactor().redact_unread(line); },
          .keep_words = [this](const auto& proposal, const auto& lines) { keep_words(proposal, lines); }};
}

std::filesystem::path PromotionDesk::Impl::words_file(const promotion::Proposal& proposal) const {
  return service.data_folder() / "jobs" / proposal.candidate.job / ("engine-" + proposal.id + ".log");
}

void PromotionDesk::Impl::keep_words(const promotion::Proposal& proposal, const std::vector<std::string>& lines) const {
  const auto file = words_file(proposal);
  std::error_code ignored;
  if (!std::filesystem::exists(file.parent_path(), ignored)) return;  // the job is gone
  if (const auto kept = write_engine_words(file, lines); !kept.ok())
    log_warning("promotion", "an engine's log is not kept",
                {{"promotion", proposal.id}, {"why", kept.error().message}});
}

Task<Result<promotion::Candidate>> PromotionDesk::Impl::present(promotion::Candidate was) {
  FW_CO_ASSIGN(const auto job, runs::parse_job_id(was.job));
  FW_CO_ASSIGN(const auto report, co_await service.runs().signed_report(job));
  co_return co_await run_on(service.disk(), [&]() -> Result<promotion::Candidate> {
    FW_ASSIGN(auto now, promotion::served_candidate_of_report(report.text, was.model, was.variant, report.as_written));
    if (was.digests.contains("datasets")) now.digests["datasets"] = was.digests.at("datasets");
    return now;
  });
}

std::optional<promotion::Digests> PromotionDesk::Impl::upstream_digests(const promotion::Candidate& candidate) const {
  if (gateway == nullptr) return std::nullopt;
  return digests_of_asked(gateway->settings().upstreams, candidate, secret);
}

Task<Result<promotion::Digests>> PromotionDesk::Impl::read_again(promotion::Candidate candidate) {
  FW_CO_ASSIGN(const auto job, runs::parse_job_id(candidate.job));
  FW_CO_ASSIGN(const auto report, co_await service.runs().signed_report(job));
  auto present = co_await run_on(service.disk(),
                                 [&] { return promotion::present_digests(report.text, candidate, report.as_written); });
  if (!present.ok()) co_return present;
  const std::lock_guard lock(mutex);
  for (const auto& [name, digest] : upstream_digests(candidate).value_or(promotion::Digests())) {
    // Proposals of earlier versions do not name all.
    if (candidate.digests.contains(name)) present->insert_or_assign(name, digest);
  }
  co_return present;
}

Task<void> PromotionDesk::Impl::advance(std::string id, promotion::Decision decision) {
  const auto proposal = promotions->find(id);
  if (!proposal) co_return;
  const auto present = co_await read_again(proposal->candidate);
  if (!present.ok()) {
    log_error("promotion", "a canary stays where it is: what was signed cannot be read",
              {{"promotion", id}, {"why", present.error().message}});
    co_return;
  }
  const std::string changed = promotion::names_of_changed(proposal->candidate.digests, *present);
  co_await run_on(service.disk(), [&] {
    changed.empty() ? act(id, decision) : refuse(id, *present, "not what was signed any more: " + changed);
  });
}

void PromotionDesk::Impl::refuse(const std::string& id, const std::optional<promotion::Digests>& now,
                                 const std::string& why) {
  const auto done = now ? promotions->change(id, *now, kItself, why)
                        : promotions->act(id, promotion::Action::kRollBack, kItself, why);
  if (!done.ok()) {
    log_error("promotion", "what is refused stays on the list of what is on traffic, without an engine",
              {{"promotion", id}, {"why", done.error().message}});
  }
}

void PromotionDesk::Impl::act(const std::string& id, const promotion::Decision& decision) {
  log_info("promotion", "the gates decided",
           {{"promotion", id}, {"action", promotion::to_string(decision.action)}, {"why", decision.reason}});
  const auto done = promotions->act(id, decision.action, kItself, decision.reason, {.revision = decision.revision});
  if (!done.ok()) {
    log_error("promotion", "a step of the gates was not taken", {{"promotion", id}, {"why", done.error().message}});
  }
}

void PromotionDesk::Impl::observe(const std::string& id, const promotion::Observation& seen) {
  const auto decision = watch.observe(id, seen);
  has_news = true;
  if (!decision) return;
  if (decision->action == promotion::Action::kAdvance) return reviewing.spawn("advance", advance(id, *decision));
  boost::asio::post(service.disk().executor(),
                    [self = shared_from_this(), id, decision = *decision] { self->act(id, decision); });
}

void PromotionDesk::Impl::look_at(const capture::PromotedAnswer& answer) {
  observe(answer.promotion, promotion::look_at(*answer.exchange, settings.gates));
}

void PromotionDesk::Impl::compare(const SharedPair& pair) {
  const auto compared =
      promotion::compare(pair->candidate, pair->other, pair->was_candidate_copied, settings.gates, settings.scoring);
  observe(pair->promotion, compared.seen);
  const bool is_rated = judge && compared.pair.is_answered && judge->take_turn();
  is_rated ? rate(pair, compared.pair) : keep(pair, compared.pair);
}

void PromotionDesk::Impl::rate(const SharedPair& pair, promotion::Pair kept) {
  const bool are_equal = !kept.metric.empty() && kept.score >= 1;
  judge->rate(pair->candidate, pair->other, are_equal, [this, pair, kept = std::move(kept)](auto score) mutable {
    kept.judge = score;
    ++being_kept;
    boost::asio::post(service.disk().executor(), [this, pair, rated = std::move(kept)] {
      if (rated.judge) observe(pair->promotion, {.judged = 1 - *rated.judge, .is_copy = true});
      keep(pair, rated);
      --being_kept;
    });
  });
}

void PromotionDesk::Impl::keep(const SharedPair& pair, const promotion::Pair& kept) {
  if (const auto done = pairs.append(pair->promotion, kept); !done.ok()) {
    log_warning("promotion", "a pair is not kept", {{"why", done.error().message}});
  }
  ask_people(*pair, kept);
}

void PromotionDesk::Impl::ask_people(const capture::ShadowedPair& pair, const promotion::Pair& kept) {
  const bool differs = !kept.metric.empty() && kept.score < 1;
  if (!differs || service.reviews().settings().max_shadow_rows == 0) return;
  const auto proposal = promotions->find(pair.promotion);
  if (!proposal) return;
  if (divergences.fetch_add(1) >= kMostDivergences) {
    --divergences;
    ++left_out;
    return;
  }
  reviewing.spawn("divergence", put_into_review({.job = proposal->candidate.job,
                                                 .model_name = proposal->candidate.model,
                                                 .variant = proposal->candidate.variant,
                                                 .candidate = pair.candidate,
                                                 .other = pair.other,
                                                 .metric = kept.metric,
                                                 .score = kept.score,
                                                 .judge = kept.judge,
                                                 .mistakes = kept.mistakes}));
}

Task<void> PromotionDesk::Impl::put_into_review(review::Divergence divergence) {
  const std::string record = divergence.other.id.value();
  Result<bool> put = false;
  try {
    put = co_await put_into_review_if_logged(std::move(divergence));
  } catch (const std::exception& e) {
    put = internal(e.what());
  }
  --divergences;
  ++(put.ok() && *put ? taken : left_out);
  if (!put.ok())
    log_warning("review", "a divergence is in no review", {{"record", record}, {"why", put.error().message}});
}

Task<Result<bool>> PromotionDesk::Impl::put_into_review_if_logged(review::Divergence divergence) {
  const auto record = divergence.other.id;
  if (!(co_await exchange_of(record.value())).ok()) co_return false;
  FW_CO_TRY(co_await run_on(service.cpu(), [&]() -> Status {
    FW_TRY(service.redactor().apply(divergence.candidate));
    FW_TRY(service.redactor().apply(divergence.other));
    return {};
  }));
  FW_CO_ASSIGN(const std::string review, co_await service.review_opener().take(std::move(divergence)));
  if (review.empty()) co_return false;
  // It may have been erased since it was looked up; an erasure that comes later finds the row.
  co_return co_await run_on(service.disk(), [&]() -> Result<bool> {
    FW_ASSIGN(const auto still, service.log().find(record));
    if (still) return true;
    const std::array row{review::Reviews::RowName{review, record.value()}};
    FW_TRY(service.reviews().erase(row));
    return false;
  });
}

Task<Result<record::Interaction>> PromotionDesk::Impl::exchange_of(std::string id) {
  auto record = record::RecordId::from_stored(id);
  {
    const std::lock_guard lock(mutex);
    const auto known = gateway == nullptr ? std::nullopt : gateway->record_of(id);
    if (known) record = *known;
  }
  for (const bool is_last : {false, true}) {
    FW_CO_ASSIGN(auto found, co_await run_on(service.disk(), [&] { return service.log().find(record); }));
    if (found) co_return std::move(*found);
    // An application may be faster than the disk.
    if (!is_last) (void)co_await service.committer().flush(Deadline::after(kFlush));
  }
  co_return no_exchange(id);
}

std::string PromotionDesk::Impl::promotion_of(const record::Interaction& answered) {
  const std::lock_guard lock(mutex);
  for (const auto& p : on_traffic) {
    const bool is_it = p.candidate.workload == *answered.workload && p.candidate.client == *answered.client &&
                       variant_of(p) == answered.provenance.variant;
    if (is_it) return p.id;
  }
  return {};
}

Result<promotion::Feedback> PromotionDesk::Impl::keep_rating(const record::Interaction& answered,
                                                             promotion::Rating rating, std::string by) {
  capture::RedactionCounts ignored;
  promotion::Feedback kept{.record_id = *answered.id,
                           .at = service.clock().now(),
                           .score = rating.score,
                           .comment = service.redactor().redact_text(rating.comment, ignored),
                           .workload = *answered.workload,
                           .client = *answered.client,
                           .variant = answered.provenance.variant,
                           .promotion = promotion_of(answered),
                           .by = std::move(by)};
  FW_TRY(feedback.append(kept));
  ++ratings;
  if (!kept.promotion.empty()) observe(kept.promotion, {.bad_feedback = 1 - kept.score});
  return kept;
}

PromotionDesk::PromotionDesk(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->keeper = std::thread([desk = impl_.get()] { desk->keep_counts_blocking(); });
}

PromotionDesk::~PromotionDesk() {
  stop();
  impl_->service.reviews().set_on_open({});
  {
    const std::lock_guard lock(impl_->stopping);
    impl_->is_stopping = true;
  }
  impl_->stop_comes.notify_all();
  impl_->keeper.join();
  // Nobody gives work any more; what there is ends before what it works on.
  wait_for_none(impl_->waiting);
  impl_->judge.reset();
  wait_for_none(impl_->being_kept);
  impl_->reviewing.request_stop();
  impl_->reviewing.join_blocking();
  impl_->keep_counts_now();
}

Result<std::unique_ptr<PromotionDesk>> PromotionDesk::open(const promotion::Settings& settings, Service& service) {
  const auto kept = io::read_file(service.data_folder() / "promotion" / kCountsFile, kMostCountsBytes);
  auto impl = std::make_shared<Impl>(settings, service, promotion::counts_of(kept.ok() ? *kept : ""));
  FW_ASSIGN(impl->secret, promotion::draw_secret(impl->folder));
  FW_ASSIGN(impl->judge, judge_of(settings, service));
  FW_ASSIGN(impl->audit, open_audit_log(service.data_folder(), service.clock()));
  impl->host = std::make_unique<promotion::ModelHost>(settings.serving, impl->host_dependencies());
  FW_ASSIGN(impl->promotions,
            promotion::Promotions::open(
                *impl->audit, settings.rules, [desk = impl.get()](const auto& list) { desk->take(list); },
                [desk = impl.get()](const std::string& id) { return desk->figures_of(id); }));
  service.reviews().set_on_open([log = impl->audit.get()](const std::string& id, const std::string& job) {
    const auto noted =
        log->append({kItself, "review.open", id, "people may judge what differs", R"({"job":")" + job + R"("})"});
    if (!noted.ok()) log_warning("review", "not in the audit log", {{"review", id}, {"why", noted.error().message}});
  });
  return std::unique_ptr<PromotionDesk>(new PromotionDesk(std::move(impl)));
}

void PromotionDesk::start() { impl_->host->start(); }

void PromotionDesk::stop() {
  (void)impl_->service.wait_for([](promotion::ModelHost& host) -> Task<Status> {
    co_await host.stop();
    co_return Status{};
  }(*impl_->host));
}

void PromotionDesk::observe(capture::PromotedAnswer answer) {
  impl_->observe(answer.promotion, {.is_error = answer.is_error});
  if (!answer.exchange) return;
  impl_->compute([desk = impl_.get(), answer = std::move(answer)] { desk->look_at(answer); });
}

void PromotionDesk::compare(capture::ShadowedPair pair) {
  auto shared = std::make_shared<const capture::ShadowedPair>(std::move(pair));
  impl_->compute([desk = impl_.get(), shared = std::move(shared)] { desk->compare(shared); });
}

Task<Result<promotion::Feedback>> PromotionDesk::rate(promotion::Rating rating, auth::Caller caller) {
  FW_CO_ASSIGN(const auto answered, co_await impl_->exchange_of(rating.id));
  // As if there were none: whose exchanges there are is nobody else's to find out.
  if (!may_rate(caller, answered)) co_return no_exchange(rating.id);
  co_return co_await run_on(impl_->service.disk(),
                            [&] { return impl_->keep_rating(answered, std::move(rating), caller.person); });
}

promotion::FeedbackLog& PromotionDesk::feedback() const { return impl_->feedback; }

promotion::PairLog& PromotionDesk::pairs() { return impl_->pairs; }

promotion::EngineWords PromotionDesk::engine_words(const promotion::Proposal& proposal) const {
  auto words = impl_->host->words(proposal.id).value_or(promotion::EngineWords{});
  if (words.is_running || !words.lines.empty()) return words;
  words.lines = read_engine_words(impl_->words_file(proposal));
  return words;
}

void PromotionDesk::write_metrics(std::ostream& out) const {
  out << "# HELP flywheel_promotion_passed_over_total Answers and pairs that no gate looked at, as too many waited.\n"
         "# TYPE flywheel_promotion_passed_over_total counter\nflywheel_promotion_passed_over_total "
      << impl_->passed_over.load()
      << "\n# HELP flywheel_feedback_total Answers that applications rated.\n# TYPE flywheel_feedback_total counter\n"
         "flywheel_feedback_total "
      << impl_->ratings.load()
      << "\n# HELP flywheel_review_divergences_total Shadowed pairs that differ, by whether a review took them.\n"
         "# TYPE flywheel_review_divergences_total counter\nflywheel_review_divergences_total{outcome=\"taken\"} "
      << impl_->taken.load() << "\nflywheel_review_divergences_total{outcome=\"left_out\"} " << impl_->left_out.load()
      << '\n';
  {
    const std::lock_guard lock(impl_->mutex);
    write_unrouted(out, impl_->on_traffic, impl_->unrouted);
  }
  impl_->host->write_metrics(out);
  if (impl_->judge) impl_->judge->write_metrics(out);
}

void PromotionDesk::join(capture::Gateway* gateway) {
  std::vector<promotion::Proposal> list;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->gateway = gateway;
    list = impl_->on_traffic;
  }
  impl_->take(list);
}

std::string PromotionDesk::trouble_of(const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = std::ranges::find(impl_->unrouted, id, &capture::Unrouted::id);
  return found == impl_->unrouted.end() ? "" : "no request goes to it: " + found->why;
}

std::string PromotionDesk::trouble() const {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->unrouted.empty()) return impl_->host->trouble();
  return "no request goes to promotion " + impl_->unrouted.front().id + ": " + impl_->unrouted.front().why;
}

std::optional<promotion::Digests> PromotionDesk::upstream_digests(const promotion::Candidate& candidate) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->upstream_digests(candidate);
}

Task<Result<promotion::Digests>> PromotionDesk::present_digests(promotion::Candidate candidate) {
  co_return co_await impl_->read_again(std::move(candidate));
}

bool PromotionDesk::is_production(const promotion::Candidate& candidate) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->gateway != nullptr &&
         impl_->gateway->routes()->leads_only_to(candidate.upstream, candidate.served_model, candidate.workload);
}

promotion::Promotions& PromotionDesk::promotions() { return *impl_->promotions; }
audit::AuditLog& PromotionDesk::audit() { return *impl_->audit; }
const promotion::ModelHost& PromotionDesk::host() const { return *impl_->host; }
const promotion::CanaryWatch& PromotionDesk::watch() const { return impl_->watch; }

}  // namespace fw::app
