#include "promotion/pair_judge.h"

#include <string_view>
#include <utility>

#include "base/log.h"
#include "evals/answer.h"
#include "evals/scoring.h"
#include "promotion/comparison.h"

namespace fw::promotion {
namespace {

constexpr std::uint64_t kBytesAToken = 4;
constexpr std::size_t kMostAnswerBytes = 1 << 20;
constexpr std::array<std::string_view, 3> kOutcomeNames{"rated", "no_rating", "over_budget"};
constexpr Duration kDay = std::chrono::hours(24);

Duration pause_of(double pairs_a_minute) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(60 / pairs_a_minute));
}

/// The judge's score among a row's.
std::optional<double> judged_score(const modelops::RowResult& result) {
  const bool calls = result.traits.kind == modelops::AnswerKind::kToolCalls;
  const auto found = result.scores.find(std::string(calls ? evals::kToolCallingCorrectness : evals::kSimilarity));
  return found == result.scores.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

struct PairJudge::Question {
  modelops::RowResult result;
  std::optional<double> score;  ///< what is known without the judge
  std::string request;          ///< empty: it is not asked
};

PairJudge::PairJudge(const modelops::Judge& judge, const JudgeBudget& budget, Dependencies dependencies)
    : model_(judge.endpoint.model),
      budget_(budget),
      with_(std::move(dependencies)),
      client_(with_.executor, {.max_body_bytes = kMostAnswerBytes}),
      group_(with_.executor) {}

Result<std::unique_ptr<PairJudge>> PairJudge::make(const modelops::Judge& judge, const JudgeBudget& budget,
                                                   Dependencies dependencies) {
  std::unique_ptr<PairJudge> made(new PairJudge(judge, budget, std::move(dependencies)));
  const net::RetryPolicy once{.max_attempts = 1, .attempt_timeout = budget.timeout};
  FW_ASSIGN(made->chat_, evals::Chat::make(judge.endpoint, made->client_, once, made->with_.clock, Random(0)));
  return made;
}

PairJudge::~PairJudge() {
  group_.request_stop();
  group_.join_blocking();
}

bool PairJudge::take_turn() {
  const Instant now = with_.clock.instant();
  const std::lock_guard lock(mutex_);
  if (now < next_turn_ || under_way_ >= budget_.concurrency) return false;
  next_turn_ = now + pause_of(budget_.pairs_a_minute);
  ++under_way_;
  return true;
}

bool PairJudge::spend(std::uint64_t tokens) {
  const Instant now = with_.clock.instant();
  const std::lock_guard lock(mutex_);
  if (!day_began_ || now - *day_began_ >= kDay) {
    day_began_ = now;
    spent_ = 0;
  }
  if (spent_ + tokens > budget_.tokens_a_day) return false;
  spent_ += tokens;
  tokens_ += tokens;
  return true;
}

Result<PairJudge::Question> PairJudge::question_of(record::Interaction candidate, record::Interaction other) const {
  for (auto* side : {&candidate, &other}) FW_TRY(with_.redact(*side));
  FW_ASSIGN(const auto row, row_of_pair(other));
  Question out;
  out.result.traits = row.traits;
  const auto answer = evals::parse_answer(candidate.response);
  if (answer.ok()) evals::score_answer(row, *answer, /*has_judge=*/true, out.result);
  // One that cannot be read, was cut or says nothing counts 0, as in evaluations.
  if (!answer.ok() || !out.result.is_answered()) out.score = 0;
  if (out.score || !evals::needs_judge(out.result)) return out;
  out.request = evals::judge_request(evals::judge_task(row.traits.kind), row, answer->message, model_, /*seed=*/0);
  return out;
}

void PairJudge::rate(record::Interaction candidate, record::Interaction other, Tell tell) {
  auto question = question_of(std::move(candidate), std::move(other));
  if (!question.ok()) {
    note_failure(question.error().message);
    return end_turn(Outcome::kNoRating, tell, std::nullopt);
  }
  if (question->request.empty()) {
    const auto score = question->score ? question->score : judged_score(question->result);
    return end_turn(score ? Outcome::kRated : Outcome::kNoRating, tell, score);
  }
  if (!spend(question->request.size() / kBytesAToken)) return end_turn(Outcome::kOverBudget, tell, std::nullopt);
  group_.spawn("pair judge", ask(std::move(*question), std::move(tell)));
}

Task<void> PairJudge::ask(Question question, Tell tell) {
  const auto asked = question.request.size() / kBytesAToken;
  auto& result = question.result;
  std::string why;
  try {
    const auto reply = co_await chat_->ask(question.request, Deadline::after(budget_.timeout, group_.stop_token()));
    if (reply.answer.ok()) {
      const std::uint64_t used = reply.answer->prompt_tokens + reply.answer->completion_tokens;
      const std::uint64_t more = used > asked ? used - asked : 0;
      const std::lock_guard lock(mutex_);
      spent_ += more;
      tokens_ += more;
    }
    result.error.clear();
    evals::score_judgement(reply.answer, evals::judge_task(result.traits.kind), result);
    why = result.error;
  } catch (const std::exception& e) {
    why = e.what();
  }
  const auto score = judged_score(result);
  if (score) fails_ = false;
  if (!score && !group_.stop_token().stop_requested()) note_failure(why);
  end_turn(score ? Outcome::kRated : Outcome::kNoRating, tell, score);
}

void PairJudge::end_turn(Outcome outcome, const Tell& tell, std::optional<double> score) {
  ++outcomes_.at(static_cast<std::size_t>(outcome));
  {
    const std::lock_guard lock(mutex_);
    --under_way_;
  }
  tell(score);
}

void PairJudge::note_failure(const std::string& why) {
  if (!fails_.exchange(true)) log_warning("promotion", "a pair was not rated", {{"judge", model_}, {"why", why}});
}

void PairJudge::write_metrics(std::ostream& out) const {
  out << "# HELP flywheel_promotion_judged_total Shadowed pairs that the judge was to rate.\n"
         "# TYPE flywheel_promotion_judged_total counter\n";
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    out << "flywheel_promotion_judged_total{outcome=\"" << kOutcomeNames.at(i) << "\"} " << outcomes_.at(i).load()
        << '\n';
  }
  out << "# HELP flywheel_promotion_judge_tokens_total Tokens of questions to the judge and of its answers.\n"
         "# TYPE flywheel_promotion_judge_tokens_total counter\nflywheel_promotion_judge_tokens_total "
      << tokens_.load() << '\n';
}

}  // namespace fw::promotion
