#include "capture/otlp/impl/flattened.h"

#include <charconv>
#include <map>
#include <memory>
#include <optional>

namespace fw::capture::otlp {
namespace {

constexpr std::size_t kMostValues = 65'536;
constexpr int kMostSteps = 16;
constexpr std::size_t kMostElements = 4'096;

struct Node {
  std::map<std::string, Node, std::less<>> members;
  const Json* value = nullptr;
};

std::optional<std::size_t> as_index(std::string_view step) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc{} || end != step.data() + step.size() || index >= kMostElements) return std::nullopt;
  return index;
}

void put(Node& root, std::string_view path, const Json& value) {
  Node* at = &root;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const auto dot = path.find('.');
    at = &at->members[std::string(path.substr(0, dot))];
    if (dot == std::string_view::npos) {
      at->value = &value;
      return;
    }
    path.remove_prefix(dot + 1);
  }
}

Json to_json(const Node& node) {
  if (node.members.empty()) return node.value == nullptr ? Json() : *node.value;
  std::map<std::size_t, const Node*> elements;
  for (const auto& [name, member] : node.members) {
    const auto index = as_index(name);
    if (!index) break;
    elements[*index] = &member;
  }
  if (elements.size() == node.members.size()) {
    Json list = Json::array();
    for (const auto& [index, element] : elements) list.push_back(to_json(*element));
    return list;
  }
  Json object = Json::object();
  for (const auto& [name, member] : node.members) object.push_back({name, to_json(member)});
  return object;
}

}  // namespace

Json unflattened(const Attributes& attributes, std::string_view prefix) {
  Node root;
  std::size_t count = 0;
  for (const auto& [name, value] : attributes) {
    if (!name.starts_with(prefix) || name.size() == prefix.size() || ++count > kMostValues) continue;
    put(root, std::string_view(name).substr(prefix.size()), value);
  }
  return count == 0 ? Json() : to_json(root);
}

}  // namespace fw::capture::otlp
