#pragma once

#include <string>
#include <string_view>

namespace fw::pages {

/// One file of the application's pages, as `web/` bundled it.
struct Asset {
  std::string_view plain;
  std::string_view gzip;
  std::string_view type;  ///< media type
};

/// The document that every page of the application is; it loads the script and the style by the names below.
[[nodiscard]] Asset app_document();
/// `app.js`, `app.css`, `icon.svg`; nothing under another name.
[[nodiscard]] const Asset* find_asset(std::string_view name);
/// Changes with the content of any of them: what a browser compares its copy with.
[[nodiscard]] const std::string& assets_tag();

/// What the document may load: its own scripts and styles, and nothing inline.
inline constexpr std::string_view kAppPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace fw::pages
