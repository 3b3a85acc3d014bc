#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fw::evals {

/// A user's regular expression that reads a rating out of a judge's answer: the first group as a number. The
/// blueprint's own
/// `(\d)` reads "10" as 1; JudgeAnswer reads 10, use this only where a configuration brings a pattern. Linear time in
/// the text (RE2): look-around and back references are kInvalidArgument. Immutable, safe from any thread.
class JudgePattern final {
 public:
  enum class Where {
    kStart,     ///< the pattern begins at the first byte (Python's re.match)
    kAnywhere,  ///< the first place where it fits (Python's re.search)
  };

  [[nodiscard]] static Result<JudgePattern> compile(const std::string& pattern);
  JudgePattern(JudgePattern&&) noexcept;
  JudgePattern& operator=(JudgePattern&&) noexcept;
  JudgePattern(const JudgePattern&) = delete;
  JudgePattern& operator=(const JudgePattern&) = delete;
  ~JudgePattern();

  /// Nothing when the pattern does not fit, has no group, or the group is no finite number.
  [[nodiscard]] std::optional<double> read(std::string_view text, Where where) const;

 private:
  struct Impl;
  explicit JudgePattern(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::evals
