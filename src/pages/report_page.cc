#include "pages/report_page.h"

#include "base/assert.h"

// The bundled page as bytes of this object file.
asm(".section .rodata\n"
    ".global fw_report_html\n"
    "fw_report_html:\n"
    ".incbin \"" FW_WEB_DIST
    "/report.html"
    "\"\n"
    ".global fw_report_html_end\n"
    "fw_report_html_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char fw_report_html[];
extern const char fw_report_html_end[];
}

namespace fw::pages {
namespace {

constexpr std::string_view kPlaceholder = "/*REPORT*/";

/// JSON stays JSON when `<` is written as an escape, and then cannot spell a tag.
std::string without_tags(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string report_page(std::string_view report_json) {
  const std::string_view page(fw_report_html, static_cast<std::size_t>(fw_report_html_end - fw_report_html));
  const auto place = page.find(kPlaceholder);
  FW_ASSERT(place != std::string_view::npos);
  std::string out(page.substr(0, place));
  out += without_tags(report_json);
  out += page.substr(place + kPlaceholder.size());
  return out;
}

}  // namespace fw::pages
