#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "codec/json_slicer.h"

/// What the slicer takes for an object, another parser does too, member for member; and every member alone is JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fw::codec::JsonSlicer slicer;
  const auto elements = slicer.elements(text);
  if (elements.ok() && nlohmann::json::parse(text).size() != elements->size()) std::abort();
  const auto members = slicer.members(text);
  if (!members.ok()) return 0;
  const auto whole = nlohmann::json::parse(text);
  if (whole.size() != members->size()) std::abort();
  for (const auto& member : *members) {
    if (nlohmann::json::parse(member.raw) != whole.at(member.key)) std::abort();
  }
  return 0;
}
