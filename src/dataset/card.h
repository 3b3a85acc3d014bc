#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "modelops/workload_type.h"

namespace fw::dataset {

/// One step from records to datasets. Invariant: in == out + the sum of reasons.
struct Step {
  std::string name;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::map<std::string, std::uint64_t> reasons;  ///< texts of reasons.h
};

/// Rows of one class on each side.
struct ClassCounts {
  std::string label;
  std::uint64_t eval = 0;
  std::uint64_t train = 0;
  std::uint64_t validation = 0;
};

/// What stands on both sides although it should not, measured on the finished datasets.
struct Leak {
  std::uint64_t conversations_on_two_sides = 0;  ///< 0 unless this program is wrong
  std::uint64_t requests_on_two_sides = 0;       ///< the same; whole requests, normalised
  std::uint64_t eval_rows_said_in_training = 0;  ///< last user message found word for word in a training row's
};

/// How the datasets of a run came to be. A value.
struct Card {
  modelops::WorkloadType type = modelops::WorkloadType::kGeneric;
  std::uint64_t seed = 0;
  std::vector<Step> steps;
  std::vector<ClassCounts> classes;  ///< by label
  std::vector<std::string> notes;    ///< plain sentences
  Leak leak;
};

/// `{workload_type, seed, steps, classes, notes, leak}`: what the report's `dataset` object holds beside the datasets.
[[nodiscard]] nlohmann::ordered_json to_json(const Card& card);

/// `select 100 -> 100; validate 100 -> 80 (request.messages is empty: 20)`: the steps as errors quote them.
[[nodiscard]] std::string describe(const std::vector<Step>& steps);

}  // namespace fw::dataset
