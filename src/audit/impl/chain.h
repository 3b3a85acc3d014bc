#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "audit/audit_log.h"

namespace fw::audit {

/// `hash` as the entry's other members make it.
[[nodiscard]] std::string hash_of(const Entry& entry);

/// What lies before the first entry.
[[nodiscard]] std::string no_hash();

/// Reads the entries of a file in order, checks that each follows the one before, and hands those that do to `take`
/// (may be empty). Ends at the first fault.
[[nodiscard]] Result<Verification> walk(const std::filesystem::path& file, const std::function<void(Entry)>& take);

}  // namespace fw::audit
