#include "dataset/impl/draw.h"

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <unordered_set>

#include "dataset/impl/allocation.h"

namespace fw::dataset {
namespace {

constexpr int kDraws = 8;
constexpr std::size_t kRowsOfPart = 4;  ///< of a conversation that is too long; fewer are not worth leaving it out

struct Conversation {
  std::uint32_t unit = 0;
  std::vector<std::uint32_t> rows;  ///< indices into `from`
};

/// What does not change from try to try.
struct Plan {
  std::vector<Conversation> conversations;
  std::vector<std::uint32_t> classes;  ///< by row of `from`
  std::vector<std::uint64_t> wanted;   ///< rows by class
  std::unordered_map<std::uint32_t, std::uint64_t> unit_sizes;
  bool has_long = false;  ///< a conversation of more than one row
};

using Pool = std::vector<const Conversation*>;

/// One try.
class Try {
 public:
  Try(const DrawRequest& request, const Plan& plan, Random& random)
      : request_(request), plan_(plan), random_(random), missing_(plan.wanted) {}

  void run() {
    std::vector<Pool> cells;
    for (const Conversation& conversation : plan_.conversations) {
      const auto cell = static_cast<std::size_t>(std::bit_width(conversation.rows.size()) - 1);
      if (cell >= cells.size()) cells.resize(cell + 1);
      cells[cell].push_back(&conversation);
    }
    std::vector<std::uint64_t> sizes;
    for (const Pool& cell : cells) {
      std::uint64_t rows = 0;
      for (const Conversation* conversation : cell) rows += conversation->rows.size();
      sizes.push_back(rows);
    }
    const auto quotas = part_by_lot(sizes, request_.count, random_);
    for (std::size_t cell = cells.size(); cell-- > 1;) fill(std::move(cells[cell]), quotas[cell]);
    fill_singles(cells[0], quotas[0]);
  }

  /// By how many rows the classes miss their shares.
  [[nodiscard]] std::uint64_t distance() const {
    std::uint64_t sum = 0;
    for (std::size_t c = 0; c < plan_.wanted.size(); ++c) sum += missing_[c] + surplus_[c];
    return sum;
  }

  Drawn drawn() {
    Drawn out;
    for (const std::uint32_t i : taken_) out.rows.push_back(request_.from[i]);
    out.held.assign(held_.begin(), held_.end());
    std::ranges::sort(out.rows);
    std::ranges::sort(out.held);
    return out;
  }

 private:
  void fill_singles(const Pool& cell, std::uint64_t quota) {
    std::vector<Pool> by_class(plan_.wanted.size());
    for (const Conversation* one : cell) by_class[plan_.classes[one->rows[0]]].push_back(one);
    std::vector<std::uint64_t> quotas;
    std::uint64_t sum = 0;
    for (std::size_t c = 0; c < by_class.size(); ++c) {
      quotas.push_back(std::min<std::uint64_t>(missing_[c], by_class[c].size()));
      sum += quotas.back();
    }
    while (sum > quota) {  // conversations brought too much of some class: the largest gives way
      --*std::ranges::max_element(quotas);
      --sum;
    }
    for (std::size_t c = 0; sum < quota; c = (c + 1) % quotas.size()) {
      if (quotas[c] == by_class[c].size()) continue;
      ++quotas[c];
      ++sum;
    }
    for (std::size_t c = 0; c < by_class.size(); ++c) fill(std::move(by_class[c]), quotas[c]);
  }

  void fill(Pool pool, std::uint64_t quota) {
    if (quota == 0) return;
    random_.shuffle(pool);
    budget_ += static_cast<double>(request_.budget) * static_cast<double>(quota) / static_cast<double>(request_.count);
    std::uint64_t left = quota;
    Pool rest;
    for (const Conversation* one : pool) {
      if (left == 0) return;
      const auto cost = static_cast<double>(cost_of(*one));
      if (cost > budget_ || open_.contains(one->unit)) {
        rest.push_back(one);
        continue;
      }
      budget_ -= cost;
      if (request_.keep_units) held_.insert(one->unit);
      left -= take(*one, size_of(*one, pool.size(), left));
    }
    fill_up(std::move(rest), left, (quota - left) * 2 >= quota);
  }

  /// What conversations of units within the budget could not give.
  void fill_up(Pool rest, std::uint64_t left, bool held_only) {
    bool is_turn_of_held = true;
    while (left > 0) {
      const bool wants_held = held_only || is_turn_of_held;
      is_turn_of_held = !is_turn_of_held;
      const auto of_wanted = [&](const Conversation* one) { return held_.contains(one->unit) == wants_held; };
      auto chosen = std::ranges::find_if(rest, of_wanted);
      if (chosen == rest.end()) chosen = rest.begin();
      const Conversation& one = **chosen;
      if (!held_.contains(one.unit)) open_.insert(one.unit);
      left -= take(one, size_of(one, rest.size(), left));
      rest.erase(chosen);
    }
  }

  /// Rows of a conversation that are drawn: all, if there is room. Else several conversations give a few rows each, if
  /// that leaves three quarters of them alone.
  static std::uint64_t size_of(const Conversation& one, std::size_t conversations, std::uint64_t left) {
    if (one.rows.size() <= left) return one.rows.size();
    const std::uint64_t parts = std::clamp<std::uint64_t>(conversations / 4, 1, (left + kRowsOfPart - 1) / kRowsOfPart);
    return (left + parts - 1) / parts;
  }

  std::uint64_t cost_of(const Conversation& one) const {
    if (!request_.keep_units || held_.contains(one.unit)) return 0;
    return plan_.unit_sizes.at(one.unit) - one.rows.size();
  }

  std::uint64_t take(const Conversation& one, std::uint64_t size) {
    std::vector<std::uint32_t> rows = one.rows;
    if (size < rows.size()) {
      random_.shuffle(rows);
      rows.resize(size);
    }
    for (const std::uint32_t row : rows) {
      taken_.push_back(row);
      std::uint64_t& missing = missing_[plan_.classes[row]];
      missing > 0 ? --missing : ++surplus_[plan_.classes[row]];
    }
    return size;
  }

  const DrawRequest& request_;
  const Plan& plan_;
  Random& random_;
  std::vector<std::uint64_t> missing_;  // by class
  std::vector<std::uint64_t> surplus_ = std::vector<std::uint64_t>(missing_.size(), 0);
  std::vector<std::uint32_t> taken_;
  double budget_ = 0;  // what the cells so far were given and did not use
  std::unordered_set<std::uint32_t> held_;
  std::unordered_set<std::uint32_t> open_;  // units with rows here and elsewhere
};

Plan plan_of(const DrawRequest& request, Random& random) {
  Plan plan;
  std::vector<std::uint32_t> labels;
  std::unordered_map<std::uint32_t, std::size_t> places;
  for (std::uint32_t i = 0; i < request.from.size(); ++i) {
    const SplitRow& row = request.rows[request.from[i]];
    labels.push_back(row.label);
    ++plan.unit_sizes[row.unit];
    const auto [it, fresh] = places.try_emplace(row.conversation, plan.conversations.size());
    if (fresh) plan.conversations.push_back({row.unit, {}});
    plan.conversations[it->second].rows.push_back(i);
    plan.has_long |= !fresh;
  }
  plan.classes = merge_singles(labels);
  std::vector<std::uint64_t> counts;
  for (const std::uint32_t c : plan.classes) {
    if (c >= counts.size()) counts.resize(c + 1, 0);
    ++counts[c];
  }
  auto wanted = allocate(counts, request.count, random);
  plan.wanted = wanted.ok() ? *wanted : counts;  // all rows are taken
  return plan;
}

}  // namespace

Drawn draw(const DrawRequest& request) {
  if (request.count == 0) return {};
  Random random = Random::for_purpose(request.seed, request.purpose);
  const Plan plan = plan_of(request, random);
  const int draws = plan.has_long && plan.wanted.size() > 1 ? kDraws : 1;
  Drawn best;
  std::uint64_t nearest = UINT64_MAX;
  for (int i = 0; i < draws && nearest > 0; ++i) {
    Try one(request, plan, random);
    one.run();
    if (one.distance() >= nearest) continue;
    nearest = one.distance();
    best = one.drawn();
  }
  return best;
}

}  // namespace fw::dataset
