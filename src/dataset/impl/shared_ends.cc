#include "dataset/impl/shared_ends.h"

#include <algorithm>
#include <numeric>
#include <ranges>

#include "async/parallel_for.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kTextsBetweenChecks = 4096;

/// Calls `note(text, tokens)` with how many tokens each text has in common with one of its neighbours, in the order of
/// what `read` gives.
template <class Read, class Note>
void each_common(std::size_t texts, Read read, Note note) {
  std::vector<std::uint32_t> order(texts);
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(
      order, [&](std::uint32_t a, std::uint32_t b) { return std::ranges::lexicographical_compare(read(a), read(b)); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto a = read(order[i - 1]);
    const auto b = read(order[i]);
    const auto common = static_cast<std::uint8_t>(std::ranges::mismatch(a, b).in1 - a.begin());
    note(order[i - 1], common);
    note(order[i], common);
  }
}

}  // namespace

Result<SharedEnds> SharedEnds::of(std::span<const TokenText> texts, const Deadline& deadline) {
  SharedEnds shared(texts);
  const auto forward = [&](std::uint32_t i) { return texts[i]; };
  const auto backward = [&](std::uint32_t i) { return texts[i] | std::views::reverse; };
  FW_TRY(deadline.check("sort texts by their beginnings and by their ends"));
  parallel_for(2, [&](std::size_t, std::size_t way) {
    if (way == 0) {
      each_common(texts.size(), forward, [&](std::uint32_t text, std::uint8_t common) {
        shared.ends_[text].before = std::max(shared.ends_[text].before, common);
      });
    } else {
      each_common(texts.size(), backward, [&](std::uint32_t text, std::uint8_t common) {
        shared.ends_[text].after = std::max(shared.ends_[text].after, common);
      });
    }
  });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i % kTextsBetweenChecks == 0) FW_TRY(deadline.check("note the slots of texts"));
    shared.note_slots(i);
  }
  return shared;
}

void SharedEnds::note_slots(std::size_t text) {
  const TokenText tokens = texts_[text];
  Ends& ends = ends_[text];
  if (std::ranges::find(tokens, kSlotToken) == tokens.end()) return;
  const Frames frames(tokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] != kSlotToken) continue;
    if (ends.slots++ == 0) ends.first_slot = static_cast<std::uint8_t>(i);
    ends.last_slot = static_cast<std::uint8_t>(i);
    before_a_slot_.insert(frames.before(i));
    after_a_slot_.insert(frames.after(i + 1));
  }
}

bool SharedEnds::may_be_slot(std::size_t text, const Frames& frames, TokenRun run) const {
  const Ends& ends = ends_[text];
  const TokenText tokens = texts_[text];
  const TokenRun slot = frames.with_slots_beside(run);
  const std::size_t end = slot.begin + slot.size;
  const bool begins_alike = slot.begin <= ends.before;
  const bool ends_alike = tokens.size() - end <= ends.after;
  if (begins_alike && ends_alike) return true;
  if (ends.slots >= 2 && (tokens[slot.begin] == kSlotToken || tokens[end - 1] == kSlotToken)) return true;
  if (begins_alike && ends.slots > 0 && ends.last_slot >= end && before_a_slot_.contains(frames.before(slot.begin))) {
    return true;
  }
  return ends_alike && ends.slots > 0 && ends.first_slot < slot.begin && after_a_slot_.contains(frames.after(end));
}

}  // namespace fw::dataset
