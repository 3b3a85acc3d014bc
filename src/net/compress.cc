#include "net/compress.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/pack.h"

namespace fw::net {
namespace {

constexpr std::size_t kLeast = 1024;          // below, what is saved is not worth a packet
constexpr std::size_t kOnTheLoop = 16 << 10;  // some 0.2 ms
constexpr std::array<std::string_view, 4> kTexts{"application/json", "application/x-ndjson",
                                                 "application/vnd.elasticsearch+json", "text/"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Of `gzip;q=0.5`: 0.5; 1 where none is given.
double weight_of(std::string_view parameters) {
  const std::string_view parameter = trimmed(parameters);
  if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') return 1;
  double weight = 0;
  std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
  return weight;
}

bool is_text(const Response& response) {
  const auto type = response.headers.find("Content-Type").value_or("");
  return std::ranges::any_of(kTexts, [&](std::string_view text) { return type.starts_with(text); });
}

}  // namespace

bool takes_gzip(const Headers& request) {
  bool takes_any = false;
  for (const auto& [name, value] : request) {
    if (!equals_ignoring_case(name, "Accept-Encoding")) continue;
    for (std::string_view left = value; !left.empty();) {
      const std::string_view one = left.substr(0, left.find(','));
      left.remove_prefix(std::min(left.size(), one.size() + 1));
      const auto end = one.find(';');
      const std::string_view coding = trimmed(one.substr(0, end));
      const bool is_taken = end == one.npos || weight_of(one.substr(end + 1)) > 0;
      if (equals_ignoring_case(coding, "gzip")) return is_taken;
      if (coding == "*") takes_any = is_taken;
    }
  }
  return takes_any;
}

Task<Response> compressed(Response response, bool takes_gzip, Pool& pool) {
  if (response.body.size() < kLeast || !is_text(response) || response.headers.contains("Content-Encoding"))
    co_return response;
  if (!response.headers.has_token("Vary", "Accept-Encoding")) response.headers.add("Vary", "Accept-Encoding");
  if (!takes_gzip) co_return response;
  if (response.body.size() <= kOnTheLoop) {
    response.body = codec::gzip(response.body);
  } else {
    response.body = co_await run_on(pool, [&] { return codec::gzip(response.body); });
  }
  response.headers.set("Content-Encoding", "gzip");
  co_return response;
}

}  // namespace fw::net
