#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fw::discovery {

/// Sets of tools that are offered in place of each other: half of what two of them hold is in both.
struct ToolFamily {
  std::vector<std::string> patterns;  ///< of a LabelRule: the names that all have, `*` where some have more
  std::vector<std::size_t> places;    ///< of the requests' sets that belong to it, ascending
};

/// The families of the sets that `fewest` requests offer and more; other sets belong to the family that they are most
/// like, or to none. Sets are ascending. Those of most requests first.
[[nodiscard]] std::vector<ToolFamily> tool_families(const std::vector<std::vector<std::string>>& sets,
                                                    std::uint64_t fewest);

}  // namespace fw::discovery
