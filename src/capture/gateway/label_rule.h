#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/gateway/request_scan.h"
#include "capture/gateway/settings.h"

namespace fw::capture {

/// Whether a request is of those that the rule names; `scan` holds what rules look at. A request whose path is not
/// known (an empty one) fits no rule that asks for one.
[[nodiscard]] bool fits(const LabelRule& rule, std::string_view path, const RequestScan& scan);

/// The workload of the first rule that fits and names one; empty where none does.
[[nodiscard]] std::string workload_by(const std::vector<LabelRule>& rules, std::string_view path,
                                      const RequestScan& scan);

/// Whether it asks for more than path and model.
[[nodiscard]] bool looks_into_request(const LabelRule& rule);

/// `{"rules": [{"workload", "system", ...}]}`, what is empty left out; the keys are those of the configuration.
[[nodiscard]] std::string to_json(const std::vector<LabelRule>& rules);
/// kInvalidArgument names what is none.
[[nodiscard]] Result<std::vector<LabelRule>> parse_label_rules(std::string_view json);

}  // namespace fw::capture
