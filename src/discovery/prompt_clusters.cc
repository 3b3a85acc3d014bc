#include "discovery/impl/prompt_clusters.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

#include "discovery/impl/words.h"

namespace fw::discovery {
namespace {

constexpr double kLikeness = 0.6;
constexpr std::size_t kMostLeaders = 1000;
constexpr std::size_t kMostRuns = 2'000'000;  // kept of all prompts together
constexpr std::size_t kShortChange = 10;  // runs by which prompts differ that have up to three other words in a place
constexpr std::size_t kOpenSlot = 5;      // frequent fillings from which on a short slot is one
constexpr double kRare = 0.05;            // share of a cluster's requests below which a filling tells nothing
constexpr std::size_t kPromptsBetweenChecks = 64;

using Runs = std::vector<std::uint64_t>;  // ascending, each once

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
  return x ^ (x >> 31);
}

void keep_each_once(Runs& runs) {
  std::ranges::sort(runs);
  const auto again = std::ranges::unique(runs);
  runs.erase(again.begin(), again.end());
}

/// The runs of three words of a text; slots beside each other are one.
Runs runs_of(std::string_view text) {
  std::vector<std::uint64_t> words{0, 0};  // a short text has runs too
  for (const Word& word : words_of(text)) {
    if (word.masked != kSlot || words.back() != kSlot) words.push_back(word.masked);
  }
  Runs runs;
  for (std::size_t i = 2; i < words.size(); ++i) {
    runs.push_back(mix(mix(mix(words[i - 2]) + words[i - 1]) + words[i]));
  }
  keep_each_once(runs);
  return runs;
}

std::size_t differing(const Runs& a, const Runs& b) {
  Runs out;
  std::ranges::set_symmetric_difference(a, b, std::back_inserter(out));
  return out.size();
}

/// Runs with the requests that hold them.
using Weights = std::unordered_map<std::uint64_t, std::uint64_t>;

class Clustering final {
 public:
  Clustering(const std::vector<Prompt>& prompts, std::uint32_t least, const Deadline& deadline)
      : prompts_(prompts), least_(least), deadline_(deadline), clusters_(prompts.size(), kAlone) {}

  Result<std::vector<std::uint32_t>> run() {
    FW_TRY(read_runs());
    FW_TRY(follow_leaders());
    split_all();
    return std::move(clusters_);
  }

 private:
  Status read_runs() {
    std::size_t all = 0;
    for (std::size_t i = 0; i < prompts_.size(); ++i) {
      if (i % kPromptsBetweenChecks == 0) FW_TRY(deadline_.check("comparing prompts"));
      runs_.push_back(runs_of(prompts_[i].text));
      all += runs_.back().size();
      thin_out(all);
    }
    for (std::size_t i = 0; i < prompts_.size(); ++i) {
      for (const std::uint64_t run : runs_[i]) weights_[run] += prompts_[i].requests;
    }
    return {};
  }

  /// Keeps a share of all runs by lot, the same ones in every prompt, once they are too many.
  void thin_out(std::size_t& all) {
    while (all > kMostRuns) {
      kept_ /= 2;
      all = 0;
      for (Runs& runs : runs_) {
        std::erase_if(runs, [&](std::uint64_t run) { return run > kept_; });
        all += runs.size();
      }
    }
    if (kept_ != UINT64_MAX) std::erase_if(runs_.back(), [&](std::uint64_t run) { return run > kept_; });
  }

  /// Prompts of many requests lead; each other follows the leader that is most like it, or becomes one.
  Status follow_leaders() {
    std::vector<std::uint32_t> order(prompts_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
      const auto key = [&](std::uint32_t i) { return std::pair(UINT32_MAX - prompts_[i].requests, &prompts_[i].text); };
      return key(a).first != key(b).first ? key(a).first < key(b).first : *key(a).second < *key(b).second;
    });
    std::size_t seen = 0;
    for (const std::uint32_t prompt : order) {
      if (seen++ % kPromptsBetweenChecks == 0) FW_TRY(deadline_.check("comparing prompts"));
      const std::uint64_t weight = weight_of(runs_[prompt]);
      clusters_[prompt] = leader_of(runs_[prompt], weight);
      if (clusters_[prompt] == kAlone && leaders_.size() < kMostLeaders) lead(prompt, weight);
    }
    return {};
  }

  std::uint64_t weight_of(const Runs& runs) const {
    std::uint64_t weight = 0;
    for (const std::uint64_t run : runs) weight += weights_.at(run);
    return weight;
  }

  std::uint32_t leader_of(const Runs& runs, std::uint64_t weight) const {
    std::map<std::uint32_t, std::uint64_t> shared;
    for (const std::uint64_t run : runs) {
      const auto at = leaders_with_.find(run);
      if (at == leaders_with_.end()) continue;
      for (const std::uint32_t leader : at->second) shared[leader] += weights_.at(run);
    }
    std::uint32_t best = kAlone;
    double most = kLikeness;
    for (const auto& [leader, common] : shared) {
      const auto either = static_cast<double>(weight + leaders_[leader] - common);
      const double likeness = static_cast<double>(common) / either;
      if (likeness <= most && !(best == kAlone && likeness == most)) continue;
      best = leader;
      most = likeness;
    }
    return best;
  }

  void lead(std::uint32_t prompt, std::uint64_t weight) {
    const auto number = static_cast<std::uint32_t>(leaders_.size());
    clusters_[prompt] = number;
    leaders_.push_back(weight);
    for (const std::uint64_t run : runs_[prompt]) leaders_with_[run].push_back(number);
  }

  void split_all() {
    std::vector<std::vector<std::uint32_t>> members(leaders_.size());
    for (std::uint32_t i = 0; i < clusters_.size(); ++i) {
      if (clusters_[i] != kAlone) members[clusters_[i]].push_back(i);
    }
    std::uint32_t next = 0;
    for (const auto& of_cluster : members) next = split(of_cluster, next);
  }

  /// Prompts that say the same of what is frequent in a cluster and not in all of it.
  struct Group {
    Runs said;
    std::vector<std::uint32_t> prompts;
    std::uint64_t requests = 0;
    std::size_t part = 0;  ///< groups of one part are one prompt
  };

  /// Numbers a cluster's parts from `next` on; returns the number after the last.
  std::uint32_t split(const std::vector<std::uint32_t>& members, std::uint32_t next) {
    std::vector<Group> groups = groups_of(members);
    const std::size_t frequent = join_open_slots(groups);
    std::map<std::size_t, std::uint32_t> numbers;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (i >= frequent && frequent > 0) groups[i].part = nearest(groups, frequent, groups[i].said);
      const auto [at, is_new] = numbers.try_emplace(frequent > 0 ? groups[i].part : 0, next);
      next += is_new;
      for (const std::uint32_t prompt : groups[i].prompts) clusters_[prompt] = at->second;
    }
    return next;
  }

  /// Those of most requests first.
  std::vector<Group> groups_of(const std::vector<std::uint32_t>& members) const {
    std::uint64_t requests = 0;
    Weights here;
    for (const std::uint32_t prompt : members) {
      requests += prompts_[prompt].requests;
      for (const std::uint64_t run : runs_[prompt]) here[run] += prompts_[prompt].requests;
    }
    const auto rare = static_cast<std::uint64_t>(kRare * static_cast<double>(requests));
    const std::uint64_t fewest = std::max<std::uint64_t>(least_, rare);
    std::map<Runs, Group> by_said;
    for (const std::uint32_t prompt : members) {
      Runs said;
      for (const std::uint64_t run : runs_[prompt]) {
        if (here[run] >= fewest && here[run] + fewest <= requests) said.push_back(run);
      }
      Group& group = by_said[said];
      group.said = std::move(said);
      group.prompts.push_back(prompt);
      group.requests += prompts_[prompt].requests;
    }
    std::vector<Group> groups;
    for (auto& [said, group] : by_said) groups.push_back(std::move(group));
    std::ranges::stable_sort(groups, std::ranges::greater(), &Group::requests);
    return groups;
  }

  /// Groups of `least_` requests and more come first: returns their number. Those that differ in a few words, in five
  /// ways or more, become one part.
  std::size_t join_open_slots(std::vector<Group>& groups) const {
    std::size_t frequent = 0;
    while (frequent < groups.size() && groups[frequent].requests >= least_) ++frequent;
    for (std::size_t i = 0; i < frequent; ++i) groups[i].part = i;
    std::vector<std::size_t> part(frequent);
    std::iota(part.begin(), part.end(), std::size_t{0});
    for (std::size_t i = 0; i < frequent; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (part[i] == part[j] || differing(groups[i].said, groups[j].said) > kShortChange) continue;
        std::ranges::replace(part, std::max(part[i], part[j]), std::min(part[i], part[j]));
      }
    }
    for (std::size_t i = 0; i < frequent; ++i) {
      if (std::ranges::count(part, part[i]) >= static_cast<std::ptrdiff_t>(kOpenSlot)) groups[i].part = part[i];
    }
    return frequent;
  }

  static std::size_t nearest(const std::vector<Group>& groups, std::size_t frequent, const Runs& said) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < frequent; ++i) {
      if (differing(groups[i].said, said) < differing(groups[best].said, said)) best = i;
    }
    return groups[best].part;
  }

  const std::vector<Prompt>& prompts_;
  std::uint32_t least_;
  const Deadline& deadline_;
  std::uint64_t kept_ = UINT64_MAX;  // runs up to this one
  std::vector<Runs> runs_;           // of each prompt
  Weights weights_;
  std::vector<std::uint64_t> leaders_;  // their weights
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> leaders_with_;
  std::vector<std::uint32_t> clusters_;
};

}  // namespace

Result<std::vector<std::uint32_t>> cluster_prompts(const std::vector<Prompt>& prompts, std::uint32_t least,
                                                   const Deadline& deadline) {
  return Clustering(prompts, least, deadline).run();
}

}  // namespace fw::discovery
