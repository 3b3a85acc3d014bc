#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fw::io {

/// A folder that may have lain elsewhere when whole paths into it were written down: says where what they name lies
/// now. A value.
class MovedFolder final {
 public:
  explicit MovedFolder(std::filesystem::path now) : now_(std::move(now)) {}

  /// A path, or `file://` address, that was written down of `part` of the folder (`jobs/7`), or of what lies in it:
  /// what stands before the part is a place that the folder had.
  void learn(std::string_view written, std::string_view part);
  [[nodiscard]] bool has_moved() const { return !before_.empty(); }

  /// Where it is now what was written down, as a path or a `file://` address as it was: below this folder, if it was
  /// below it then, also where the old place still has files. As it was written: what lay outside, and what this folder
  /// does not have while the old place does (a model that was left there).
  [[nodiscard]] std::string present(const std::string& written) const;

 private:
  std::filesystem::path now_;
  std::vector<std::filesystem::path> before_;  ///< other places that it had
};

}  // namespace fw::io
