#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What texts may hold that is nobody else's business: patterns for where it may be, checks for whether it is.
namespace fw::capture {

/// A place in a text: from `begin` to before `end`.
struct Found {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What one pass over a text tells about what it cannot hold. Most texts are done with this.
struct TextFacts {
  std::size_t digits = 0;
  std::size_t colons = 0;
  std::size_t dots = 0;
  std::size_t dashes = 0;
  bool has_at = false;
  bool has_capitals = false;
};
[[nodiscard]] TextFacts facts_of(std::string_view text);

/// One kind of value. Immutable; any thread.
class Detector {
 public:
  virtual ~Detector() = default;
  [[nodiscard]] virtual bool may_be_in(const TextFacts& facts) const = 0;
  /// The first one at or after `from`.
  [[nodiscard]] virtual std::optional<Found> find(std::string_view text, std::size_t from) const = 0;
  /// The same for all ways of writing one value: what pseudonyms are made of.
  [[nodiscard]] virtual std::string normal(std::string_view value) const { return std::string(value); }
};

/// The names of the kinds.
[[nodiscard]] std::span<const std::string_view> detector_kinds();
/// Null for a kind that there is none of.
[[nodiscard]] std::unique_ptr<Detector> make_detector(std::string_view kind);

}  // namespace fw::capture
