#pragma once

#include <string>

#include "app/cli/terminal.h"
#include "codec/json_member.h"

namespace fw::app {

/// A member's text as a terminal may show it; empty where there is none.
template <class Json>
[[nodiscard]] std::string shown_at(const Json& object, const char* key) {
  return printable(codec::text_at(object, key));
}

/// For columns of a table: `-` where there is none.
template <class Json>
[[nodiscard]] std::string shown_or_dash(const Json& object, const char* key) {
  return codec::member_of(object, key).is_string() ? shown_at(object, key) : "-";
}

}  // namespace fw::app
