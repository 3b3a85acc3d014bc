#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "dataset/builder.h"
#include "dataset/impl/held_rows.h"
#include "dataset/impl/survey.h"

namespace fw::dataset {

/// A request of the window: one row, whatever the number of records that ask it.
struct Row {
  std::uint32_t record = 0;  ///< in Survey::records: the newest with the answer that was kept
  std::uint32_t conversation = 0;
  std::uint32_t turn = 1;
  std::uint32_t conversation_turns = 1;
  std::uint32_t repeats = 1;
  std::uint32_t repeats_agreeing = 1;
  std::uint64_t template_hash = 0;  ///< of the last user message
  std::uint32_t unit = 0;           ///< what should stay on one side: template, case, conversation
  bool is_newest = false;
  bool is_asked_in_newest = false;         ///< in the newest part, too
  std::optional<std::uint32_t> held = {};  ///< its place in the hold-out set
  bool is_answered_otherwise = false;      ///< held, and by now other records would give the answer
  bool is_added = false;  ///< not drawn; people have corrected it, and it may train, but is never evaluated
};

/// Of every valid record, repeated ones included: what the card compares the sides with.
struct Place {
  std::uint32_t turn = 1;
  std::uint32_t conversation_turns = 1;
};

/// Outcome of the steps select, validate, deduplicate and sample.
struct Selected {
  modelops::WorkloadType type = modelops::WorkloadType::kGeneric;
  std::vector<Row> rows;      ///< by time, then id
  std::vector<Place> places;  ///< by record
  std::vector<Step> steps;
  SelfAgreement self_agreement;
  std::uint64_t conflicting_requests = 0;               ///< repeated ones with answers that differ
  std::vector<std::uint32_t> first_of;                  ///< by conversation of the window: its first record
  std::uint64_t requests = 0;                           ///< before the sample
  std::uint64_t newest_requests = 0;                    ///< of these, in the newest part
  std::optional<Timestamp> newest_from;                 ///< where the newest part begins
  std::optional<std::pair<Timestamp, Timestamp>> span;  ///< of the valid records' times, without strays
  std::uint64_t strays = 0;                             ///< records with times far from all others'
  std::uint64_t ahead = 0;                              ///< of these, records with times that are yet to come
  /// Up to a tenth of the records, at one end, whose times are far from all others', too many to be strays: how many,
  /// and the first and last such time.
  std::uint64_t apart = 0;
  std::optional<std::pair<Timestamp, Timestamp>> apart_between;
};

/// Takes the surveyed records through these steps. Errors: too few records for min_total_records or eval_size, with the
/// counts; the deadline. Takes the survey's links. The row of a request that is in the hold-out set has the record of
/// the set, and is kept whatever the limit. What `is_corrected` says of a request is kept beyond it.
[[nodiscard]] Result<Selected> select_rows(const BuildRequest& request, Survey& survey, const HeldRows& held,
                                           const std::function<bool(std::uint64_t request)>& is_corrected);

/// Settings out of their range, whatever the records.
[[nodiscard]] Status check_settings(const SplitSettings& split);

}  // namespace fw::dataset
