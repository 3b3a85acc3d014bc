#include "dataset/impl/conversation.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace fw::dataset {
namespace {

constexpr std::uint32_t kTellingBytes = 200;
constexpr std::size_t kShortBranches = 3;
constexpr std::size_t kLongBranches = 32;
constexpr std::size_t kFewBranches = 8;

class Grouper {
 public:
  Grouper(std::size_t records, std::vector<Link> links, std::span<const ConversationId> ids)
      : records_(records), links_(std::move(links)), ids_(ids), sets_(records) {}

  std::vector<std::uint32_t> run() {
    join_explicit();
    std::ranges::sort(links_, {}, [](const Link& link) { return std::tuple(link.prefix, link.record, link.place); });
    find_ends();
    each_prefix([&](std::span<const Link> sharing) { join_sharing(sharing); });
    return numbered();
  }

 private:
  void join_explicit() {
    std::unordered_map<std::uint64_t, std::uint32_t> first;
    for (const auto& [id, record] : ids_) sets_.join(first.try_emplace(id, record).first->second, record);
  }

  template <class Visit>
  void each_prefix(Visit visit) const {
    for (std::size_t i = 0; i < links_.size();) {
      std::size_t end = i;
      while (end < links_.size() && links_[end].prefix == links_[i].prefix) ++end;
      visit(std::span(links_).subspan(i, end - i));
      i = end;
    }
  }

  /// The end of a record is the hash of its request and answer, 0 where another record goes on from it.
  void find_ends() {
    ends_.assign(records_, 0);
    each_prefix([&](std::span<const Link> sharing) {
      const bool goes_on =
          std::ranges::any_of(sharing, [](const Link& link) { return link.place == PrefixPlace::kWithin; });
      for (const Link& link : sharing) {
        if (link.place == PrefixPlace::kAnswered && !goes_on) ends_[link.record] = link.prefix;
      }
    });
    std::unordered_set<std::uint64_t> ends(ends_.begin(), ends_.end());
    ends.erase(0);
    all_branches_ = ends.size();
  }

  /// So many different conversations grow out of the beginning.
  std::size_t branches(std::span<const Link> sharing) const {
    std::unordered_set<std::uint64_t> ends;
    for (const Link& link : sharing) {
      if (ends_[link.record] != 0) ends.insert(ends_[link.record]);
      if (ends.size() > kLongBranches) break;
    }
    return ends.size();
  }

  /// A beginning of many conversations, which tells none of them.
  bool is_template(std::span<const Link> sharing) const {
    const std::size_t found = branches(sharing);
    if (sharing.front().bytes < kTellingBytes) return found > kShortBranches;
    return found > kLongBranches || (found > kFewBranches && 2 * found > all_branches_);
  }

  void join_sharing(std::span<const Link> sharing) {
    if (sharing.size() < 2 || is_template(sharing)) return;
    // Those that go on belong together. Of those that end here, equal questions with equal answers, they go on from the
    // last before them.
    const Link* ended = nullptr;
    const Link* going_on = nullptr;
    bool is_joined = false;
    for (const Link& link : sharing) {
      if (link.place != PrefixPlace::kWithin) {
        ended = &link;
        if (going_on != nullptr && !is_joined) sets_.join(link.record, going_on->record);
        is_joined |= going_on != nullptr;
        continue;
      }
      if (ended != nullptr) sets_.join(ended->record, link.record);
      is_joined |= ended != nullptr;
      if (going_on != nullptr) sets_.join(going_on->record, link.record);
      going_on = &link;
    }
  }

  std::vector<std::uint32_t> numbered() {
    std::vector<std::uint32_t> groups(records_);
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
      groups[i] = numbers.try_emplace(sets_.find(i), static_cast<std::uint32_t>(numbers.size())).first->second;
    }
    return groups;
  }

  const std::size_t records_;
  std::vector<Link> links_;
  std::span<const ConversationId> ids_;
  UnionFind sets_;
  std::vector<std::uint64_t> ends_;
  std::size_t all_branches_ = 0;  // different ends of all records
};

}  // namespace

std::vector<std::uint32_t> group_conversations(std::size_t records, std::vector<Link> links,
                                               std::span<const ConversationId> ids) {
  return Grouper(records, std::move(links), ids).run();
}

}  // namespace fw::dataset
