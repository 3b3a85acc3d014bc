#include "api/erasure_traces.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "codec/text_in_json.h"

namespace fw::api {
namespace {

/// What tells the traces of one request.
struct Sought {
  Sought(const runs::ErasureRequest& request, const std::vector<record::RecordId>& ids) : text(request.containing) {
    for (const auto& id : ids) records.insert(*id);
    const bool is_text_alone =
        !request.containing.empty() && request.records.empty() && !request.workload && !request.client;
    if (is_text_alone) holds = [this](std::string_view json) { return text.is_in(json); };
  }
  Sought(const Sought&) = delete;
  Sought& operator=(const Sought&) = delete;

  [[nodiscard]] bool is_line(const capture::QuarantinedLine& line) { return holds && holds(line.bytes); }
  [[nodiscard]] bool is_rating(const promotion::Feedback& rating) {
    return records.contains(rating.record_id) || (holds && holds(rating.comment));
  }

  std::set<std::string> records;
  codec::TextInJson text;
  std::function<bool(std::string_view json)> holds;  ///< absent unless a text alone was asked for
};

}  // namespace

Result<TraceCounts> ErasureTraces::count(const runs::ErasureRequest& request,
                                         const std::vector<record::RecordId>& records) {
  Sought sought(request, records);
  TraceCounts counts;
  FW_ASSIGN(const auto rows, reviews_.rows_of(sought.records, sought.holds));
  counts.review_rows = rows.size();
  FW_ASSIGN(counts.quarantined_lines, quarantine_.count([&](const auto& line) { return sought.is_line(line); }));
  if (ratings_ != nullptr) {
    FW_ASSIGN(counts.ratings, ratings_->count([&](const auto& rating) { return sought.is_rating(rating); }));
  }
  return counts;
}

Result<TraceCounts> ErasureTraces::erase(const runs::ErasureRequest& request,
                                         const std::vector<record::RecordId>& records) {
  Sought sought(request, records);
  TraceCounts counts;
  FW_ASSIGN(const auto rows, reviews_.rows_of(sought.records, sought.holds));
  FW_ASSIGN(counts.review_rows, reviews_.erase(rows));
  FW_ASSIGN(counts.quarantined_lines, quarantine_.erase([&](const auto& line) { return sought.is_line(line); }));
  if (ratings_ != nullptr) {
    FW_ASSIGN(counts.ratings, ratings_->erase([&](const auto& rating) { return sought.is_rating(rating); }));
  }
  if (discovery_ != nullptr) discovery_->forget_contents();
  return counts;
}

}  // namespace fw::api
