#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataset/card.h"
#include "dataset/holdout.h"
#include "dataset/impl/survey.h"
#include "dataset/settings.h"

namespace fw::dataset {

struct Selected;

/// Finds the records of a fixed evaluation set in a window, and says what became of those that are not evaluated. Does
/// nothing where there is no set, which must outlive it.
class HeldRows {
 public:
  explicit HeldRows(const Holdout* set);

  [[nodiscard]] bool is_given() const { return set_ != nullptr; }
  /// Every record of the window, valid or not.
  void see(const record::Interaction& record);
  /// Once, when the survey is finished.
  void match(const Survey& survey);

  /// Where in the set a surveyed record stands.
  [[nodiscard]] std::optional<std::uint32_t> place_of(std::uint32_t record) const;
  [[nodiscard]] const HoldoutRow& at(std::uint32_t place) const { return set_->rows[place]; }

  /// Nothing where there is no set.
  [[nodiscard]] std::optional<HoldoutCounts> counts(const Selected& selected, const Survey& survey) const;

 private:
  const Holdout* set_;
  std::unordered_map<std::string, std::uint32_t> places_;  // by record id
  std::vector<bool> is_in_window_;                         // by place
  std::vector<bool> has_expired_;                          // by place: its content has
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_record_;
};

/// Fails where none of the set's rows is left, or fewer than data_split_config.holdout_min_rows.
[[nodiscard]] Status check_holdout(const HoldoutCounts& counts, const SplitSettings& settings);

}  // namespace fw::dataset
