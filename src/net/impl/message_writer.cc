#include "net/impl/message_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <span>

namespace fw::net {
namespace {

constexpr std::array<std::string_view, 7> kConnectionFields{"Connection", "Keep-Alive",        "Proxy-Connection", "TE",
                                                            "Trailer",    "Transfer-Encoding", "Upgrade"};
constexpr std::array<std::string_view, 2> kFramingFields{"Content-Length", "Host"};
constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Which bytes a name and which a value may have: looked up for every byte of every header that is sent.
struct AllowedBytes {
  constexpr AllowedBytes() {
    for (int c = 0; c < 256; ++c) in_value[static_cast<std::size_t>(c)] = c == '\t' || (c >= ' ' && c != 127);
    for (const char c :
         std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~")) {
      in_name[static_cast<unsigned char>(c)] = true;
    }
  }
  std::array<bool, 256> in_name{};
  std::array<bool, 256> in_value{};
};
constexpr AllowedBytes kAllowed;

bool is_token_character(char c) { return kAllowed.in_name[static_cast<unsigned char>(c)]; }
bool is_value_character(char c) { return kAllowed.in_value[static_cast<unsigned char>(c)]; }

bool is_one_of(std::span<const std::string_view> fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](std::string_view field) {
    return field.size() == name.size() && equals_ignoring_case(field, name);
  });
}

bool belongs_to_connection(std::string_view name, const Headers& headers, bool names_fields) {
  if (is_one_of(kConnectionFields, name)) return true;
  return names_fields && headers.has_token("Connection", name) && !is_one_of(kFramingFields, name);
}

}  // namespace

Status check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_character)) {
      return invalid_argument("header name \"" + name.substr(0, 60) +
                              "\" holds a character that no header name may have");
    }
    if (!std::all_of(value.begin(), value.end(), is_value_character)) {
      return invalid_argument("the value of header " + name + " holds a line break or another control character");
    }
  }
  return {};
}

Result<std::optional<std::uint64_t>> declared_length(const Headers& headers) {
  const auto text = headers.find("Content-Length");
  if (!text) return std::optional<std::uint64_t>();
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return invalid_argument("header Content-Length is \"" + std::string(text->substr(0, 40)) +
                            "\", not a number of bytes");
  }
  return std::optional<std::uint64_t>(length);
}

void append_headers(std::string& out, const Headers& headers) {
  const bool names_fields = headers.contains("Connection");
  for (const auto& [name, value] : headers) {
    if (!belongs_to_connection(name, headers, names_fields)) out.append(name).append(": ").append(value).append("\r\n");
  }
}

std::string chunk_head(std::size_t bytes) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + 20, bytes, 16).ptr;
  return std::string(text.data(), end).append("\r\n");
}

std::string http_date(std::int64_t epoch_seconds) {
  const std::time_t time = epoch_seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 64> text{};
  const int n = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                              kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                              kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                              utc.tm_min, utc.tm_sec);
  return {text.data(), static_cast<std::size_t>(n)};
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  std::array<char, 4> month{};
  int end = 0;
  std::tm utc{};
  const std::string copy(text.substr(0, 40));
  const int found = std::sscanf(copy.c_str(), "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &utc.tm_mday,
                                month.data(), &utc.tm_year, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &end);
  const auto* name = std::find(kMonths.begin(), kMonths.end(), std::string_view(month.data()));
  if (found != 6 || end != static_cast<int>(text.size()) || name == kMonths.end()) return std::nullopt;
  utc.tm_mon = static_cast<int>(name - kMonths.begin());
  utc.tm_year -= 1900;
  return timegm(&utc);
}

}  // namespace fw::net
