#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"

namespace fw::discovery {

/// A prompt as it was seen, and how many requests had it.
struct Prompt {
  std::string text;
  std::uint32_t requests = 0;
};

/// Which of the prompts are one prompt with slots: a cluster number each, from 0 on, or kAlone.
///
/// Prompts belong together that share most of what is said often: the likeness is that of Jaccard over runs of three
/// words, each run as heavy as the requests that hold it. What many of a cluster say and others do not is then looked
/// at: parts that differ in a few ways, each of at least `least` requests, are no slots but different prompts (two
/// tasks under one preamble); short ones of which there are five and more are (names, places). Numbers, dates,
/// addresses are slots in any case. The same prompts give the same clusters. Error: the deadline's.
[[nodiscard]] Result<std::vector<std::uint32_t>> cluster_prompts(const std::vector<Prompt>& prompts,
                                                                 std::uint32_t least, const Deadline& deadline);

inline constexpr std::uint32_t kAlone = UINT32_MAX;

}  // namespace fw::discovery
