#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "record/interaction.h"

namespace fw::dataset {

/// The records of a workload, read twice: all of them once, a page at a time, then those that were drawn once more. So
/// no window is ever held. Ids are unique.
class RecordSource {
 public:
  using Visit = std::function<Status(std::span<const record::Interaction> page)>;

  virtual ~RecordSource() = default;

  /// Every record once, in any order; ends early with the error of `visit`.
  [[nodiscard]] virtual Status scan(const Visit& visit) = 0;
  /// Records that the scan has shown, in the order of `ids`, a page at a time; ends early with the error of `visit`.
  /// kUnavailable where one has gone since, or its content has.
  [[nodiscard]] virtual Status read(std::span<const record::RecordId> ids, const Visit& visit) = 0;
};

/// Records that lie in memory, which outlives the source.
class RecordsInMemory final : public RecordSource {
 public:
  explicit RecordsInMemory(std::span<const record::Interaction> records) : records_(records) {}

  [[nodiscard]] Status scan(const Visit& visit) override;
  [[nodiscard]] Status read(std::span<const record::RecordId> ids, const Visit& visit) override;

 private:
  std::span<const record::Interaction> records_;
  std::vector<const record::Interaction*> by_id_;  // sorted at the first read
};

}  // namespace fw::dataset
