#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "record/ids.h"

namespace fw::dataset {

/// What a person says an application should have had as the answer of a record.
struct Correction {
  record::RecordId record;
  std::string message;  ///< JSON of an assistant's message, as the API takes it
  Timestamp at;         ///< of several for one request the last counts
};

/// What became of people's corrections. Invariant: given == superseded + not_in_window + the sum of unusable + train +
/// validation + evaluation + left_out.
struct CorrectionCounts {
  std::uint64_t given = 0;
  std::uint64_t superseded = 0;                   ///< by a later one for the same request
  std::uint64_t not_in_window = 0;                ///< their record was erased, or is no valid one of the window
  std::map<std::string, std::uint64_t> unusable;  ///< no answer to learn from; texts of reasons.h
  std::uint64_t train = 0;                        ///< training rows whose answer is the corrected one
  std::uint64_t validation = 0;                   ///< the same, of validation
  std::uint64_t evaluation = 0;  ///< evaluation rows that keep production's answer: what is measured is the agreement
                                 ///< with production, by the same rule on every row
  std::uint64_t left_out = 0;    ///< rows that were not drawn, or are kept out of training

  friend bool operator==(const CorrectionCounts&, const CorrectionCounts&) = default;
};

}  // namespace fw::dataset
