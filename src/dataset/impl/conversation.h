#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "dataset/impl/facts.h"

namespace fw::dataset {

/// Sets of numbers from 0; the smaller number represents a set.
class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }

  std::uint32_t find(std::uint32_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    if (a < b) parent_[b] = a;
    if (b < a) parent_[a] = b;
  }

 private:
  std::vector<std::uint32_t> parent_;
};

/// A record knows a prefix.
struct Link {
  std::uint64_t prefix = 0;
  std::uint32_t record = 0;
  std::uint32_t bytes = 0;
  PrefixPlace place = PrefixPlace::kWithin;
};

/// What somebody says the record's conversation is: the request, or whoever captured it. A record may have several.
struct ConversationId {
  std::uint64_t id = 0;  ///< a hash
  std::uint32_t record = 0;
};

/// The conversation of each of so many records (records by time), numbered from 0 in order of first appearance. Two
/// records are of one conversation if, through any chain of records:
/// - they have an equal id, or
/// - one's request goes on from a beginning that holds an answer, and that the other has too, or is; or from the same
///   system messages and first question of 200 bytes and more.
///
/// A beginning does not tell its conversation where too many conversations share it: a real one goes on in one way, and
/// with second tries in two or three. So one of less than 200 bytes ("hi", "Hello! How can I help?") tells nothing when
/// more than 3 different conversations grow out of it, and a longer one (examples inside the prompt) when more than 32
/// do, or more than 8 that are most of all. Ids join and never part: a chat that is resumed under another id is one.
[[nodiscard]] std::vector<std::uint32_t> group_conversations(std::size_t records, std::vector<Link> links,
                                                             std::span<const ConversationId> ids);

}  // namespace fw::dataset
