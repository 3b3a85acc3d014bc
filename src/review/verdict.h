#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::review {

/// What a person says of two answers.
enum class Verdict { kCandidateBetter, kProductionBetter, kBothFine, kBothWrong, kCannotTell };

/// `candidate_better`, `production_better`, `both_fine`, `both_wrong`, `cannot_tell`: as labels are stored and
/// exported.
[[nodiscard]] std::string_view to_string(Verdict verdict);
[[nodiscard]] std::optional<Verdict> verdict_from_string(std::string_view name);

/// Which answer stands on the left. By lot of review, row and person, so that nobody learns which side is whose; the
/// same whenever that person sees the card.
[[nodiscard]] bool is_candidate_left(std::string_view review, std::string_view record, std::string_view person);

/// The verdict of one who saw the sides without names: `left_better`, `right_better`, and the three that name none.
[[nodiscard]] std::optional<Verdict> verdict_of_sides(std::string_view said, bool candidate_is_left);

struct Label {
  std::string record_id;
  std::string person;
  Verdict verdict = Verdict::kCannotTell;
  std::string note;
  std::vector<std::string> tags;
  std::string corrected;  ///< the message that would have been right, as JSON; empty: none was given
  Timestamp at;
};

/// A label as it is stored, without row, person and time.
[[nodiscard]] std::string to_json(const Label& label);
/// kDataLoss for what to_json did not write.
[[nodiscard]] Result<Label> label_from_json(std::string_view text);

}  // namespace fw::review
