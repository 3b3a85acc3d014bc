#include "discovery/impl/traits.h"

#include <algorithm>

namespace fw::discovery {

Traits traits_of(const capture::RequestScan& scan) {
  Traits traits{.system = scan.system.substr(0, Traits::kMostOfSystem),
                .prompt = scan.prompt.substr(0, Traits::kMostOfPrompt),
                .tools = scan.tools,
                .output = scan.output};
  std::ranges::sort(traits.tools);
  const auto again = std::ranges::unique(traits.tools);
  traits.tools.erase(again.begin(), again.end());
  return traits;
}

}  // namespace fw::discovery
