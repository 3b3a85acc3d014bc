#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "capture/quarantine.h"
#include "discovery/desk.h"
#include "promotion/feedback.h"
#include "review/reviews.h"
#include "runs/erasure.h"

namespace fw::api {

/// What an erasure finds, or deletes, beside the records themselves.
struct TraceCounts {
  std::uint64_t quarantined_lines = 0;  ///< bad lines that were kept aside
  std::uint64_t review_rows = 0;        ///< with what people said of them
  std::uint64_t ratings = 0;            ///< that applications gave of answers

  friend bool operator==(const TraceCounts&, const TraceCounts&) = default;
  friend TraceCounts operator+(const TraceCounts& a, const TraceCounts& b) {
    return {a.quarantined_lines + b.quarantined_lines, a.review_rows + b.review_rows, a.ratings + b.ratings};
  }
};

/// Where data of a record, or of the person whom a text names, lies beside the log store: rows of reviews and ratings
/// of these records, or that hold the text; lines that were kept aside and hold it, where nothing but a text was asked
/// for, since nobody knows whose such a line is. An erasure takes all examples and prompts of a search for workloads
/// too, of which nothing tells whose they are. Blocks.
class ErasureTraces final {
 public:
  /// `ratings` and `discovery` may be absent. What is passed outlives this.
  ErasureTraces(capture::Quarantine& quarantine, review::Reviews& reviews, promotion::FeedbackLog* ratings,
                discovery::Desk* discovery)
      : quarantine_(quarantine), reviews_(reviews), ratings_(ratings), discovery_(discovery) {}

  [[nodiscard]] Result<TraceCounts> count(const runs::ErasureRequest& request,
                                          const std::vector<record::RecordId>& records);
  [[nodiscard]] Result<TraceCounts> erase(const runs::ErasureRequest& request,
                                          const std::vector<record::RecordId>& records);

 private:
  capture::Quarantine& quarantine_;
  review::Reviews& reviews_;
  promotion::FeedbackLog* ratings_;
  discovery::Desk* discovery_;
};

}  // namespace fw::api
