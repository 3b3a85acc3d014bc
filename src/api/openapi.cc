#include "api/openapi.h"

#include <string>

asm(".section .rodata\n"
    ".global fw_openapi_json\n"
    "fw_openapi_json:\n"
    ".incbin \"" FW_OPENAPI_JSON
    "\"\n"
    ".global fw_openapi_json_end\n"
    "fw_openapi_json_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const char fw_openapi_json[];
extern const char fw_openapi_json_end[];
}

namespace fw::api {
namespace {

Task<Result<net::Response>> answer() { co_return net::json_response(200, std::string(openapi_document())); }

}  // namespace

std::string_view openapi_document() {
  return {fw_openapi_json, static_cast<std::size_t>(fw_openapi_json_end - fw_openapi_json)};
}

void add_openapi(net::Router& router) {
  router.on(net::Method::kGet, "/openapi.json", [](net::Call) { return answer(); });
}

}  // namespace fw::api
