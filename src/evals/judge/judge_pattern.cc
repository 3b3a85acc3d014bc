#include "evals/judge/judge_pattern.h"

#include <re2/re2.h>

#include <cmath>
#include <cstdlib>
#include <utility>

namespace fw::evals {

struct JudgePattern::Impl {
  explicit Impl(const std::string& pattern) : regex(pattern, RE2::Quiet) {}
  RE2 regex;
};

JudgePattern::JudgePattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JudgePattern::JudgePattern(JudgePattern&&) noexcept = default;
JudgePattern& JudgePattern::operator=(JudgePattern&&) noexcept = default;
JudgePattern::~JudgePattern() = default;

Result<JudgePattern> JudgePattern::compile(const std::string& pattern) {
  auto impl = std::make_unique<Impl>(pattern);
  if (!impl->regex.ok())
    return invalid_argument("judge pattern \"" + pattern + "\" cannot be used: " + impl->regex.error());
  if (impl->regex.NumberOfCapturingGroups() < 1)
    return invalid_argument("judge pattern \"" + pattern + "\" has no group; put the rating in parentheses");
  return JudgePattern(std::move(impl));
}

std::optional<double> JudgePattern::read(std::string_view text, Where where) const {
  const re2::StringPiece bytes(text.data(), text.size());
  re2::StringPiece groups[2];
  const auto anchor = where == Where::kStart ? RE2::ANCHOR_START : RE2::UNANCHORED;
  if (!impl_->regex.Match(bytes, 0, bytes.size(), anchor, groups, 2)) return std::nullopt;
  const std::string group(groups[1].data() ? groups[1].data() : "", groups[1].size());
  char* end = nullptr;
  const double value = std::strtod(group.c_str(), &end);
  if (group.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace fw::evals
