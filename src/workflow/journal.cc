#include "workflow/journal.h"

namespace fw::workflow {

void apply(History& history, const StepKey& key, const StepEnd& end) { history.steps.try_emplace(key, end); }

}  // namespace fw::workflow
