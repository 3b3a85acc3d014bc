#pragma once

#include <functional>
#include <string>

#include "modelops/evaluator.h"
#include "runs/impl/outcomes.h"
#include "runs/impl/run_context.h"

namespace fw::runs {

/// An evaluation by the job's settings, as a durable step does it: where the rows lie is looked up, the outcome is what
/// goes to the journal. `job` says variant, target and results file, and what else is not the settings'. Context and
/// dataset outlive it.
[[nodiscard]] Task<Result<std::string>> run_evaluation(
    RunContext& context, const modelops::DatasetRef& rows, modelops::EvaluationJob job,
    std::function<void(const modelops::EvaluationProgress&)> on_progress);

}  // namespace fw::runs
