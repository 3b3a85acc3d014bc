#pragma once

#include <string>
#include <string_view>

namespace fw::pages {

/// The report as one self-contained HTML file: `report_json` (docs/formats/report.md) inside the page that web/
/// bundles. Nothing in the JSON can end its element or become markup.
[[nodiscard]] std::string report_page(std::string_view report_json);

}  // namespace fw::pages
