#include "dataset/impl/held_rows.h"

#include <algorithm>

#include "dataset/impl/selection.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

/// A clock that is far off says nothing of when the set was drawn.
std::int64_t newest_of(const Holdout& set, const Selected& selected) {
  std::int64_t newest = 0;
  std::int64_t of_all = 0;
  for (const HoldoutRow& row : set.rows) {
    of_all = std::max(of_all, row.timestamp);
    if (selected.span && row.timestamp <= to_epoch_seconds(selected.span->second))
      newest = std::max(newest, row.timestamp);
  }
  return newest > 0 ? newest : of_all;
}

}  // namespace

HeldRows::HeldRows(const Holdout* set) : set_(set) {
  if (set_ == nullptr) return;
  for (std::uint32_t i = 0; i < set_->rows.size(); ++i) places_.emplace(*set_->rows[i].record, i);
  is_in_window_.assign(set_->rows.size(), false);
  has_expired_.assign(set_->rows.size(), false);
}

void HeldRows::see(const record::Interaction& record) {
  if (places_.empty()) return;
  const auto place = places_.find(*record.id);
  if (place == places_.end()) return;
  is_in_window_[place->second] = true;
  has_expired_[place->second] = !record.has_content();
}

void HeldRows::match(const Survey& survey) {
  if (places_.empty()) return;
  for (std::uint32_t i = 0; i < survey.records.size(); ++i) {
    if (const auto place = places_.find(*survey.id_of(survey.records[i])); place != places_.end()) {
      place_of_record_.emplace(i, place->second);
    }
  }
}

std::optional<std::uint32_t> HeldRows::place_of(std::uint32_t record) const {
  const auto place = place_of_record_.find(record);
  return place == place_of_record_.end() ? std::nullopt : std::optional(place->second);
}

std::optional<HoldoutCounts> HeldRows::counts(const Selected& selected, const Survey& survey) const {
  if (set_ == nullptr) return std::nullopt;
  HoldoutCounts out{.job = set_->job, .dataset = set_->dataset, .digest = set_->digest, .rows = set_->rows.size()};
  std::vector<bool> is_evaluated(set_->rows.size(), false);
  for (const Row& row : selected.rows) {
    if (!row.held) continue;
    is_evaluated[*row.held] = true;
    ++out.evaluated;
    out.answered_otherwise += row.is_answered_otherwise ? 1 : 0;
  }
  std::vector<bool> is_valid(set_->rows.size(), false);
  for (const auto& [record, place] : place_of_record_) is_valid[place] = true;
  double weight = 0;
  double retired = 0;
  for (std::uint32_t i = 0; i < set_->rows.size(); ++i) {
    const HoldoutRow& row = set_->rows[i];
    weight += row.traits.weight;
    if (is_evaluated[i]) continue;
    retired += row.traits.weight;
    const auto why = !is_in_window_[i] ? reasons::kGone
                     : has_expired_[i] ? reasons::kContentExpired
                     : !is_valid[i]    ? reasons::kNoLongerValid
                                       : reasons::kDuplicate;
    out.retired.push_back({*row.record, std::string(why)});
  }
  out.retired_weight_share = weight > 0 ? retired / weight : 0;
  out.newest_record = newest_of(*set_, selected);
  out.records = survey.records.size();
  out.records_since = static_cast<std::uint64_t>(std::ranges::count_if(
      survey.records, [&](const Surveyed& record) { return to_epoch_seconds(record.time) > out.newest_record; }));
  return out;
}

Status check_holdout(const HoldoutCounts& counts, const SplitSettings& settings) {
  if (counts.evaluated > 0 && counts.evaluated >= settings.holdout_min_rows) return {};
  std::map<std::string, std::uint64_t> reasons;
  for (const auto& one : counts.retired) ++reasons[one.why];
  std::string why;
  for (const auto& [reason, count] : reasons) why += (why.empty() ? "" : "; ") + reason + ": " + std::to_string(count);
  const std::string left = counts.evaluated == 0 ? "none" : std::to_string(counts.evaluated);
  return failed_precondition(
      "data_split_config.holdout_job: of the " + std::to_string(counts.rows) + " evaluation rows of job " + counts.job +
      " " + left + " can still be evaluated" +
      (counts.evaluated == 0
           ? std::string()
           : ", fewer than data_split_config.holdout_min_rows (" + std::to_string(settings.holdout_min_rows) + ")") +
      (why.empty() ? "" : " (" + why + ")") + "; name another job, or leave holdout_job out to draw rows anew");
}

}  // namespace fw::dataset
