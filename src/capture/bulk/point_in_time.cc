#include "capture/bulk/impl/point_in_time.h"

#include "base/hash.h"
#include "codec/base64.h"

namespace fw::capture::elastic {
namespace {

constexpr std::string_view kPointInTime = "pit1";
constexpr std::string_view kScroll = "scroll1";

/// base64 of kind, checksum and JSON: what was changed on its way is noticed.
std::string make_id(std::string_view kind, const Json& json) {
  const std::string text = to_text(json);
  return codec::base64_encode(std::string(kind) + ' ' + sha256_hex(text).substr(0, 16) + ' ' + text);
}

Result<Json> parse_id(std::string_view kind, std::string_view id) {
  const Error wrong =
      invalid_argument("Cannot parse the id of a " + std::string(kind == kScroll ? "scroll" : "point in time"));
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
  return json.value("index", std::string());
}

std::string make_scroll_id(const ScrollState& state) {
  return make_id(kScroll, {{"index", state.index},
                           {"body", state.body},
                           {"now", state.now.time_since_epoch().count()},
                           {"size", state.size},
                           {"total", state.total},
                           {"exact", state.is_exact},
                           {"cursor", state.cursor}});
}

Result<ScrollState> parse_scroll_id(std::string_view id) {
  FW_ASSIGN(const Json json, parse_id(kScroll, id));
  try {
    return ScrollState{.index = json.at("index"),
                       .body = json.at("body"),
                       .now = Timestamp(Duration(json.at("now").get<std::int64_t>())),
                       .size = json.at("size"),
                       .total = json.at("total"),
                       .is_exact = json.at("exact"),
                       .cursor = json.at("cursor")};
  } catch (const Json::exception&) {
    return invalid_argument("Cannot parse the id of a scroll");
  }
}

}  // namespace fw::capture::elastic
