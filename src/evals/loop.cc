#include "evals/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <utility>

#include "base/log.h"
#include "evals/chat.h"
#include "evals/impl/evaluation.h"
#include "evals/judge/judge_prompt.h"
#include "evals/judge/judge_rating.h"

namespace fw::evals {
namespace {

using modelops::EvaluationJob;
using modelops::EvaluationProgress;
using modelops::EvaluationResult;

Task<void> run_into(Evaluation& evaluation, std::optional<Result<EvaluationResult>>& result) {
  result.emplace(co_await evaluation.run());
}

/// An answer of the judge to a made-up question. One answer without a rating is no proof that rows get none: it is
/// logged, and rows that lack their rating are counted.
Status check_rating(const Result<Answer>& answer, const std::string& judge) {
  if (!answer.ok()) return answer.error();
  if (!answer->failure.empty()) return data_loss("its answer was " + answer->failure);
  if (const auto rating = parse_judge_rating(answer->text, 0, 10); !rating.ok())
    log_warning("evals", "the judge was asked for a rating and gave none",
                {{"judge", judge}, {"error", rating.error().message}});
  return {};
}

}  // namespace

EvaluationLoop::EvaluationLoop(const Clock& clock, Pool& pool, LoopOptions options)
    : clock_(clock), pool_(pool), options_(std::move(options)) {}

Task<Result<EvaluationResult>> EvaluationLoop::evaluate(EvaluationJob job,
                                                        std::function<void(const EvaluationProgress&)> on_progress,
                                                        Deadline deadline) {
  const auto strand = boost::asio::make_strand(co_await boost::asio::this_coro::executor);
  Evaluation evaluation(std::move(job), std::move(on_progress), std::move(deadline), clock_, pool_, options_, strand);
  std::optional<Result<EvaluationResult>> result;
  co_await boost::asio::co_spawn(strand, run_into(evaluation, result), boost::asio::use_awaitable);
  co_return std::move(*result);
}

Task<Status> EvaluationLoop::check_judge(modelops::Judge judge, Deadline deadline) {
  net::Client client(co_await boost::asio::this_coro::executor, client_options(options_, 1));
  const net::RetryPolicy once{.max_attempts = 1, .attempt_timeout = std::chrono::seconds(60)};
  FW_CO_ASSIGN(const auto chat, Chat::make(judge.endpoint, client, once, clock_, Random(0)));
  const ChatReply reply = co_await chat->ask(judge_probe(judge.endpoint.model), deadline);
  FW_CO_TRY(deadline.check("check of the judge"));
  const Status status = check_rating(reply.answer, judge.endpoint.model);
  if (status.ok()) co_return Status{};
  co_return status.error().within("the judge \"" + judge.endpoint.model + "\" at " + judge.endpoint.url +
                                  " cannot rate");
}

}  // namespace fw::evals
