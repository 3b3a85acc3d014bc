// What is accepted as a URL reads the same when it is written out again.

#include <cstdint>

#include "base/assert.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = fw::net::parse_url(text); url.ok()) {
    FW_ASSERT(url->origin().find_first_of("\r\n ") == std::string::npos);
    FW_ASSERT(url->target.find_first_of("\r\n ") == std::string::npos);
    const auto again = fw::net::parse_url(url->origin() + url->target);
    FW_ASSERT(again.ok() && *again == *url);
  }
  const fw::net::QueryParams query(text);
  FW_ASSERT(query.pairs().size() <= 1000);
  FW_ASSERT(fw::net::percent_decode(fw::net::percent_encode(text)) == text);
  (void)fw::net::percent_decode(text);
  (void)fw::net::has_dot_segment(text);
  return 0;
}
