#include "capture/impl/occurrences.h"

namespace fw::capture {
namespace {

/// Every bit of the result depends on every bit of the input (the finaliser of MurmurHash3).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ x >> 33;
}

}  // namespace

std::size_t Occurrences::slot_of(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = mix(hash ^ salt_) & mask;
  while (slots_[slot] != 0 && slots_[slot] != hash) slot = (slot + 1) & mask;
  return slot;
}

void Occurrences::grow() {
  std::vector<std::uint64_t> old(2 * slots_.size());
  old.swap(slots_);
  for (const std::uint64_t hash : old) {
    if (hash != 0) slots_[slot_of(hash)] = hash;
  }
}

std::uint64_t Occurrences::note(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  const std::size_t slot = slot_of(hash);
  if (slots_[slot] == hash) return ++again_[hash];
  slots_[slot] = hash;
  if (++used_ * 3 > slots_.size() * 2) grow();
  return 0;
}

}  // namespace fw::capture
