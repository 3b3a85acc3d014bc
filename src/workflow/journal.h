#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/strong.h"

namespace fw::workflow {

/// Names a step within its workflow; the same in every replay.
using StepKey = Strong<std::string, struct StepKeyTag>;

/// How a step ended: a value (text that its own code understands), or the error that it ended with for good.
struct StepEnd {
  std::string value;
  std::optional<Error> error;
  double runtime_seconds = 0;

  [[nodiscard]] Result<std::string> result() const {
    if (error) return *error;
    return value;
  }
};

/// All steps that have ended. Plain state: loaded once, changed by apply alone.
struct History {
  std::map<StepKey, StepEnd> steps;
};

/// The first end of a step stands; a second one changes nothing.
void apply(History& history, const StepKey& key, const StepEnd& end);

/// Where a workflow's steps are kept. record() is durable on return.
class Journal {
 public:
  virtual ~Journal() = default;
  [[nodiscard]] virtual Task<Result<History>> load() = 0;
  [[nodiscard]] virtual Task<Status> record(StepKey key, StepEnd end) = 0;
};

}  // namespace fw::workflow
