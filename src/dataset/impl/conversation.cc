#include "dataset/impl/conversation.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>

#include "base/hash.h"
#include "dataset/impl/chat.h"
#include "dataset/impl/request_key.h"

namespace fw::dataset {
namespace {

std::uint64_t combine(std::uint64_t a, std::uint64_t b) {
  const std::array<std::uint64_t, 2> both{a, b};
  return hash64(std::string_view(reinterpret_cast<const char*>(both.data()), sizeof both));
}

std::vector<std::string> explicit_ids(const Json& request) {
  std::vector<std::string> ids;
  const Json* metadata = member(request, "metadata");
  if (metadata == nullptr) return ids;
  for (const char* key : {"conversation_id", "session_id", "thread_id"}) {
    const Json* value = member(*metadata, key);
    if (value == nullptr) continue;
    std::string id = value->is_string() ? value->get<std::string>() : value->is_number_integer() ? value->dump() : "";
    if (!id.empty()) ids.push_back(std::string(key) + '=' + id);
  }
  return ids;
}

class UnionFind {
 public:
  explicit UnionFind(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }

  std::uint32_t find(std::uint32_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  /// The smaller number represents the set.
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

class Grouper {
 public:
  explicit Grouper(std::span<const Trail> trails) : trails_(trails), sets_(trails.size()) {}

  std::vector<std::uint32_t> run() {
    for (std::uint32_t i = 0; i < trails_.size(); ++i) enter(i);
    for (std::uint32_t i = 0; i < trails_.size(); ++i) follow(i);
    return numbered();
  }

 private:
  /// Notes where other records would have to start to go on from this one.
  void enter(std::uint32_t i) {
    const Trail& trail = trails_[i];
    for (const std::string& id : trail.explicit_ids) join_first(by_id_, id, i);
    if (trail.first_user == trail.prefixes.size()) return;
    join_first(by_turns_, combine(trail.system, trail.prefixes.back()), i);
    by_answer_[trail.answered].push_back(i);
  }

  template <class Map, class Key>
  void join_first(Map& map, const Key& key, std::uint32_t i) {
    const auto [it, fresh] = map.try_emplace(key, i);
    if (!fresh) sets_.join(it->second, i);
  }

  /// Joins the record with those that it goes on from.
  void follow(std::uint32_t i) {
    const Trail& trail = trails_[i];
    for (std::size_t turn = trail.first_user; turn < trail.prefixes.size(); ++turn) {
      if (const auto it = by_turns_.find(combine(trail.system, trail.prefixes[turn])); it != by_turns_.end()) {
        sets_.join(it->second, i);
      }
      if (const auto it = by_answer_.find(trail.prefixes[turn]); it != by_answer_.end()) join_answered(it->second, i);
    }
  }

  /// All of `answered` are joined by the first that follows; later ones need only one of them.
  void join_answered(std::vector<std::uint32_t>& answered, std::uint32_t i) {
    for (const std::uint32_t other : answered) sets_.join(other, i);
    answered.resize(1);
  }

  std::vector<std::uint32_t> numbered() {
    std::vector<std::uint32_t> groups(trails_.size());
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
      groups[i] = numbers.try_emplace(sets_.find(i), static_cast<std::uint32_t>(numbers.size())).first->second;
    }
    return groups;
  }

  std::span<const Trail> trails_;
  UnionFind sets_;
  std::unordered_map<std::string, std::uint32_t> by_id_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_turns_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_answer_;
};

}  // namespace

Trail trail_of(const Json& request, const Json& answer) {
  Trail trail;
  trail.explicit_ids = explicit_ids(request);
  std::uint64_t turns = 0;
  bool user_seen = false;
  if (const Json* messages = member(request, "messages"); messages != nullptr && messages->is_array()) {
    for (const Json& message : *messages) {
      if (is_system(message)) {
        if (trail.prefixes.empty()) trail.system = combine(trail.system, turn_hash(message));
        continue;
      }
      turns = combine(turns, turn_hash(message));
      if (!user_seen && has_role(message, "user")) {
        user_seen = true;
        trail.first_user = trail.prefixes.size();
      }
      trail.prefixes.push_back(turns);
    }
  }
  if (!user_seen) trail.first_user = trail.prefixes.size();
  trail.answered = combine(turns, turn_hash(answer));
  return trail;
}

std::vector<std::uint32_t> group_conversations(std::span<const Trail> trails) { return Grouper(trails).run(); }

}  // namespace fw::dataset
