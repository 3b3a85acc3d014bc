#include <cstddef>
#include <cstdint>

#include "app/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto environment = [](const std::string&) { return std::string(); };
  (void)fw::app::parse_config(text, "fuzz.yaml", "/", environment);
  (void)fw::app::parse_split_overrides(text, {});
  return 0;
}
