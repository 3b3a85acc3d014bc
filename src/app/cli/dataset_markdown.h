#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace fw::app {

/// The card of a job's datasets (docs/formats/report.md, `dataset`, with `job` and the settings beside it) as a
/// Markdown page to lie beside the rows: what `dataset show --json` has, less the single rows. Texts of the traffic
/// cannot end a table's cell or begin markup.
[[nodiscard]] std::string card_markdown(const nlohmann::ordered_json& card);

}  // namespace fw::app
