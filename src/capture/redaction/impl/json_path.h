#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fw::capture {

/// A path to values in JSON: the names, indexes and wildcards of RFC 9535 (`$.a['b'].*[0][*]..c`), without filters,
/// slices and lists of selectors. A value.
class JsonPath final {
 public:
  /// One step down from an object or array: the member's name, or the element's number.
  struct Step {
    std::string_view name;
    std::optional<std::size_t> index;
  };

  /// kInvalidArgument with what is wrong.
  [[nodiscard]] static Result<JsonPath> parse(std::string_view text);

  /// Whether the value at `steps` is one of the path's.
  [[nodiscard]] bool matches(const std::vector<Step>& steps) const { return matches(steps, 0, 0); }

 private:
  struct Segment {
    bool is_descendant = false;  ///< `..`: any number of steps before this one
    bool is_wildcard = false;
    std::string name;
    std::optional<std::size_t> index;
  };

  [[nodiscard]] bool matches(const std::vector<Step>& steps, std::size_t at, std::size_t segment) const;
  static bool fits(const Segment& segment, const Step& step);

  std::vector<Segment> segments_;
};

}  // namespace fw::capture
