#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "async/deadline.h"
#include "capture/record_reader.h"

namespace fw::capture {

/// What became of a file's documents.
struct VisitedFile {
  std::uint64_t records = 0;
  std::map<std::string, std::uint64_t> reasons;  ///< of documents that are no record
};

/// Reads a file as Loader does (any layout, form and packing; `-` is standard input) and calls `visit` with every
/// record; keeps nothing of it, and nothing is redacted. Ends early with the error of `visit`. Errors as of
/// FileSource::open(), and for a file that cannot be read to its end. Blocking.
[[nodiscard]] Result<VisitedFile> visit_records(const std::string& path, ReadOptions options, const Deadline& deadline,
                                                const std::function<Status(record::Interaction)>& visit);

}  // namespace fw::capture
