#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/settings.h"
#include "modelops/evaluator.h"
#include "modelops/model.h"
#include "modelops/trainer.h"

namespace fw::runs {

/// A model that might replace the production model for a workload.
struct Candidate {
  modelops::ModelSpec model;
  bool customization_enabled = false;
};

/// The model whose answers the log store holds: what candidates are measured against. Only for the report.
struct ProductionModel {
  std::string name;
  std::optional<modelops::Price> price;
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
};

/// When a candidate is worth a person's look.
struct PromisingRule {
  double margin =
      0.05;  ///< its leading score's lower 95 % bound is at most this far below the production answers (1.0)
};

/// All that determines the outcome of a run; a copy is kept with each job.
struct RunConfig {
  std::vector<Candidate> candidates;
  ProductionModel production;
  dataset::SplitSettings split;
  dataset::IclSettings icl;
  modelops::TrainingSettings training;
  EvaluationSettings evaluation;
  std::optional<modelops::Judge> judge;
  PromisingRule promising;
  std::vector<Webhook> webhooks;
};

}  // namespace fw::runs
