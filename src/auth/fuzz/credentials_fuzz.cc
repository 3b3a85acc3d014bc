#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/credentials.h"
#include "auth/secret.h"
#include "base/assert.h"

/// Headers of any request, a line each: what is found has the form of a secret, and once they are taken out none is
/// left that could travel on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  fw::net::Headers headers;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto colon = std::min(line.find(':'), line.size());
    headers.add(std::string(line.substr(0, colon)), std::string(line.substr(std::min(colon + 1, line.size()))));
  }
  if (const auto secret = fw::auth::secret_in(headers)) FW_ASSERT(fw::auth::is_secret(*secret));
  fw::auth::remove_secrets(headers);
  FW_ASSERT(!fw::auth::secret_in(headers));
  return 0;
}
