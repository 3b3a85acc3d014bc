#include "async/deadline.h"

#include <string>

namespace fw {

Status Deadline::check(std::string_view what) const {
  if (is_cancelled()) return cancelled(std::string(what) + ": cancelled");
  if (kernel_now() >= when_) return deadline_exceeded(std::string(what) + ": time ran out");
  return {};
}

}  // namespace fw
