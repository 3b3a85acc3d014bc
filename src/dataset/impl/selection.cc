#include "dataset/impl/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <unordered_map>

#include "base/random.h"
#include "dataset/impl/chat.h"
#include "dataset/impl/conversation.h"
#include "dataset/impl/request_key.h"
#include "dataset/impl/validate.h"
#include "dataset/reasons.h"

namespace fw::dataset {
namespace {

using modelops::WorkloadType;

/// What is kept of a valid record; its JSON is read again when its row is written.
struct Facts {
  Row row;
  std::uint64_t answer = 0;
  Trail trail;
};

std::string count_of(std::uint64_t n, const std::string& what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

class Selector {
 public:
  explicit Selector(const BuildRequest& request) : request_(request) {}

  Result<Selected> run() {
    FW_TRY(check_counts());
    order_records();
    out_.type = detect_type();
    validate();
    group();
    deduplicate();
    FW_TRY(check_left());
    sample();
    mark_newest();
    for (Facts& facts : facts_) out_.rows.push_back(std::move(facts.row));
    return std::move(out_);
  }

 private:
  std::string name() const { return "workload \"" + *request_.workload + '"'; }

  Status check_counts() const {
    const std::uint64_t n = request_.records.size();
    const SplitSettings& split = request_.split;
    if (n < split.min_total_records) {
      return failed_precondition(name() + " has " + count_of(n, "record") + "; " +
                                 std::to_string(split.min_total_records) +
                                 " are needed (data_split_config.min_total_records)");
    }
    if (split.eval_size > n) {
      return failed_precondition(name() + " has " + count_of(n, "record") +
                                 ", fewer than data_split_config.eval_size (" + std::to_string(split.eval_size) +
                                 "); lower it or collect more traffic");
    }
    return {};
  }

  Status check_left() const {
    const std::uint64_t needed = std::max<std::uint64_t>(request_.split.min_total_records, 1);
    if (facts_.size() >= needed) return {};
    return failed_precondition(name() + " has " + count_of(facts_.size(), "record") + " after de-duplication; " +
                               std::to_string(needed) +
                               " are needed (data_split_config.min_total_records): " + describe(out_.steps));
  }

  /// By time; ids and bytes decide among records of one time, so that the order of the input does not.
  void order_records() {
    for (const record::Interaction& record : request_.records) records_.push_back(&record);
    std::sort(records_.begin(), records_.end(), [](const auto* a, const auto* b) {
      return std::tie(a->timestamp, a->id, a->request, a->response) <
             std::tie(b->timestamp, b->id, b->request, b->response);
    });
    out_.steps.push_back({"select", records_.size(), records_.size(), {}});
  }

  WorkloadType detect_type() const {
    const bool any = std::any_of(records_.begin(), records_.end(), [](const auto* record) {
      const auto response = parse_json(record->response);
      return response && calls_tool(*response);
    });
    return any ? WorkloadType::kToolCalling : WorkloadType::kGeneric;
  }

  void validate() {
    Step step{"validate", records_.size(), 0, {}};
    for (const record::Interaction* record : records_) {
      if (const auto reason = examine(*record)) ++step.reasons[std::string(*reason)];
    }
    step.out = facts_.size();
    out_.steps.push_back(std::move(step));
  }

  std::optional<std::string_view> examine(const record::Interaction& record) {
    if (!is_within_limits(record.request) || !is_within_limits(record.response)) return reasons::kBeyondLimits;
    const auto request = parse_json(record.request);
    if (!request) return reasons::kRequestNotObject;
    const auto response = parse_json(record.response);
    if (!response) return reasons::kResponseNotObject;
    const bool parse_arguments = request_.split.parse_function_arguments;
    if (auto defect = first_defect(*request, *response, out_.type, parse_arguments)) return defect;

    const Json& answer = *answer_of(*response, out_.type);
    Facts facts;
    facts.row = {.record = &record, .label = label_of(answer, out_.type), .request_key = request_key(*request)};
    facts.answer = answer_hash(answer);
    facts.trail = trail_of(*request, answer);
    facts_.push_back(std::move(facts));
    return std::nullopt;
  }

  /// Before anything valid is left out: a link between two rows may run through one that will be.
  void group() {
    std::vector<Trail> trails;
    for (Facts& facts : facts_) trails.push_back(std::move(facts.trail));
    const std::vector<std::uint32_t> groups = group_conversations(trails);
    for (std::size_t i = 0; i < facts_.size(); ++i) facts_[i].row.conversation = groups[i];
    if (!facts_.empty()) span_ = {facts_.front().row.record->timestamp, facts_.back().row.record->timestamp};
  }

  struct Seen {
    std::uint64_t answer = 0;
    std::uint64_t times = 1;
    bool conflict = false;
  };

  void deduplicate() {
    Step step{"deduplicate", facts_.size(), 0, {}};
    std::unordered_map<std::string, Seen> seen;
    std::vector<Facts> kept;
    for (Facts& facts : facts_) {
      const auto [it, fresh] = seen.try_emplace(facts.row.request_key, Seen{facts.answer});
      if (fresh) {
        kept.push_back(std::move(facts));
        continue;
      }
      ++it->second.times;
      it->second.conflict |= it->second.answer != facts.answer;
      ++step.reasons[std::string(reasons::kDuplicate)];
    }
    for (const auto& [key, request] : seen) {
      out_.repeated_requests += request.times > 1;
      out_.conflicting_requests += request.conflict;
    }
    facts_ = std::move(kept);
    step.out = facts_.size();
    out_.steps.push_back(std::move(step));
  }

  void sample() {
    Step step{"sample", facts_.size(), facts_.size(), {}};
    const auto limit = request_.split.limit;
    if (limit && *limit < facts_.size()) {
      std::vector<std::size_t> drawn(facts_.size());
      std::iota(drawn.begin(), drawn.end(), std::size_t{0});
      Random::for_purpose(request_.seed, "dataset/limit").shuffle(drawn);
      drawn.resize(*limit);
      std::sort(drawn.begin(), drawn.end());
      std::vector<Facts> kept;
      for (const std::size_t i : drawn) kept.push_back(std::move(facts_[i]));
      facts_ = std::move(kept);
      step.out = facts_.size();
      step.reasons[std::string(reasons::kNotDrawn)] = step.in - step.out;
    }
    out_.steps.push_back(std::move(step));
  }

  /// The time span is that of the valid records, before duplicates went and rows were drawn.
  void mark_newest() {
    const double holdout = request_.split.newest_holdout;
    const auto length = span_.second - span_.first;
    if (holdout <= 0 || length <= Duration::zero()) return;
    const auto part = std::llround(holdout * static_cast<double>(length.count()));
    out_.newest_from = span_.second - Duration(part);
    for (Facts& facts : facts_) facts.row.is_newest = facts.row.record->timestamp >= *out_.newest_from;
  }

  const BuildRequest& request_;
  std::vector<const record::Interaction*> records_;
  std::vector<Facts> facts_;
  std::pair<Timestamp, Timestamp> span_;
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
  if (split.limit && (*split.limit == 0 || *split.limit < split.min_total_records)) {
    return invalid_argument("data_split_config.limit (" + std::to_string(*split.limit) +
                            ") is less than data_split_config.min_total_records (" +
                            std::to_string(split.min_total_records) + "); raise it, or set it to null for no limit");
  }
  return {};
}

Result<Selected> select_rows(const BuildRequest& request) { return Selector(request).run(); }

}  // namespace fw::dataset
