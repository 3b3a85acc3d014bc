#pragma once

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "capture/bulk/impl/query.h"

namespace fw::capture::elastic {

/// What a hit is sorted by. Its place is where the store has it (time, then record id): `_doc` and `_shard_doc`.
struct SortValues {
  std::int64_t ms = 0;
  std::string id;  ///< the document's `_id`
  Timestamp time;
  std::string record;
};
[[nodiscard]] SortValues sort_values_of(const record::Interaction& record);

/// The order of hits. A value.
class Sort final {
 public:
  enum class Kind : std::uint8_t { kTime, kId, kPlace };
  struct Key {
    Kind kind;
    bool is_descending;
  };

  /// `sort` of a body or of the parameters. kInvalidArgument names what cannot be sorted by.
  [[nodiscard]] static Result<Sort> parse(const Json& sort);
  /// Hits that are equal otherwise get an order, as points in time give it.
  void break_ties();
  /// `search_after`: the sort values of the last hit that was seen. kInvalidArgument where they are none of this
  /// sort's.
  [[nodiscard]] Status read_after(const Json& values);

  [[nodiscard]] bool is_empty() const { return keys_.empty(); }
  /// The order of the scan that meets the hits in their order, or as near as a scan can.
  [[nodiscard]] logstore::Order order() const;
  /// No scan has this order: hits have to be ranked.
  [[nodiscard]] bool is_ranked() const;
  /// Of a ranked sort: hits come in the order of their times at least.
  [[nodiscard]] bool begins_with_time() const { return !keys_.empty() && keys_.front().kind == Kind::kTime; }
  [[nodiscard]] bool has_after() const { return after_.has_value(); }

  /// Narrows a scan's selection to what comes after `search_after`, or a little more.
  void narrow(logstore::Selection& selection) const;
  /// The record comes after `search_after`.
  [[nodiscard]] bool is_after(const record::Interaction& record) const;
  [[nodiscard]] std::weak_ordering compare(const SortValues& a, const SortValues& b) const;
  /// `,"sort":[...]` of a hit; nothing where there is no sort.
  void append(const record::Interaction& record, std::string& out) const;

 private:
  std::vector<Key> keys_;
  std::optional<SortValues> after_;
};

}  // namespace fw::capture::elastic
