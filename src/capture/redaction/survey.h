#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "async/deadline.h"
#include "base/clock.h"
#include "capture/redaction/redactor.h"

namespace fw::capture {

/// What a redactor would do to the traffic of a file.
struct RedactionSurvey {
  std::uint64_t records = 0;
  std::uint64_t touched = 0;  ///< records with something to replace
  std::uint64_t bad = 0;      ///< documents that are no record
  RedactionCounts counts;
  std::map<std::string, RedactionCounts> by_workload;
};

/// Reads a file as Loader does (any layout, form and packing; `-` is standard input), keeps nothing of it. Errors as of
/// FileSource::open(), and for a file that cannot be read to its end. Blocking.
[[nodiscard]] Status survey_redaction(const std::string& path, const Redactor& redactor, Timestamp now,
                                      Deadline deadline, RedactionSurvey& survey);

}  // namespace fw::capture
