#include "record/provenance_names.h"

#include <algorithm>
#include <array>

namespace fw::record {
namespace {

// In the order of their enums.
constexpr std::array<std::string_view, 5> kOrigins{"file", "upload", "gateway", "bulk", "otlp"};
constexpr std::array<std::string_view, 5> kEndings{"finished", "client_gone", "upstream_died", "refused",
                                                   "arguments_incomplete"};

template <class Enum, std::size_t count>
std::optional<Enum> find_in(const std::array<std::string_view, count>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<Enum>(at - names.begin());
}

}  // namespace

std::string_view to_string(Origin origin) { return kOrigins.at(static_cast<std::size_t>(origin)); }
std::optional<Origin> parse_origin(std::string_view name) { return find_in<Origin>(kOrigins, name); }

std::string_view to_string(Ending ending) { return kEndings.at(static_cast<std::size_t>(ending)); }
std::optional<Ending> parse_ending(std::string_view name) { return find_in<Ending>(kEndings, name); }

}  // namespace fw::record
