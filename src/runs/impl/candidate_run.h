#pragma once

#include "runs/impl/outcomes.h"
#include "runs/impl/run_context.h"

namespace fw::runs {

/// One candidate's part of a run: deploy, evaluate the variants without adapter, train, evaluate those with it. The
/// stages follow one another: engine and trainer share this machine. A failed stage does not stop the later ones that
/// do not need it. The context and the datasets outlive it.
class CandidateRun final {
 public:
  CandidateRun(RunContext& context, const DatasetsOutcome& datasets, std::size_t index);
  CandidateRun(const CandidateRun&) = delete;
  CandidateRun& operator=(const CandidateRun&) = delete;

  /// Ends with a CandidateFinished event, unless the deadline ended; nothing that it deployed is left either way.
  /// Throws workflow::JournalFailure.
  [[nodiscard]] Task<void> run();

 private:
  /// False when the model could not be served.
  [[nodiscard]] Task<bool> can_train();
  [[nodiscard]] Task<bool> evaluate_untuned();
  [[nodiscard]] Task<void> customize();
  [[nodiscard]] Task<void> evaluate_tuned(modelops::Adapter adapter);
  [[nodiscard]] Task<bool> bring_up(Stage stage, std::optional<modelops::Adapter> adapter);
  [[nodiscard]] Task<void> take_down();
  /// The engine is gone: what it wrote is kept with the job. That it cannot be is logged.
  [[nodiscard]] Task<void> keep_log();
  [[nodiscard]] Task<void> stages();

  /// Whether every variant with (or without) an adapter has ended.
  [[nodiscard]] bool is_evaluated(bool has_adapter) const;
  [[nodiscard]] Task<void> evaluate_variants(bool has_adapter);
  [[nodiscard]] Task<void> evaluate(modelops::Variant variant);
  [[nodiscard]] Task<Result<std::string>> evaluation_work(modelops::Variant variant);
  [[nodiscard]] Result<std::filesystem::path> rows_with_prompt(const modelops::Variant& variant);
  [[nodiscard]] Task<Result<std::string>> training_work();
  [[nodiscard]] std::function<void(const modelops::EvaluationProgress&)> report_rows(modelops::VariantId variant);
  /// The candidate's model with what its conversations are rendered by in this job. Blocks.
  [[nodiscard]] Result<modelops::ModelSpec> model_of_job();
  [[nodiscard]] Result<modelops::TrainingJob> training_job();
  [[nodiscard]] std::string customized_name() const;

  [[nodiscard]] bool is_over() const { return context_.deadline.is_cancelled(); }
  [[nodiscard]] bool has_ended(const Stage& stage) const {
    return context_.workflow.has_ended(step_key(stage, index_));
  }
  [[nodiscard]] const Candidate& candidate() const { return context_.config().candidates[index_]; }
  [[nodiscard]] std::filesystem::path folder() const;
  void note(const Stage& stage, const Error& error);

  RunContext& context_;
  const DatasetsOutcome& datasets_;
  const std::size_t index_;
  std::optional<modelops::Deployment> deployment_;
  std::optional<std::string> first_error_;
};

}  // namespace fw::runs
