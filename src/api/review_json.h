#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "review/reviews.h"

namespace fw::api {

/// A review with what its labels add up to, without its items.
[[nodiscard]] nlohmann::ordered_json review_summary(const review::WholeReview& whole);
/// The queue as `person` sees it: own verdicts by side, those of others only counted. A row's class is production's
/// first tool, which would tell the sides: it is in only once the person has judged the row. With a source,
/// only the rows from there.
[[nodiscard]] nlohmann::ordered_json review_items(const review::WholeReview& whole, const std::string& person,
                                                  std::optional<review::Source> source);
/// A card as `person` sees it; `reveal` adds whose answer is whose, the class, and what metric and judge say.
[[nodiscard]] nlohmann::ordered_json review_card(const review::WholeReview& whole, const review::Item& item,
                                                 const std::string& person, bool reveal);
/// A line of the export: the label with its row.
[[nodiscard]] nlohmann::ordered_json review_label_line(const review::Review& review, const review::Label& label,
                                                       const review::Item& item);

}  // namespace fw::api
