#include <cstddef>
#include <cstdint>
#include <string>

#include "modelops/openai/impl/refusal.h"
#include "modelops/openai/redaction.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const fw::modelops::SentParameters sent{
      {"max_tokens", "9999"}, {"seed", "1"}, {"tools", "[]"}, {"tool_choice", "{}"}};
  (void)fw::modelops::change_for(fw::net::json_response(400, body), sent);
  (void)fw::modelops::redact_keys(body, {"s3cret-0123456789"});
  return 0;
}
