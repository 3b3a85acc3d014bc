#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "dataset/corrections.h"
#include "dataset/impl/facts.h"
#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"

namespace fw::dataset {

/// People's corrections of a window. A correction is of a request, whichever of the records that ask it was judged: so
/// it reaches the row although another record of that request was kept.
class Corrected final {
 public:
  /// Nothing where nobody asked for corrections.
  Corrected(const std::optional<std::span<const Correction>>& given, bool parse_arguments);

  /// Every record of the window, once.
  void see(const record::Interaction& record);
  /// After the split: which row gets what.
  void settle(const Selected& selected, const Survey& survey, const Split& split);

  /// The response that a row of training or validation is made of instead of its record's; nullptr: the record's.
  [[nodiscard]] const std::string* response_of(std::uint64_t request) const;
  [[nodiscard]] const std::optional<CorrectionCounts>& counts() const { return counts_; }

 private:
  struct Response {
    std::string text;
    Timestamp at;
    record::RecordId record;
  };
  [[nodiscard]] std::string defect_of(const record::Interaction& record, const std::string& response);

  FactsReader reader_;
  bool parse_arguments_;
  std::unordered_map<std::string, Correction> waiting_;  // by record: not seen yet
  std::unordered_map<std::uint64_t, Response> by_request_;
  std::optional<CorrectionCounts> counts_;
};

/// `message` as the only choice of a response.
[[nodiscard]] std::string response_with(const std::string& message);

}  // namespace fw::dataset
