#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fw::app {

/// What a listener would take if there were files for it.
struct ConnectionWish {
  std::string listener;
  std::uint64_t connections = 0;
  std::uint64_t files_each = 1;  ///< two where each is handed on to an upstream
};

/// How many connections each listener may take, in the order of the wishes, when this process may have `open_files`
/// files: what the stores, engines and pages need is left to them, at least 1,024 or, of a low limit, three quarters;
/// the rest is shared out equally, and what one does not want is for the others. At least one each.
[[nodiscard]] std::vector<std::uint64_t> connections_within(std::uint64_t open_files,
                                                            const std::vector<ConnectionWish>& wishes);

}  // namespace fw::app
