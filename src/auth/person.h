#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::auth {

/// Who stands in the audit log for what the service does by itself; nobody else has this name.
inline constexpr std::string_view kItself = "flywheel";

/// What is the same for two names exactly if they are one person's: letter case, blanks around and between, width and
/// composition of the letters, and characters that nobody sees make no other person.
[[nodiscard]] std::string person_key(std::string_view name);
[[nodiscard]] bool is_same_person(std::string_view a, std::string_view b);

/// Whether somebody may be called so: kInvalidArgument, as a sentence that begins with `field`, for a name with blanks
/// around it, with characters that nobody sees or that turn the direction of writing, and for the service's own.
[[nodiscard]] Status check_person_name(std::string_view name, std::string_view field);

}  // namespace fw::auth
