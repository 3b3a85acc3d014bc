#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>

#include "async/task_group.h"
#include "base/clock.h"
#include "evals/chat.h"
#include "modelops/evaluator.h"
#include "net/client.h"
#include "promotion/settings.h"
#include "record/interaction.h"

namespace fw::promotion {

/// Has a judge rate shadowed pairs, as evaluations do: the other side's answer is the reference. No more of them than a
/// budget allows, each asked once. Any thread.
class PairJudge final {
 public:
  struct Dependencies {
    Executor executor;  ///< of one thread; it runs until after the destructor
    const Clock& clock;
    /// Takes out of an exchange what must not leave; an error keeps the pair from the judge.
    std::function<Status(record::Interaction&)> redact;
  };
  /// What became of a pair: a score from 0 to 1, or nothing where there is no rating, which is not the candidate's
  /// fault.
  using Tell = std::function<void(std::optional<double>)>;

  /// kFailedPrecondition when the variable that should hold the judge's key is not set.
  [[nodiscard]] static Result<std::unique_ptr<PairJudge>> make(const modelops::Judge& judge, const JudgeBudget& budget,
                                                               Dependencies dependencies);
  /// Ends the questions under way.
  ~PairJudge();
  PairJudge(const PairJudge&) = delete;
  PairJudge& operator=(const PairJudge&) = delete;

  /// Whether one more pair may be rated; rate() must follow. Asked before anybody looks at the pair, so that which
  /// pairs are rated does not depend on what they hold. Once a question was too much for the day, no pair has a turn.
  [[nodiscard]] bool take_turn();
  /// `tell` is called once: at once where the judge is not asked, else on the executor. It is not asked where the other
  /// side's answer is none to compare with (no rating), where the candidate's is wrong at sight (of the other kind,
  /// cut, empty): that scores 0, and where the two are equal by the metric that compares them (`are_equal`): that
  /// scores 1. Either only while the judge answers; one that failed is asked something else first, since without it
  /// these alone would be rated. Up to seconds of computing for very long texts.
  void rate(record::Interaction candidate, record::Interaction other, bool are_equal, Tell tell);

  void write_metrics(std::ostream& out) const;

 private:
  enum class Outcome : std::uint8_t { kRated, kNoRating, kOverBudget };
  struct Question;

  PairJudge(const modelops::Judge& judge, const JudgeBudget& budget, Dependencies dependencies);
  [[nodiscard]] Result<Question> question_of(record::Interaction candidate, record::Interaction other,
                                             bool are_equal) const;
  [[nodiscard]] Task<void> ask(Question question, Tell tell);
  /// Under the mutex: a new one, if the last is over.
  void begin_day();
  [[nodiscard]] bool spend(std::uint64_t tokens);
  /// A question that was thought to be of `reserved` tokens took `used`.
  void settle(std::uint64_t reserved, std::uint64_t used);
  void end_turn(Outcome outcome, const Tell& tell, std::optional<double> score);
  void note_failure(const std::string& why);

  const std::string model_;
  const JudgeBudget budget_;
  const Dependencies with_;
  net::Client client_;
  std::unique_ptr<evals::Chat> chat_;  // used on the executor
  std::array<std::atomic<std::uint64_t>, 3> outcomes_{};
  std::atomic<std::uint64_t> tokens_{0};
  std::atomic<bool> fails_{false};  // the last question got no rating: said once
  std::mutex mutex_;                // guards the next five
  Instant next_turn_{};
  std::size_t under_way_ = 0;
  std::optional<Instant> day_began_;
  std::uint64_t spent_ = 0;      // this day
  bool is_day_used_up_ = false;  // a question was too much for it
  TaskGroup group_;
};

}  // namespace fw::promotion
