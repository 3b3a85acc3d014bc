#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/terminal.h"
#include "base/error.h"

namespace fw::app {

/// What became of one file.
struct LoadOutcome {
  std::uint64_t lines = 0;
  std::uint64_t appended = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t elsewhere = 0;  ///< of these: under another workload or client
  std::uint64_t bad = 0;
  std::map<std::string, std::uint64_t> reasons;
  std::map<std::string, std::uint64_t> skips;    ///< what was passed over, by what it is
  std::map<std::string, std::uint64_t> repairs;  ///< what was done to records, by what it is
  std::optional<std::string> error;              ///< why it was not read, or not to its end
};

/// One line of counts, and below it the bad lines by reason, with the remedy where it is an option of the command.
void print_outcome(const std::string& file, const LoadOutcome& outcome, Terminal& out);

/// What a folder holds beside its traffic, a line each.
void print_documentation(const std::vector<std::string>& files);

/// Why a load of this file cannot count as done: it was not read whole, or nothing in it was a record.
[[nodiscard]] std::optional<Error> why_failed(const std::string& file, const LoadOutcome& outcome);

}  // namespace fw::app
