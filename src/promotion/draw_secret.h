#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// The service's secret that conversations are drawn for canaries with, in `folder`, readable by its user alone; made
/// where there is none. kDataLoss for a file that is none.
[[nodiscard]] Result<std::string> draw_secret(const std::filesystem::path& folder);

/// What orders the conversations of a proposal: nobody without the secret knows who is drawn first. Proposals of
/// versions without one keep their order, which is by their id.
[[nodiscard]] std::string draw_key(const std::string& secret, const Proposal& proposal);

}  // namespace fw::promotion
