#include "app/cli/load_outcome.h"

#include <iostream>

namespace fw::app {
namespace {

std::string shown_name(const std::string& file) { return file == "-" ? "standard input" : printable(file); }

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

/// What the user can do about records that lack an id; "" when none lacks one.
std::string id_remedy(const std::map<std::string, std::uint64_t>& reasons) {
  const bool no_workload = reasons.contains("workload_id is missing");
  const bool no_client = reasons.contains("client_id is missing");
  if (no_workload) return "give --workload-id NAME and --client-id NAME for records that do not name their own";
  return no_client ? "give --client-id NAME for records that do not name their own" : "";
}

/// An empty page of an API holds nothing, and is read whole all the same.
std::uint64_t empty_lists(const LoadOutcome& outcome) {
  const auto found = outcome.skips.find("an empty list");
  return found == outcome.skips.end() ? 0 : found->second;
}

}  // namespace

void print_outcome(const std::string& file, const LoadOutcome& outcome, Terminal& out) {
  std::string line =
      shown_name(file) + ": " + counted(outcome.lines, "line") + ", " + counted(outcome.appended, "new record");
  if (outcome.duplicates > 0) line += ", " + std::to_string(outcome.duplicates) + " known already";
  if (outcome.elsewhere > 0) {
    line += " (" + std::to_string(outcome.elsewhere) + " under another workload or client, where " +
            (outcome.elsewhere == 1 ? "it stays)" : "they stay)");
  }
  if (outcome.lines == 0 && !outcome.error) line += "; there is nothing in it";
  out.line(line);
  // Beside records what was passed over belongs to them; alone it is what the file is.
  if (outcome.appended + outcome.duplicates == 0) {
    for (const auto& [what, count] : outcome.skips)
      out.line("    passed over: " + std::to_string(count) + " x " + printable(what));
  }
  for (const auto& [what, count] : outcome.repairs) out.line("    " + std::to_string(count) + " x " + printable(what));
  if (outcome.bad == 0) return;
  out.line(out.styled(
      Style::kBad, "  " + counted(outcome.bad, "bad line") + (outcome.bad == 1 ? " was" : " were") + " kept aside:"));
  for (const auto& [reason, count] : outcome.reasons)
    out.line("    " + std::to_string(count) + " x " + printable(reason));
  if (const std::string remedy = id_remedy(outcome.reasons); !remedy.empty()) out.line("    " + remedy);
}

void print_documentation(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::cerr << printable(file) << ": passed over, it is documentation; name the file to load it\n";
  }
}

std::optional<Error> why_failed(const std::string& file, const LoadOutcome& outcome) {
  if (outcome.error) return data_loss(printable(*outcome.error));
  if (outcome.lines > empty_lists(outcome) && outcome.appended + outcome.duplicates == 0) {
    return invalid_argument(shown_name(file) + " holds no record that could be read");
  }
  return std::nullopt;
}

}  // namespace fw::app
