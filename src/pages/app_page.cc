#include "pages/app_page.h"

#include <array>

#include "base/hash.h"

// The bundled files as bytes of this object file.
#define FW_BYTES(name, file)            \
  asm(".section .rodata\n"              \
      ".global fw_app_" name            \
      "\n"                              \
      "fw_app_" name                    \
      ":\n"                             \
      ".incbin \"" FW_WEB_DIST "/" file \
      "\"\n"                            \
      ".global fw_app_" name            \
      "_end\n"                          \
      "fw_app_" name                    \
      "_end:\n"                         \
      ".byte 0\n"                       \
      ".previous\n")

FW_BYTES("html", "app.html");
FW_BYTES("html_gz", "app.html.gz");
FW_BYTES("js", "app.js");
FW_BYTES("js_gz", "app.js.gz");
FW_BYTES("css", "app.css");
FW_BYTES("css_gz", "app.css.gz");
FW_BYTES("icon", "icon.svg");
FW_BYTES("icon_gz", "icon.svg.gz");

#define FW_DECLARE(name)             \
  extern const char fw_app_##name[]; \
  extern const char fw_app_##name##_end[]

extern "C" {
FW_DECLARE(html);
FW_DECLARE(html_gz);
FW_DECLARE(js);
FW_DECLARE(js_gz);
FW_DECLARE(css);
FW_DECLARE(css_gz);
FW_DECLARE(icon);
FW_DECLARE(icon_gz);
}

#define FW_VIEW(name) std::string_view(fw_app_##name, static_cast<std::size_t>(fw_app_##name##_end - fw_app_##name))

namespace fw::pages {
namespace {

struct Named {
  std::string_view name;
  Asset asset;
};

const std::array<Named, 3>& assets() {
  static const std::array<Named, 3> all{{{"app.js", {FW_VIEW(js), FW_VIEW(js_gz), "text/javascript; charset=utf-8"}},
                                         {"app.css", {FW_VIEW(css), FW_VIEW(css_gz), "text/css; charset=utf-8"}},
                                         {"icon.svg", {FW_VIEW(icon), FW_VIEW(icon_gz), "image/svg+xml"}}}};
  return all;
}

}  // namespace

Asset app_document() { return {FW_VIEW(html), FW_VIEW(html_gz), "text/html; charset=utf-8"}; }

const Asset* find_asset(std::string_view name) {
  for (const auto& each : assets()) {
    if (each.name == name) return &each.asset;
  }
  return nullptr;
}

const std::string& assets_tag() {
  static const std::string tag = [] {
    std::string all(app_document().plain);
    for (const auto& each : assets()) all += each.asset.plain;
    return '"' + std::to_string(hash64(all)) + '"';
  }();
  return tag;
}

}  // namespace fw::pages
