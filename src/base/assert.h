#pragma once

#include <string_view>

namespace fw {

/// Prints the claim and where it stands, then aborts.
[[noreturn]] void fail_assertion(std::string_view claim, const char* file, int line);

}  // namespace fw

/// An always-on check of what cannot happen unless this program is wrong; never reachable by outside bytes.
#define FW_ASSERT(claim)                                \
  do {                                                  \
    if (!(claim)) [[unlikely]]                          \
      ::fw::fail_assertion(#claim, __FILE__, __LINE__); \
  } while (false)
