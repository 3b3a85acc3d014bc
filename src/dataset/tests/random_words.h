#pragma once

#include <string>
#include <vector>

#include "base/random.h"

namespace fw::dataset::testing_traffic {

/// Words of three syllables: texts of them share no run of three by chance.
inline std::vector<std::string> random_words(Random& random, std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string word;
    for (int k = 0; k < 3; ++k) {
      word += "bcdfgklmnprstvz"[random.below(15)];
      word += "aeiou"[random.below(5)];
    }
    out.push_back(word);
  }
  return out;
}

inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += word + ' ';
  return text;
}

inline std::string random_text(Random& random, std::size_t words) { return joined(random_words(random, words)); }

}  // namespace fw::dataset::testing_traffic
