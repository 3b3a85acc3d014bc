#include "promotion/pair_judge.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "evals/answer.h"
#include "evals/judge/judge_prompt.h"
#include "evals/metric.h"
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

std::uint64_t tokens_in(std::string_view text) { return text.size() / kBytesAToken; }

/// Of a question and its answer: as the endpoint counts them, else by their bytes.
std::uint64_t tokens_of(const evals::Answer& answer, std::uint64_t asked) {
  const std::uint64_t counted = answer.prompt_tokens + answer.completion_tokens;
  return counted > 0 ? counted : asked + tokens_in(answer.text);
}

/// The judge's score among a row's.
std::optional<double> judged_score(const modelops::RowResult& result) {
  const evals::Metric* metric = evals::judged_metric(result.traits.kind);
  if (metric == nullptr) return std::nullopt;
  const auto found = result.scores.find(std::string(metric->name));
  return found == result.scores.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

struct PairJudge::Question {
  modelops::AnswerKind kind = modelops::AnswerKind::kText;  ///< what the judge rates
  std::optional<double> score;                              ///< what is known without it
  std::string request;                                      ///< empty: it is not asked
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
  begin_day();
  if (is_day_used_up_) {
    ++outcomes_.at(static_cast<std::size_t>(Outcome::kOverBudget));
    return false;
  }
  ++under_way_;
  return true;
}

void PairJudge::begin_day() {
  const Instant now = with_.clock.instant();
  if (day_began_ && now - *day_began_ < kDay) return;
  day_began_ = now;
  spent_ = 0;
  is_day_used_up_ = false;
}

bool PairJudge::spend(std::uint64_t tokens) {
  const std::lock_guard lock(mutex_);
  begin_day();
  is_day_used_up_ = is_day_used_up_ || spent_ + tokens > budget_.tokens_a_day;
  if (!is_day_used_up_) spent_ += tokens;
  return !is_day_used_up_;
}

void PairJudge::settle(std::uint64_t reserved, std::uint64_t used) {
  tokens_ += used;
  const std::lock_guard lock(mutex_);
  spent_ += used;
  spent_ -= std::min(spent_, reserved);
}

Result<PairJudge::Question> PairJudge::question_of(record::Interaction candidate, record::Interaction other,
                                                   bool are_equal) const try {
  for (auto* side : {&candidate, &other}) FW_TRY(with_.redact(*side));
  const auto row = row_of_pair(other);
  const auto reference = evals::parse_answer(other.response);
  Question out;
  if (!row.ok() || !reference.ok() || !reference->failure.empty()) return out;
  out.kind = row->traits.kind;
  modelops::RowResult result{.traits = row->traits};
  const auto answer = evals::parse_answer(candidate.response);
  if (answer.ok()) evals::score_answer(*row, *answer, /*has_judge=*/true, result);
  // One that cannot be read, was cut or says nothing counts 0, as in evaluations.
  const bool is_answered = answer.ok() && result.is_answered();
  if (is_answered && are_equal) {
    out.score = 1;
  } else if (is_answered && evals::needs_judge(result)) {
    out.request = evals::judge_request(*evals::judged_metric(out.kind), *row, answer->message, model_, /*seed=*/0);
  } else {
    out.score = is_answered ? judged_score(result) : 0;
  }
  return out;
} catch (const std::exception& e) {
  return internal(e.what());
}

void PairJudge::rate(record::Interaction candidate, record::Interaction other, bool are_equal, Tell tell) {
  auto question = question_of(std::move(candidate), std::move(other), are_equal);
  if (!question.ok()) {
    note_failure(question.error().message);
    return end_turn(Outcome::kNoRating, tell, std::nullopt);
  }
  if (question->score && fails_) {
    question->kind = modelops::AnswerKind::kText;
    question->request = evals::judge_probe(model_);
  }
  if (question->request.empty()) {
    return end_turn(question->score ? Outcome::kRated : Outcome::kNoRating, tell, question->score);
  }
  if (!spend(tokens_in(question->request))) return end_turn(Outcome::kOverBudget, tell, std::nullopt);
  group_.spawn("pair judge", ask(std::move(*question), std::move(tell)));
}

Task<void> PairJudge::ask(Question question, Tell tell) {
  const auto reserved = tokens_in(question.request);
  auto used = reserved;
  modelops::RowResult said;
  said.traits.kind = question.kind;
  try {
    const auto reply = co_await chat_->ask(question.request, Deadline::after(budget_.timeout, group_.stop_token()));
    if (reply.answer.ok()) used = tokens_of(*reply.answer, reserved);
    evals::score_judgement(reply.answer, said);
  } catch (const std::exception& e) {
    said.error = e.what();
  }
  settle(reserved, used);
  const auto rating = judged_score(said);
  if (rating) fails_ = false;
  if (!rating && !group_.stop_token().stop_requested()) note_failure(said.error);
  end_turn(rating ? Outcome::kRated : Outcome::kNoRating, tell, rating && question.score ? question.score : rating);
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
