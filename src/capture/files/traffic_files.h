#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "codec/byte_source.h"

namespace fw::capture {

/// Files that are one source: a batch's requests and its results, which only make records together.
struct TrafficSource {
  std::vector<std::string> files;  ///< not empty
  [[nodiscard]] std::string name() const;
};

/// The files as sources, in their order: those that begin with halves of batches are one, requests first, where both
/// halves are among them; each other is one by itself. Looks at the beginning of each; what cannot be opened or is no
/// regular file is told later, by whoever reads it.
[[nodiscard]] std::vector<TrafficSource> sources_of(const std::vector<std::string>& files);

/// The bytes of a source: those of a file as they lie on disk, of several files unpacked and one after another, each
/// beginning a line. Not thread-safe.
class TrafficSourceReader final : public codec::ByteSource {
 public:
  /// As FileSource::open(), for all of the files.
  [[nodiscard]] static Result<std::unique_ptr<TrafficSourceReader>> open(const TrafficSource& source,
                                                                         Deadline deadline);
  ~TrafficSourceReader() override;

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

  /// As they lie on disk; absent for pipes and standard input.
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  [[nodiscard]] std::uint64_t position() const;

 private:
  struct Part;
  explicit TrafficSourceReader(std::vector<std::unique_ptr<Part>> parts);

  std::vector<std::unique_ptr<Part>> parts_;
  std::size_t current_ = 0;
};

}  // namespace fw::capture
