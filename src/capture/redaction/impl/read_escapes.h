#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "capture/redaction/impl/detectors.h"

namespace fw::capture {

/// A text in which `\u0040` stands for `@`, as in JSON that is broken, cut, or quoted within a text, read as it means;
/// also where it was escaped several times (`\\u0040`).
class ReadEscapes final {
 public:
  explicit ReadEscapes(std::string_view written);

  /// Nothing is escaped so: text() is empty.
  [[nodiscard]] bool are_none() const { return places_.empty(); }
  [[nodiscard]] std::string_view text() const { return text_; }
  /// Where in what was written a part of text() stands.
  [[nodiscard]] Found place(Found at) const { return {places_[at.begin], places_[at.end]}; }

 private:
  std::string text_;
  std::vector<std::size_t> places_;  // of each byte, and the end
};

}  // namespace fw::capture
