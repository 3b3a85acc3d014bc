#include "discovery/impl/tool_families.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

namespace fw::discovery {
namespace {

using Names = std::vector<std::string>;

constexpr double kAlike = 0.5;
constexpr std::size_t kMostFrequent = 200;  // sets that are compared with each other

double likeness(const Names& a, const Names& b) {
  if (a == b) return 1;
  Names both;
  std::ranges::set_intersection(a, b, std::back_inserter(both));
  const std::size_t either = a.size() + b.size() - both.size();
  return either == 0 ? 1 : static_cast<double>(both.size()) / static_cast<double>(either);
}

struct Counted {
  const Names* names = nullptr;
  std::vector<std::size_t> places;
  std::size_t family = 0;
};

/// Those of most requests first.
std::vector<Counted> counted(const std::vector<Names>& sets) {
  std::map<Names, std::vector<std::size_t>> by_names;
  for (std::size_t i = 0; i < sets.size(); ++i) by_names[sets[i]].push_back(i);
  std::vector<Counted> out;
  for (auto& [names, places] : by_names) out.push_back({&sets[places.front()], std::move(places), 0});
  std::ranges::stable_sort(out, std::ranges::greater(), [](const Counted& one) { return one.places.size(); });
  return out;
}

/// Numbers the first `frequent` so that alike ones have one family.
void join_alike(std::vector<Counted>& all, std::size_t frequent) {
  for (std::size_t i = 0; i < frequent; ++i) all[i].family = i;
  for (std::size_t i = 0; i < frequent; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (all[i].family == all[j].family || likeness(*all[i].names, *all[j].names) < kAlike) continue;
      const std::size_t from = std::max(all[i].family, all[j].family);
      const std::size_t to = std::min(all[i].family, all[j].family);
      for (std::size_t k = 0; k < frequent; ++k) {
        if (all[k].family == from) all[k].family = to;
      }
    }
  }
}

std::optional<std::size_t> family_of(const std::vector<Counted>& all, std::size_t frequent, const Names& names) {
  std::optional<std::size_t> best;
  double most = kAlike;
  for (std::size_t i = 0; i < frequent; ++i) {
    const double like = likeness(*all[i].names, names);
    if (like < most || (best && like == most)) continue;
    best = all[i].family;
    most = like;
  }
  return best;
}

/// A family while sets are added to it.
class Growing final {
 public:
  void take(const Counted& set) {
    if (places_.empty()) {
      core_ = *set.names;
    } else if (core_ != *set.names) {
      Names both;
      std::ranges::set_intersection(core_, *set.names, std::back_inserter(both));
      core_ = std::move(both);
      has_more_ = true;
    }
    places_.insert(places_.end(), set.places.begin(), set.places.end());
  }

  ToolFamily finish() && {
    std::ranges::sort(places_);
    if (has_more_) core_.emplace_back("*");
    return {std::move(core_), std::move(places_)};
  }

 private:
  Names core_;  // ascending
  bool has_more_ = false;
  std::vector<std::size_t> places_;
};

}  // namespace

std::vector<ToolFamily> tool_families(const std::vector<std::vector<std::string>>& sets, std::uint64_t fewest) {
  std::vector<Counted> all = counted(sets);
  std::size_t frequent = 0;
  while (frequent < all.size() && frequent < kMostFrequent && all[frequent].places.size() >= fewest) ++frequent;
  join_alike(all, frequent);
  std::map<std::size_t, Growing> families;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto family = i < frequent ? std::optional(all[i].family) : family_of(all, frequent, *all[i].names);
    if (family) families[*family].take(all[i]);
  }
  std::vector<ToolFamily> out;
  for (auto& [number, family] : families) out.push_back(std::move(family).finish());
  return out;
}

}  // namespace fw::discovery
