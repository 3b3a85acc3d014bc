#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "api/request_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<fw::api::FieldProblem> problems;
  nlohmann::ordered_json body;
  if (fw::api::parse_object({reinterpret_cast<const char*>(data), size}, body, problems)) {
    (void)fw::api::required_text(body, "workload_id", problems);
  }
  (void)fw::api::unprocessable(problems);
  return 0;
}
