#pragma once

#include <filesystem>

#include "base/result.h"

namespace fw::runs {

/// How often the service has died while a job's datasets were made, as a file in the job's folder tells. What takes the
/// whole service with it (out of memory, mostly) would otherwise be taken up again at every start, for ever. Blocking.
class Deaths final {
 public:
  static constexpr int kMost = 3;

  explicit Deaths(const std::filesystem::path& job_folder) : file_(job_folder / "begun.txt") {}

  /// Before the work: kFailedPrecondition with the remedy when it was begun kMost times and never ended.
  [[nodiscard]] Status begin() const;
  /// After the work, however it ended: the service lives.
  void end() const;

 private:
  std::filesystem::path file_;
};

}  // namespace fw::runs
