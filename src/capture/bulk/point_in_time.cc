#include "capture/bulk/impl/point_in_time.h"

#include "base/hash.h"
#include "codec/base64.h"
#include "codec/json_member.h"

namespace fw::capture::elastic {
namespace {

constexpr std::string_view kPointInTime = "pit1";

/// base64 of kind, checksum and JSON: what was changed on its way is noticed.
std::string make_id(std::string_view kind, const Json& json) {
  const std::string text = to_text(json);
  return codec::base64_encode(std::string(kind) + ' ' + sha256_hex(text).substr(0, 16) + ' ' + text);
}

Result<Json> parse_id(std::string_view kind, std::string_view id) {
  const Error wrong = invalid_argument("Cannot parse the id of a point in time");
  const auto bytes = codec::base64_decode(id);
  if (!bytes.has_value()) return wrong;
  std::string_view rest = *bytes;
  const std::string head = std::string(kind) + ' ';
  if (!rest.starts_with(head) || rest.size() < head.size() + 17) return wrong;
  const std::string_view check = rest.substr(head.size(), 16);
  rest.remove_prefix(head.size() + 17);
  if (sha256_hex(rest).substr(0, 16) != check) return wrong;
  const auto json = parse_object(rest);
  return json.ok() ? json : Result<Json>(wrong);
}

}  // namespace

std::string make_point_in_time(std::string_view index) { return make_id(kPointInTime, {{"index", index}}); }

Result<std::string> index_of_point_in_time(std::string_view id) {
  FW_ASSIGN(const Json json, parse_id(kPointInTime, id));
  return codec::text_at(json, "index");
}

}  // namespace fw::capture::elastic
