#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dataset/card.h"
#include "dataset/impl/held_texts.h"
#include "dataset/impl/near_duplicate.h"
#include "dataset/impl/row_text.h"

namespace fw::dataset {

/// How many conversations give an answer. One that three give is how the workload answers (a closing phrase, a call
/// without arguments of its own); a rarer one is its row's own. Rows with the same turns are one conversation, however
/// often it was captured.
class GivenAnswers {
 public:
  /// In an order that does not depend on chance: of rows that are one by chains, one may count twice.
  void add(std::uint64_t answer, std::uint64_t conversation, std::uint64_t turns);
  [[nodiscard]] bool is_usual(std::uint64_t answer) const {
    const auto found = givers_.find(answer);
    return found != givers_.end() && found->second.size() >= kUsual;
  }

 private:
  static constexpr std::size_t kUsual = 3;
  struct Giver {
    std::uint64_t conversation = 0;
    std::uint64_t turns = 0;
  };

  std::unordered_map<std::uint64_t, std::vector<Giver>> givers_;  // kUsual at most
};

/// A row as LeakSearch looks at it.
struct RowWords {
  struct Part {
    std::uint64_t hash = 0;  ///< of its bytes
    /// Where the part is not known yet: as they come.
    std::vector<std::uint64_t> runs = {};
    std::vector<std::uint64_t> names = {};
  };
  TurnsWords turns;
  std::uint64_t prompt_hash = 0;
  std::optional<PromptWords> prompt;  ///< where the system message is not known yet
  std::uint64_t answer = 0;           ///< hash of its words
  std::vector<std::uint64_t> answer_runs = {};
  std::vector<std::uint64_t> answer_names = {};
  std::vector<std::uint64_t> value_runs = {};  ///< of the texts in its calls' arguments, of three words and more
  std::vector<Part> parts = {};                ///< system message, tools; of rows that train
};

/// Looks for what evaluation rows have in common with the rows of training and validation: nearly equal requests,
/// requests that stand whole in another row, and rows that hold an evaluation row's answer. The evaluation rows come
/// first; rows are numbered as they were added. Memory as NearDuplicates and HeldTexts.
class LeakSearch {
 public:
  using Pairs = std::vector<NearDuplicates::Pair>;
  using Groups = std::vector<NearDuplicates::Group>;

  /// `rows`: of all sides.
  LeakSearch(double threshold, std::size_t rows);

  /// Any thread, while no row is added.
  [[nodiscard]] RowWords words_of_evaluation(const RowText& text) const;
  [[nodiscard]] RowWords words_of_training(const RowText& text) const;

  void add_evaluation(RowWords words);
  void add_training(RowWords words);
  /// After all rows, once.
  void finish();

  /// The rows that are near-duplicates, and those less alike but worth a look.
  [[nodiscard]] Pairs requests() const { return requests_.pairs(std::min(threshold_, kWorthALook)); }
  /// Near-duplicates that are equal, and not among requests().
  [[nodiscard]] Groups equal_requests() const { return requests_.groups(); }
  /// The rows that hold an evaluation row's request whole and are no near-duplicates of it, which `requests` has.
  [[nodiscard]] Pairs held_requests(const Pairs& requests) const;
  /// The rows that hold an evaluation row's answer whole.
  [[nodiscard]] Pairs answers() const { return answers_.pairs(1); }
  [[nodiscard]] bool is_near(const NearDuplicates::Pair& pair) const { return pair.likeness >= threshold_; }

 private:
  static constexpr double kWorthALook = 0.4;

  [[nodiscard]] RowWords words_of(const RowText& text) const;
  std::uint32_t prompt_of(RowWords& words, bool is_of_set);

  double threshold_;
  NearDuplicates requests_;
  HeldTexts answers_;
  HeldTexts held_requests_;
  HeldTexts held_names_;                          // of the requests
  std::vector<std::uint32_t> evaluated_prompts_;  // numbers of the system messages
  std::vector<std::uint32_t> trained_prompts_;
  std::vector<std::uint32_t> evaluated_runs_;  // how many the turns have
  std::vector<std::uint32_t> trained_runs_;
};

/// What was found, as far as it has not been mended.
struct FoundLeaks {
  LeakSearch::Pairs requests;
  LeakSearch::Groups equal_requests;
  LeakSearch::Pairs held_requests;
  LeakSearch::Pairs answers;

  [[nodiscard]] static FoundLeaks of(const LeakSearch& search);

  /// Takes back what is of training rows that are gone.
  template <class IsGone>
  void forget(IsGone is_gone) {
    const auto has_gone = [&](const NearDuplicates::Pair& pair) { return is_gone(pair.other); };
    std::erase_if(requests, has_gone);
    std::erase_if(held_requests, has_gone);
    std::erase_if(answers, has_gone);
    for (auto& group : equal_requests) std::erase_if(group.others, is_gone);
    std::erase_if(equal_requests, [](const auto& group) { return group.others.empty(); });
  }
  /// The evaluation rows with a near-duplicate; ascending.
  [[nodiscard]] std::vector<std::uint32_t> near_texts(double threshold) const;
  /// Of training, the near-duplicates, and what holds a request; ascending.
  [[nodiscard]] std::vector<std::uint32_t> leaking_rows(double threshold) const;
  /// Counts what is left and gives the pairs to show, the worst of each kind first: answers of the rows that `is_own`
  /// says before others.
  template <class IsOwn>
  [[nodiscard]] std::vector<std::pair<LeakPair::Kind, NearDuplicates::Pair>> measure(double threshold, IsOwn is_own,
                                                                                     Leak& leak) {
    const auto others =
        std::ranges::stable_partition(answers, [&](const NearDuplicates::Pair& pair) { return is_own(pair.text); });
    return measure_parted(threshold, static_cast<std::size_t>(others.begin() - answers.begin()), leak);
  }

 private:
  [[nodiscard]] std::vector<std::pair<LeakPair::Kind, NearDuplicates::Pair>> measure_parted(double threshold,
                                                                                            std::size_t own,
                                                                                            Leak& leak) const;
};

inline constexpr std::size_t kShownPairs = 5;  ///< of a kind, in a report

/// As much of a text as a report shows.
[[nodiscard]] std::string beginning_of(const std::string& text);

/// Of which text a pair of this kind shows the beginning.
[[nodiscard]] inline const std::string& shown_text(LeakPair::Kind kind, const std::string& last_user,
                                                   const std::string& answer) {
  return kind == LeakPair::Kind::kAnswer ? answer : last_user;
}

}  // namespace fw::dataset
