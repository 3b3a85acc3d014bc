#include "evals/tool_calls/argument_schema.h"

#include <algorithm>
#include <cmath>

namespace fw::evals {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxReferences = 16;
constexpr int kMaxLooks = 256;  // at branches of a schema, for one property

bool is_number(const PythonValue& value) { return value.integer() || value.floating(); }

const PythonValue::List* branches(const PythonValue& schema, std::string_view keyword) {
  const PythonValue* found = schema.find(keyword);
  return found ? found->list() : nullptr;
}

/// `#/$defs/Point` out of the root: one key after the other.
const PythonValue* at_pointer(const PythonValue* root, std::string_view pointer) {
  if (!pointer.starts_with('#')) return nullptr;
  pointer.remove_prefix(1);
  while (root && pointer.starts_with('/')) {
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    root = root->find(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
  }
  return pointer.empty() ? root : nullptr;
}

const PythonValue* function_of(const PythonValue& tools, std::string_view name) {
  if (!tools.list()) return nullptr;
  for (const PythonValue& tool : *tools.list()) {
    const PythonValue* wrapped = tool.find("function");
    const PythonValue& function = wrapped && wrapped->dict() ? *wrapped : tool;
    const PythonValue* its_name = function.find("name");
    if (its_name && its_name->string() && *its_name->string() == name) return &function;
  }
  return nullptr;
}

}  // namespace

bool is_same_json(const PythonValue& a, const PythonValue& b) {
  if (is_number(a) && is_number(b)) return a == b || (std::isnan(real_number(a)) && std::isnan(real_number(b)));
  if (a.list() && b.list())
    return std::equal(a.list()->begin(), a.list()->end(), b.list()->begin(), b.list()->end(), is_same_json);
  if (a.dict() && b.dict())
    return std::equal(
        a.dict()->begin(), a.dict()->end(), b.dict()->begin(), b.dict()->end(),
        [](const auto& x, const auto& y) { return x.first == y.first && is_same_json(x.second, y.second); });
  // What is left is equal only to its own kind: Python would take true for 1.
  if (is_number(a) || is_number(b)) return false;
  return a == b;
}

bool has_tool(const PythonValue& tools, std::string_view name) { return function_of(tools, name); }

const PythonValue* parameters_of(const PythonValue& tools, std::string_view name) {
  const PythonValue* function = function_of(tools, name);
  return function ? function->find("parameters") : nullptr;
}

const PythonValue* ArgumentSchema::resolve(const PythonValue* schema) const {
  for (int i = 0; schema && i < kMaxReferences; ++i) {
    const PythonValue* reference = schema->find("$ref");
    if (!reference || !reference->string()) return schema;
    schema = at_pointer(root_, *reference->string());
  }
  return nullptr;
}

/// Looks into the branches too: an optional object is often written as anyOf of object and null.
const PythonValue* ArgumentSchema::property(const PythonValue* schema, std::string_view name, int& looks) const {
  schema = resolve(schema);
  if (!schema || --looks < 0) return nullptr;
  if (const PythonValue* properties = schema->find("properties"))
    if (const PythonValue* found = properties->find(name)) return found;
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"})
    if (const auto* list = branches(*schema, keyword))
      for (const PythonValue& branch : *list)
        if (const PythonValue* found = property(&branch, name, looks)) return found;
  return nullptr;
}

const PythonValue* ArgumentSchema::items(const PythonValue* schema, int& looks) const {
  schema = resolve(schema);
  if (!schema || --looks < 0) return nullptr;
  if (const PythonValue* found = schema->find("items")) return found;
  for (const std::string_view keyword : {"allOf", "anyOf", "oneOf"})
    if (const auto* list = branches(*schema, keyword))
      for (const PythonValue& branch : *list)
        if (const PythonValue* found = items(&branch, looks)) return found;
  return nullptr;
}

const PythonValue* ArgumentSchema::default_of(const PythonValue* schema) const {
  if (!schema) return nullptr;
  if (const PythonValue* found = schema->find("default")) return found;
  const PythonValue* resolved = resolve(schema);
  return resolved ? resolved->find("default") : nullptr;
}

bool ArgumentSchema::is_same(const PythonValue* schema, const PythonValue* a, const PythonValue* b, int depth) const {
  if (!a) a = default_of(schema);
  if (!b) b = default_of(schema);
  if (!a || !b) return a == b;
  if (depth > kMaxDepth) return is_same_json(*a, *b);
  if (a->dict() && b->dict()) {
    const auto agrees = [&](const std::string& name) {
      int looks = kMaxLooks;
      return is_same(property(schema, name, looks), a->find(name), b->find(name), depth + 1);
    };
    return std::all_of(a->dict()->begin(), a->dict()->end(),
                       [&](const auto& member) { return agrees(member.first); }) &&
           std::all_of(b->dict()->begin(), b->dict()->end(),
                       [&](const auto& member) { return a->find(member.first) || agrees(member.first); });
  }
  if (a->list() && b->list()) {
    int looks = kMaxLooks;
    const PythonValue* of_items = items(schema, looks);
    return std::equal(a->list()->begin(), a->list()->end(), b->list()->begin(), b->list()->end(),
                      [&](const PythonValue& x, const PythonValue& y) { return is_same(of_items, &x, &y, depth + 1); });
  }
  return is_same_json(*a, *b);
}

bool ArgumentSchema::is_same_argument(std::string_view name, const PythonValue* a, const PythonValue* b) const {
  int looks = kMaxLooks;
  return is_same(property(root_, name, looks), a, b, 0);
}

PythonValue ArgumentSchema::without_defaults(const PythonValue* schema, const PythonValue& value, int depth) const {
  if (depth > kMaxDepth) return value;
  int looks = kMaxLooks;
  if (value.list()) {
    const PythonValue* of_items = items(schema, looks);
    PythonValue::List out;
    for (const PythonValue& item : *value.list()) out.push_back(without_defaults(of_items, item, depth + 1));
    return PythonValue(std::move(out));
  }
  if (!value.dict()) return value;
  PythonValue::Dict out;
  for (const auto& [name, member] : *value.dict()) {
    looks = kMaxLooks;
    const PythonValue* of_member = property(schema, name, looks);
    if (!is_same(of_member, &member, nullptr, depth + 1)) {
      out.emplace(name, without_defaults(of_member, member, depth + 1));
    }
  }
  return PythonValue(std::move(out));
}

PythonValue ArgumentSchema::without_defaults(const PythonValue& arguments) const {
  return without_defaults(root_, arguments, -1);
}

}  // namespace fw::evals
