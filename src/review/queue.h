#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "record/interaction.h"

namespace fw::review {

/// Which runs people are asked about, and what matters to them: `review` of the configuration.
struct ReviewSettings {
  enum class Open { kOff, kPromising, kAlways };

  Open open = Open::kPromising;
  std::uint64_t max_rows = 500;             ///< the most telling ones
  std::uint64_t max_shadow_rows = 100;      ///< of live traffic, that wait for a first verdict; 0: none are taken
  std::map<std::string, double> weights{};  ///< stakes of a class; 1 where none is named
};

/// Where a row comes from. What is said of the two is counted apart.
enum class Source : std::uint8_t {
  kEvaluation,  ///< a row of the run's evaluation
  kShadow,      ///< a live request that went to both sides
};

[[nodiscard]] std::string_view to_string(Source source);
[[nodiscard]] std::optional<Source> source_from_string(std::string_view name);

/// One row on which candidate and production differ, as the queue sees it.
struct Item {
  std::string record_id;
  std::string label;             ///< class
  std::string group;             ///< equal for divergences that look alike
  double telling = 0;            ///< how much a verdict would tell; the queue is in its order
  std::vector<std::string> why;  ///< what made it telling, in words
  std::optional<double> agreement;
  std::optional<double> judge;  ///< the judge's rating, 0 to 1
  std::uint64_t asks = 1;       ///< divergent ones: a frequent request was asked several times
  double share = 0;             ///< of the traffic, that these stand for; 0: a row of its class (older reports)
  Source source = Source::kEvaluation;
  std::string body;  ///< JSON: messages, production's and the candidate's message, scores, mistakes
};

/// A class of the evaluation: what judgements of its rows are weighed by.
struct Stratum {
  std::string label;
  double share = 1;             ///< of the traffic
  std::uint64_t rows = 0;       ///< evaluated: every ask of a frequent request
  std::uint64_t divergent = 0;  ///< of them, on which the two differ
  double divergent_share = 0;   ///< of the traffic, that these stand for; 0: their part of the rows (older reports)
};

/// What is reviewed: the best-ranked evaluation of a run.
struct Subject {
  std::string workload;
  std::string client;
  std::string model_name;
  std::string variant;
  std::string decision;         ///< of the run: `yes`, `no`, `not_decided`
  std::uint64_t rows = 0;       ///< evaluated
  std::uint64_t divergent = 0;  ///< of them, on which the two differ
  std::uint64_t left_out = 0;   ///< of these, not in the queue
  std::vector<Stratum> classes;
};

struct Queue {
  Subject subject;
  std::vector<Item> items;  ///< the most telling first; rows of a group one after another
};

/// The queue of a run's report (docs/formats/report.md). Nothing when the run has no evaluation to review. kDataLoss
/// for what is no report. Pure.
///
/// telling = stakes * (1 + rarity + dispute): rarity is 1 for a class that occurs once and falls with the root of how
/// often it does; dispute is how far the judge's rating and the metric are apart. What is equal stands in an order by
/// lot of the record's id, so that what was judged of a class says something of what was not.
[[nodiscard]] Result<std::optional<Queue>> queue_of(const nlohmann::ordered_json& report,
                                                    const ReviewSettings& settings);

/// A live request that a promoted model and the side beside it answered differently. Exchanges as the log may keep
/// them.
struct Divergence {
  std::string job;
  std::string model_name;
  std::string variant;
  record::Interaction candidate;
  record::Interaction other;          ///< its request is what both were asked
  std::string metric;                 ///< by which they were compared
  double score = 0;                   ///< 1: the same
  std::optional<double> judge;        ///< its rating of the candidate's answer, 0 to 1
  std::vector<std::string> mistakes;  ///< kinds, of tool calls
};

/// The row of a divergence in the review of its candidate; no group holds it together with rows of the evaluation.
/// kDataLoss where an exchange cannot be read. Pure.
[[nodiscard]] Result<Item> item_of(const Divergence& divergence, const Subject& subject,
                                   const ReviewSettings& settings);

[[nodiscard]] std::string head_json(const Item& item);
/// An item without its body. kDataLoss for what head_json did not write.
[[nodiscard]] Result<Item> item_from_head(std::string_view json);
[[nodiscard]] std::string subject_json(const Subject& subject);
[[nodiscard]] Result<Subject> subject_from_json(std::string_view json);

}  // namespace fw::review
