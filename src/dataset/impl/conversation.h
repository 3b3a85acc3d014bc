#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/impl/json.h"

namespace fw::dataset {

/// What of a record tells to which conversation it belongs. Turns are the messages without system messages, which
/// applications rewrite from call to call.
struct Trail {
  std::uint64_t system = 0;               ///< hash of the leading system messages
  std::vector<std::uint64_t> prefixes;    ///< [i]: hash of the first i + 1 turns
  std::size_t first_user = 0;             ///< index of the first user turn; prefixes.size() if there is none
  std::uint64_t answered = 0;             ///< hash of all turns and the answer
  std::vector<std::string> explicit_ids;  ///< metadata.conversation_id, session_id, thread_id
};

[[nodiscard]] Trail trail_of(const Json& request, const Json& answer);

/// The conversation of each record, numbered from 0 in order of first appearance. Two records are of one conversation
/// if, through any chain of records:
/// - an explicit id is equal, or
/// - the system messages are equal and the turns of one, a user's among them, are the first turns of the other, or
/// - the turns of one and its answer are the first turns of the other, whatever the system messages.
[[nodiscard]] std::vector<std::uint32_t> group_conversations(std::span<const Trail> trails);

}  // namespace fw::dataset
