#include "capture/gateway/impl/shadow_sender.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace fw::capture {
namespace {

constexpr std::uint64_t kBytesAToken = 4;
constexpr std::array<std::string_view, 4> kOutcomeNames{"answered", "failed", "no_room", "over_budget"};
constexpr std::string_view kNoAnswer = R"({"error":{"message":"no answer"}})";

Recorder::Begin begin_of(const ShadowSender::Job& job) {
  const auto& seen = job.answered;
  return {.id = seen.id,
          .labels = {.workload = seen.workload,
                     .client = seen.client,
                     .conversation = seen.provenance.conversation,
                     .tags = {}},
          .dialect = job.dialect,
          .model = seen.provenance.model_asked,
          .when = seen.timestamp,
          .request_whole = kernel_now()};
}

std::size_t size_of(const ShadowSender::Job& job) {
  return job.request.body.size() + job.answered.request.size() + job.answered.response.size();
}

}  // namespace

ShadowSender::ShadowSender(Executor executor, ShadowBudget budget, std::size_t max_answer_bytes, Workbenches& benches,
                           std::function<void(ShadowedPair)> tell)
    : budget_(budget),
      max_answer_bytes_(max_answer_bytes),
      benches_(benches),
      tell_(std::move(tell)),
      allowance_(budget.tokens_a_minute, kernel_now()),
      group_(std::move(executor)) {}

ShadowSender::~ShadowSender() {
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }
  group_.request_stop();
  group_.join_blocking();
}

void ShadowSender::offer(Job job) {
  // Without the lock: on its own loop a task begins at once.
  if (enqueue(std::move(job))) group_.spawn("shadow", work());
}

bool ShadowSender::enqueue(Job job) {
  const std::lock_guard lock(mutex_);
  const std::size_t bytes = size_of(job);
  if (waiting_.size() >= budget_.max_waiting || waiting_bytes_ + bytes > budget_.max_bytes) {
    count(Outcome::kNoRoom);
    return false;
  }
  if (!allowance_.take(job.request.body.size() / kBytesAToken, kernel_now())) {
    count(Outcome::kOverBudget);
    return false;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(job));
  if (running_ >= budget_.concurrency) return false;
  ++running_;
  return true;
}

std::optional<ShadowSender::Job> ShadowSender::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --running_;
    return std::nullopt;
  }
  Job job = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= size_of(job);
  return job;
}

Task<void> ShadowSender::work() {
  // After the exchange that brings the first copy has ended.
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  while (auto job = next()) {
    try {
      co_await ask(std::move(*job));
    } catch (const std::exception& e) {
      count(Outcome::kFailed);
      log_warning("gateway", "a copy of a request was given up", {{"why", e.what()}});
    }
  }
}

Task<void> ShadowSender::ask(Job job) {
  if (!job.upstream->readiness().ok()) co_return count(Outcome::kFailed);
  Recorder recorder(begin_of(job), max_answer_bytes_);
  recorder.set_target(job.answered.provenance.route, job.variant);
  // What the record's request is made of; a chat completion's is known.
  std::string body = job.dialect == Dialect::kChatCompletions ? std::string() : job.request.body;
  const BytesEnd end = co_await read(job, recorder);
  if (group_.stop_token().stop_requested()) co_return;
  std::optional<record::Interaction> copied;
  {
    Workbenches::Loan bench(benches_);
    auto made = std::move(recorder).finish(std::move(body), end, kernel_now(), bench->answers);
    if (!made.ok()) co_return count(Outcome::kFailed);
    copied = std::move(*made);
  }
  copied->request = job.answered.request;
  {
    const std::lock_guard lock(mutex_);
    allowance_.charge(copied->response.size() / kBytesAToken);
  }
  count(copied->provenance.ending == record::Ending::kFinished ? Outcome::kAnswered : Outcome::kFailed);
  if (!tell_) co_return;
  ShadowedPair pair{.promotion = std::move(job.promotion), .was_candidate_copied = job.is_to_candidate};
  pair.candidate = job.is_to_candidate ? std::move(*copied) : std::move(job.answered);
  pair.other = job.is_to_candidate ? std::move(job.answered) : std::move(*copied);
  tell_(std::move(pair));
}

Task<BytesEnd> ShadowSender::read(Job& job, Recorder& recorder) {
  const Deadline deadline = Deadline::after(budget_.timeout, group_.stop_token());
  auto opened = co_await job.upstream->client().open(std::move(job.request), deadline);
  if (!opened.ok()) {
    recorder.fail(std::string(kNoAnswer));
    co_return BytesEnd::kUpstreamDied;
  }
  recorder.begin_answer((*opened)->head());
  for (std::size_t bytes = 0; bytes <= max_answer_bytes_;) {
    auto piece = co_await (*opened)->next(deadline);
    if (!piece.ok()) co_return BytesEnd::kUpstreamDied;
    if (!*piece) co_return BytesEnd::kWhole;
    bytes += (*piece)->size();
    recorder.add(**piece, kernel_now());
  }
  co_return BytesEnd::kUpstreamDied;
}

void ShadowSender::write_metrics(std::ostream& out) const {
  out << "# HELP flywheel_gateway_shadow_total Copies of requests to the side that did not answer; no_room and "
         "over_budget were not sent.\n# TYPE flywheel_gateway_shadow_total counter\n";
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    out << "flywheel_gateway_shadow_total{outcome=\"" << kOutcomeNames.at(i) << "\"} " << outcomes_.at(i).load()
        << '\n';
  }
}

}  // namespace fw::capture
