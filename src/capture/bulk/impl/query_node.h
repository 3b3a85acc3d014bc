#pragma once

#include <optional>
#include <set>

#include "capture/bulk/impl/query.h"

namespace fw::capture::elastic {

/// One clause. Which members count depends on the kind.
struct Query::Node {
  enum class Kind : std::uint8_t { kAll, kNone, kTerms, kRange, kPattern, kBool, kSlice };

  Kind kind = Kind::kAll;
  Field field = Field::kWorkload;
  std::set<std::string, std::less<>> terms;  // kTerms
  std::string pattern;                       // kPattern
  std::optional<Timestamp> from;             // kRange: inclusive
  std::optional<Timestamp> to;               // kRange: exclusive
  std::vector<Node> must;                    // kBool: `must` and `filter`
  std::vector<Node> should;
  std::vector<Node> must_not;
  std::size_t least_should = 0;
  std::uint64_t slice = 0;  // kSlice: this one
  std::uint64_t slices = 1;

  [[nodiscard]] bool matches(const record::Interaction& record, std::string_view whole_index) const;
  /// Narrows `selection` by what this clause says of it; false when the clause says more than a selection can.
  bool narrow(logstore::Selection& selection) const;
};

}  // namespace fw::capture::elastic
