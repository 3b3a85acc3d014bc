#include "dataset/impl/large_integers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace fw::dataset {
namespace {

bool is_number_byte(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool is_large_integer(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos) return false;
  const char* const end = number.data() + number.size();
  std::int64_t with_sign = 0;
  std::uint64_t without = 0;
  return std::from_chars(number.data(), end, with_sign).ec == std::errc::result_out_of_range &&
         (number.front() == '-' || std::from_chars(number.data(), end, without).ec == std::errc::result_out_of_range);
}

/// Behind the string that begins at `at`.
std::size_t after_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

}  // namespace

std::string with_large_integers_as_texts(std::string_view json) {
  std::string out;
  for (std::size_t at = 0; at < json.size();) {
    std::size_t end = at + 1;
    if (json[at] == '"') {
      end = after_string(json, at);
    } else if ((json[at] >= '0' && json[at] <= '9') || json[at] == '-') {
      while (end < json.size() && is_number_byte(json[end])) ++end;
    }
    const std::string_view token = json.substr(at, end - at);
    if (is_number_byte(token.front()) && is_large_integer(token)) {
      out.append("\"\\u0000integer ").append(token).append("\"");
    } else {
      out.append(token);
    }
    at = end;
  }
  return out;
}

}  // namespace fw::dataset
