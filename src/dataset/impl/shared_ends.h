#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"
#include "dataset/impl/frames.h"

namespace fw::dataset {

/// A text among those that are looked at for templates, all of them different.
using TokenText = std::span<const std::uint32_t>;

/// Which runs of a text may be filled differently by another text, told from the ends of the texts alone: most runs of
/// most texts cannot, and need no hash, no counting and no memory. It errs on one side only.
///
/// Another text with the frame of the run has the tokens before the run or those after it, in one of three ways:
/// 1. it fills the same slot: it begins with all tokens before the run and ends with all after it;
/// 2. it fills a later slot of the frame: it begins with the tokens before the run and a slot, and the text has a slot
///    after the run;
/// 3. it fills an earlier slot of the frame: it ends with a slot and the tokens after the run, and the text has a slot
///    before the run.
/// A text alone may fill a frame in several ways only where it has two slots, one of them beside the run.
class SharedEnds final {
 public:
  /// The texts must outlive it.
  [[nodiscard]] static Result<SharedEnds> of(std::span<const TokenText> texts, const Deadline& deadline);

  [[nodiscard]] bool may_be_slot(std::size_t text, const Frames& frames, TokenRun run) const;

 private:
  struct Ends {
    std::uint8_t before = 0;  ///< tokens of the longest beginning that another text has
    std::uint8_t after = 0;   ///< the same from the end
    std::uint8_t slots = 0;
    std::uint8_t first_slot = 0;
    std::uint8_t last_slot = 0;
  };

  explicit SharedEnds(std::span<const TokenText> texts) : texts_(texts), ends_(texts.size()) {}
  void note_slots(std::size_t text);

  std::span<const TokenText> texts_;
  std::vector<Ends> ends_;                           // by text
  std::unordered_set<std::uint64_t> before_a_slot_;  // beginnings that a slot follows
  std::unordered_set<std::uint64_t> after_a_slot_;
};

}  // namespace fw::dataset
