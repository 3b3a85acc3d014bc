#include "dataset/impl/selection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/random.h"
#include "dataset/impl/units.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

constexpr Duration kShortestSpan = std::chrono::hours(24);  // beyond which a time is far from others
constexpr Duration kMostAhead = std::chrono::hours(24);     // that a clock may be, zones and all
constexpr std::size_t kStraysOf = 100;                      // a hundredth of the records at either end may be strays
constexpr std::size_t kApartOf = 10;

using modelops::WorkloadType;

std::string count_of(std::uint64_t n, const std::string& what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

class Selector {
 public:
  Selector(const BuildRequest& request, Survey& survey, const HeldRows& held,
           const std::function<bool(std::uint64_t)>& is_corrected)
      : request_(request), survey_(survey), held_(held), is_corrected_(is_corrected) {}

  Result<Selected> run() {
    out_.type = survey_.calls_tools ? WorkloadType::kToolCalling : WorkloadType::kGeneric;
    out_.steps = {{"select", survey_.validate.in, survey_.validate.in, {}, {}}, survey_.validate};
    FW_TRY(check_counts());
    FW_TRY(request_.deadline.check("group conversations"));
    group();
    place();
    find_span();
    mark_newest();
    FW_TRY(request_.deadline.check("find repeated requests"));
    deduplicate();
    FW_TRY(check_left());
    FW_TRY(sample());
    FW_TRY(request_.deadline.check("find templates"));
    assign_units(request_.split.keep_templates_together, survey_, conversation_, out_.rows);
    return std::move(out_);
  }

 private:
  std::string name() const { return "workload \"" + *request_.workload + '"'; }

  Status check_counts() const {
    const std::uint64_t n = survey_.validate.in;
    const SplitSettings& split = request_.split;
    if (n < split.min_total_records) {
      return failed_precondition(name() + " has " + count_of(n, "record") + "; " +
                                 std::to_string(split.min_total_records) +
                                 " are needed (data_split_config.min_total_records)");
    }
    if (!held_.is_given() && split.eval_size > n) {
      return failed_precondition(name() + " has " + count_of(n, "record") +
                                 ", fewer than data_split_config.eval_size (" + std::to_string(split.eval_size) +
                                 "); lower it or collect more traffic");
    }
    return {};
  }

  Status check_left() const {
    const std::uint64_t needed = std::max<std::uint64_t>(request_.split.min_total_records, 1);
    if (out_.rows.size() >= needed) return {};
    return failed_precondition(name() + " has " + count_of(out_.rows.size(), "record") + " after de-duplication; " +
                               std::to_string(needed) +
                               " are needed (data_split_config.min_total_records): " + describe(out_.steps));
  }

  void group() {
    conversation_ =
        group_conversations(survey_.records.size(), std::exchange(survey_.links, {}), survey_.conversation_ids);
    survey_.conversation_ids = {};
    for (std::uint32_t i = 0; i < conversation_.size(); ++i) {
      if (conversation_[i] == out_.first_of.size()) out_.first_of.push_back(i);
    }
  }

  /// Turns are counted in the order of records; where a conversation began before its first record (before the window,
  /// or with a greeting that tells nothing), from the answers that its request holds. Answers that every request of the
  /// window holds are examples in the prompt.
  void place() {
    std::uint16_t in_every_prompt = UINT16_MAX;
    for (const Surveyed& record : survey_.records) in_every_prompt = std::min(in_every_prompt, record.answers_before);
    std::vector<std::uint32_t> turns(out_.first_of.size(), 0);
    out_.places.resize(survey_.records.size());
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      std::uint32_t& turn = turns[conversation_[i]];
      if (turn == 0) turn = static_cast<std::uint32_t>(survey_.records[i].answers_before - in_every_prompt);
      out_.places[i].turn = ++turn;
    }
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      out_.places[i].conversation_turns = turns[conversation_[i]];
    }
  }

  /// Of the valid records, before duplicates went and rows were drawn. A clock that is far off (1970, 2042) would make
  /// all others the newest part, or the oldest: what is yet to come is not part of the span, nor up to a hundredth at
  /// either end that lies further from the rest than the rest is long.
  void find_span() {
    const auto& records = survey_.records;
    if (records.empty()) return;
    const auto come = std::ranges::upper_bound(records, request_.now + kMostAhead, {}, &Surveyed::time);
    // Where all are yet to come it is the clock here that is wrong.
    const auto count = come == records.begin() ? records.size() : static_cast<std::size_t>(come - records.begin());
    const auto [from, to] = without_far(count, kStraysOf);
    out_.span = {records[from].time, records[to].time};
    out_.ahead = records.size() - count;
    out_.strays = from + (records.size() - 1 - to);
    const auto [near, last] = without_far(count, kApartOf);
    const std::size_t before = near > from ? near : 0, after = last < to ? count - 1 - last : 0;
    out_.apart = std::max(before, after);
    if (out_.apart == 0) return;
    const std::size_t first = before >= after ? 0 : last + 1;
    out_.apart_between = {records[first].time, records[first + out_.apart - 1].time};
  }

  /// First and last of the first `count` records, without up to one in `of` at either end that lie far from the rest.
  std::pair<std::size_t, std::size_t> without_far(std::size_t count, std::size_t of) const {
    const auto& records = survey_.records;
    const std::size_t most = (count + of - 1) / of;
    const std::size_t last = count - 1;
    std::size_t from = 0, to = last;
    if (count <= 2 * most) return {from, to};
    const auto low = records[most].time, high = records[last - most].time;
    const auto length = std::max(high - low, kShortestSpan);
    while (from < most && low - records[from].time > length) ++from;
    while (last - to < most && records[to].time - high > length) --to;
    return {from, to};
  }

  void mark_newest() {
    if (!out_.span) return;
    const double holdout = request_.split.newest_holdout;
    const auto length = out_.span->second - out_.span->first;
    if (holdout <= 0 || length <= Duration::zero()) return;
    const auto part = std::llround(holdout * static_cast<double>(length.count()));
    out_.newest_from = out_.span->second - Duration(part);
  }

  bool is_newest(std::uint32_t record) const {
    const Timestamp time = survey_.records[record].time;
    return out_.newest_from && time >= *out_.newest_from && time <= out_.span->second;
  }

  void deduplicate() {
    Step step{"deduplicate", survey_.records.size(), 0, {}, {}};
    std::vector<std::uint32_t> order(survey_.records.size());
    std::iota(order.begin(), order.end(), 0u);
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(survey_.records[i].request, i); });
    for (std::size_t i = 0; i < order.size();) {
      std::size_t end = i;
      const std::uint64_t request = survey_.records[order[i]].request;
      while (end < order.size() && survey_.records[order[end]].request == request) ++end;
      out_.rows.push_back(row_of(std::span(order).subspan(i, end - i)));
      i = end;
    }
    join_held();
    std::ranges::sort(out_.rows, {}, &Row::record);
    out_.requests = out_.rows.size();
    out_.newest_requests = static_cast<std::uint64_t>(std::ranges::count_if(out_.rows, &Row::is_newest));
    step.out = out_.rows.size();
    if (step.in > step.out) step.reasons[std::string(reasons::kDuplicate)] = step.in - step.out;
    out_.steps.push_back(std::move(step));
  }

  /// The row of equal requests, in order of time. Their answer is that of most of them, of equals the one given last. A
  /// request that was first asked in the older part is of that part, and only its answers of then count: training
  /// learns nothing of the newest part.
  Row row_of(std::span<const std::uint32_t> equal) {
    const bool newest = is_newest(equal.front());
    std::unordered_map<std::uint64_t, std::uint32_t> votes;
    for (const std::uint32_t i : equal) {
      if (is_newest(i) == newest) ++votes[survey_.records[i].answer];
    }
    Row row{.record = equal.front(),
            .repeats = static_cast<std::uint32_t>(equal.size()),
            .is_newest = newest,
            .is_asked_in_newest = is_newest(equal.back())};
    std::uint32_t most = 0;
    for (const std::uint32_t i : equal) {
      const std::uint32_t agreeing = is_newest(i) == newest ? votes.at(survey_.records[i].answer) : 0;
      if (agreeing == 0 || agreeing < most) continue;
      most = agreeing;
      row.record = i;
    }
    row.repeats_agreeing = static_cast<std::uint32_t>(std::ranges::count_if(
        equal, [&](std::uint32_t i) { return survey_.records[i].answer == survey_.records[row.record].answer; }));
    if (equal.size() > 1) count_agreement(equal, row);
    hold(equal, row);
    row.conversation = conversation_[row.record];
    row.turn = out_.places[row.record].turn;
    row.conversation_turns = out_.places[row.record].conversation_turns;
    row.template_hash = survey_.templates.of(survey_.records[row.record].last);
    return row;
  }

  /// Where a record of these is in the hold-out set, the row is its.
  void hold(std::span<const std::uint32_t> equal, Row& row) {
    for (const std::uint32_t i : equal) {
      row.held = held_.place_of(i);
      if (!row.held) continue;
      row.is_answered_otherwise = survey_.records[row.record].answer != survey_.records[i].answer;
      row.record = i;
      // Whoever asked the same last, with the same answer, may have gone on from there.
      for (const std::uint32_t other : equal) {
        if (survey_.records[other].answer == survey_.records[i].answer) last_as_held_[i] = other;
      }
      return;
    }
  }

  /// A held row is of the conversation of its record, and of that which it would be of if it were not held.
  void join_held() {
    if (last_as_held_.empty()) return;
    UnionFind sets(out_.first_of.size());
    for (const auto& [held, last] : last_as_held_) sets.join(conversation_[held], conversation_[last]);
    for (auto& conversation : conversation_) conversation = sets.find(conversation);
    for (Row& row : out_.rows) row.conversation = sets.find(row.conversation);
  }

  void count_agreement(std::span<const std::uint32_t> equal, const Row& row) {
    std::unordered_map<std::uint64_t, std::uint64_t> answers;
    for (const std::uint32_t i : equal) ++answers[survey_.records[i].answer];
    SelfAgreement& agreement = out_.self_agreement;
    ++agreement.requests;
    agreement.records += equal.size();
    agreement.agreeing += row.repeats_agreeing;
    agreement.pairs += equal.size() * (equal.size() - 1) / 2;
    for (const auto& [answer, count] : answers) agreement.pairs_agreeing += count * (count - 1) / 2;
    out_.conflicting_requests += answers.size() > 1;
  }

  /// Held rows, then whole conversations by lot; of the one that goes beyond the limit its first rows.
  Status sample() {
    Step step{"sample", out_.rows.size(), out_.rows.size(), {}, {}};
    const auto limit = request_.split.limit;
    const auto held = static_cast<std::uint64_t>(
        std::ranges::count_if(out_.rows, [](const Row& row) { return row.held.has_value(); }));
    if (limit && *limit < held) {
      return failed_precondition("data_split_config.limit (" + std::to_string(*limit) + ") is less than the " +
                                 count_of(held, "evaluation row") + " of data_split_config.holdout_job; raise it");
    }
    if (limit && *limit < out_.rows.size()) {
      std::vector<std::uint32_t> lot;
      for (const Row& row : out_.rows) lot.push_back(row.conversation);
      std::ranges::sort(lot);
      lot.erase(std::unique(lot.begin(), lot.end()), lot.end());
      Random::for_purpose(request_.seed, "dataset/limit").shuffle(lot);
      std::vector<std::uint32_t> rank(out_.first_of.size(), 0);
      for (std::uint32_t i = 0; i < lot.size(); ++i) rank[lot[i]] = i;
      std::ranges::sort(out_.rows, {},
                        [&](const Row& row) { return std::tuple(!row.held, rank[row.conversation], row.record); });
      // What somebody took the trouble to correct trains in any case. The lot alone decides what is evaluated.
      const auto rest = out_.rows.begin() + static_cast<std::ptrdiff_t>(*limit);
      const auto added = std::stable_partition(
          rest, out_.rows.end(), [&](const Row& row) { return is_corrected_(survey_.records[row.record].request); });
      std::for_each(rest, added, [](Row& row) { row.is_added = true; });
      out_.rows.erase(added, out_.rows.end());
      std::ranges::sort(out_.rows, {}, &Row::record);
      step.out = out_.rows.size();
      step.reasons[std::string(reasons::kNotDrawn)] = step.in - step.out;
    }
    out_.steps.push_back(std::move(step));
    return {};
  }

  const BuildRequest& request_;
  Survey& survey_;
  const HeldRows& held_;
  const std::function<bool(std::uint64_t)>& is_corrected_;
  std::vector<std::uint32_t> conversation_;  // by record
  std::map<std::uint32_t, std::uint32_t> last_as_held_;
  Selected out_;
};

}  // namespace

Status check_settings(const SplitSettings& split) {
  const auto is_fraction = [](double x, bool with_one) { return x >= 0 && (with_one ? x <= 1 : x < 1); };
  if (split.eval_size == 0) return invalid_argument("data_split_config.eval_size is 0; at least 1 row is needed");
  if (!is_fraction(split.val_ratio, false)) return invalid_argument("data_split_config.val_ratio is not in [0, 1)");
  if (!is_fraction(split.newest_holdout, false)) {
    return invalid_argument("data_split_config.newest_holdout is not in [0, 1)");
  }
  if (!is_fraction(split.newest_eval_share, true)) {
    return invalid_argument("data_split_config.newest_eval_share is not in [0, 1]");
  }
  if (!(split.near_duplicate_threshold > 0 && split.near_duplicate_threshold <= 1)) {
    return invalid_argument("data_split_config.near_duplicate_threshold is not in (0, 1]");
  }
  if (!is_fraction(split.max_leaked_share, true)) {
    return invalid_argument("data_split_config.max_leaked_share is not in [0, 1]");
  }
  if (!is_fraction(split.max_answered_share, true)) {
    return invalid_argument("data_split_config.max_answered_share is not in [0, 1]");
  }
  if (split.limit && (*split.limit == 0 || *split.limit < split.min_total_records)) {
    return invalid_argument("data_split_config.limit (" + std::to_string(*split.limit) +
                            ") is less than data_split_config.min_total_records (" +
                            std::to_string(split.min_total_records) + "); raise it, or set it to null for no limit");
  }
  return {};
}

Result<Selected> select_rows(const BuildRequest& request, Survey& survey, const HeldRows& held,
                             const std::function<bool(std::uint64_t)>& is_corrected) {
  return Selector(request, survey, held, is_corrected).run();
}

}  // namespace fw::dataset
