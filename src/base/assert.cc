#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace fw {

void fail_assertion(std::string_view claim, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %.*s\n", file, line, static_cast<int>(claim.size()), claim.data());
  std::abort();
}

}  // namespace fw
