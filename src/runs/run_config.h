#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/settings.h"
#include "modelops/dataset_store.h"
#include "modelops/evaluator.h"
#include "modelops/model.h"
#include "modelops/trainer.h"
#include "modelops/variant.h"

namespace fw::runs {

/// A model that might replace the production model for a workload.
struct Candidate {
  modelops::ModelSpec model;
  bool customization_enabled = false;
  /// How it is trained: RunConfig::training, unless its entry says otherwise.
  modelops::TrainingSettings training = {};
};

/// The model whose answers the log store holds: what candidates are measured against. Only for the report.
struct ProductionModel {
  std::string name;
  std::optional<modelops::Price> price;
  /// Where it can be asked again, to measure how far it agrees with itself; absent: it is not asked.
  std::optional<modelops::Endpoint> endpoint = {};
  std::uint64_t replay_rows = 100;  ///< evaluation rows that it is asked again
};

/// Where the application hears of a finished run.
struct Webhook {
  std::string url;
  std::string secret_env;  ///< environment variable with the HMAC key
  int max_attempts = 5;
};

struct EvaluationSettings {
  int parallelism = 8;
  Duration request_timeout = std::chrono::seconds(120);
  int max_retries = 3;
  int max_tokens = 512;
  std::vector<modelops::Variant> variants = modelops::default_variants();  ///< in this order; at least one
  /// Of a candidate that will be fine-tuned, its evaluations before that ask so many rows, drawn by lot; absent: all.
  std::optional<std::uint64_t> untuned_rows = {};
  /// Whose answers come with log-probabilities, by which a review is ordered.
  enum class LogProbabilities : std::uint8_t { kOff, kEngines, kAll };
  LogProbabilities log_probabilities = LogProbabilities::kEngines;  ///< kEngines: those that this machine runs
  std::string text_metric = "rouge_l";  ///< leads where production answered in text and no judge is configured
};

/// When a candidate counts as good as the production model.
struct PromisingRule {
  double margin = 0.05;         ///< its agreement may lie this far below production's own
  std::uint64_t min_rows = 30;  ///< fewer rows never decide anything
};

/// All that determines the outcome of a run; a copy is kept with each job.
struct RunConfig {
  std::vector<Candidate> candidates;
  ProductionModel production;
  dataset::SplitSettings split;
  /// The evaluation dataset of split.holdout_job, found when the job was created; split.eval_size is its number of
  /// rows.
  std::optional<modelops::DatasetRef> holdout = {};
  dataset::IclSettings icl;
  bool use_corrections = false;                   ///< answers that people corrected are taught instead of production's
  modelops::TrainingSettings training;            ///< what candidates' own settings begin with
  std::optional<double> training_price_per_hour;  ///< US dollars for an hour of the machine that trains
  EvaluationSettings evaluation;
  std::optional<modelops::Judge> judge;
  PromisingRule promising;
  std::vector<Webhook> webhooks;
};

/// How many rows an evaluation asks, where that is a part of them (EvaluationSettings::untuned_rows): settled before
/// any is asked, so that what it shows is a start and never a yes.
[[nodiscard]] inline std::optional<std::uint64_t> part_of_rows(const RunConfig& config, const Candidate& candidate,
                                                               const modelops::Variant& variant) {
  const auto& rows = config.evaluation.untuned_rows;
  const bool is_part =
      rows && *rows < config.split.eval_size && candidate.customization_enabled && !variant.has_adapter;
  return is_part ? rows : std::nullopt;
}

[[nodiscard]] inline bool asks_log_probabilities(const RunConfig& config, const Candidate& candidate) {
  using enum EvaluationSettings::LogProbabilities;
  const auto whose = config.evaluation.log_probabilities;
  return whose == kAll || (whose == kEngines && candidate.model.is_local());
}

}  // namespace fw::runs
