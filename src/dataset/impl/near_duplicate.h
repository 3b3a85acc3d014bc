#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fw::dataset {

/// Finds texts that are nearly those of a set: of their runs of three words (letter case, punctuation apart) four
/// fifths are common to both (Jaccard). Long texts are compared by the 32 of their runs with the smallest hashes, which
/// estimates the same (bottom-k sketch: Cohen and Kaplan 2007), so a text costs 256 bytes.
class NearDuplicates {
 public:
  void add(std::string_view text);
  [[nodiscard]] bool has_near(std::string_view text) const;

 private:
  using Sketch = std::vector<std::uint64_t>;  // ascending

  std::vector<Sketch> sketches_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> holders_;  // by hash, of the first 1,000 sketches
};

}  // namespace fw::dataset
