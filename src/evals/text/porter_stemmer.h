#pragma once

#include <string>
#include <string_view>

namespace fw::evals {

/// The stem of a lower-case word by Porter's algorithm (Porter 1980, Program 14(3)) with the changes that NLTK makes to
/// it: a list of irregular forms, words of one or two letters left alone, `-ies` and `-ied` of four letters, `-alli`,
/// `-fulli` and `-logi` in step 2. Rouge scores are defined by this variant. Bytes outside a-z count as consonants.
[[nodiscard]] std::string porter_stem(std::string_view word);

}  // namespace fw::evals
