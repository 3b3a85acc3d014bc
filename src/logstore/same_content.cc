#include "logstore/same_content.h"

#include <nlohmann/json.hpp>

namespace fw::logstore {
namespace {

bool same_json(const std::string& one, const std::string& other) {
  if (one == other) return true;
  const auto json = nlohmann::json::parse(one, nullptr, false);
  return !json.is_discarded() && json == nlohmann::json::parse(other, nullptr, false);
}

}  // namespace

bool same_content(const record::Interaction& a, const record::Interaction& b) {
  return same_json(a.request, b.request) && same_json(a.response, b.response);
}

}  // namespace fw::logstore
