#include "app/cli/verified.h"

namespace fw::app {
namespace {

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

}  // namespace

void print_verified(const logstore::Verified& verified, Terminal& out) {
  std::string line = counted(verified.records, "record") + " of " + counted(verified.workloads, "workload") + ", " +
                     std::to_string(verified.bytes >> 20U) + " MiB of requests and answers";
  if (verified.expired > 0) line += "; " + std::to_string(verified.expired) + " without content, which has expired";
  out.line(line);
  if (verified.faults.empty()) {
    out.line(out.styled(Style::kGood, "no fault") + ": " + printable(verified.checked));
  }
  for (const auto& [what, count] : verified.faults) {
    out.line(out.styled(Style::kBad, std::to_string(count) + " x " + printable(what)));
    std::uint64_t shown = 0;
    for (const auto& fault : verified.first_faults) {
      if (fault.what != what) continue;
      out.line("    " + printable(fault.where));
      ++shown;
    }
    if (shown < count) out.line("    and " + std::to_string(count - shown) + " more");
  }
}

Result<logstore::Verified> run_to_end(logstore::Verification& verification, Terminal& live) {
  while (true) {
    FW_ASSIGN(const bool goes_on, verification.step());
    if (!goes_on) break;
    live.live("  " + counted(verification.found().records, "record"));
  }
  live.end_live();
  return verification.found();
}

}  // namespace fw::app
