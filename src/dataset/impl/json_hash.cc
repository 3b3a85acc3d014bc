#include "dataset/impl/json_hash.h"

#include <array>
#include <bit>
#include <cmath>

#include "base/hash.h"

namespace fw::dataset {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool is_no_schema(element value) { return value.is_bool() || value.is_null(); }

bool holds_odd_schema(std::string_view key, element value) {
  if (key == "$ref") return true;
  if (key == "items") return is_no_schema(value);
  if (key == "properties" || key == "$defs" || key == "definitions") {
    object held;
    if (value.get(held) != simdjson::SUCCESS) return false;
    for (const auto field : held) {
      if (is_no_schema(field.value)) return true;
    }
  }
  if (key == "anyOf" || key == "oneOf" || key == "allOf" || key == "prefixItems") {
    array held;
    if (value.get(held) != simdjson::SUCCESS) return false;
    for (const element one : held) {
      if (is_no_schema(one)) return true;
    }
  }
  return false;
}

std::uint64_t hash_integer(std::uint64_t bits) { return combine(bits, 1); }

std::uint64_t hash_double(double number) {
  if (std::abs(number) < kExactIntegers && number == std::floor(number)) {
    return hash_integer(static_cast<std::uint64_t>(static_cast<std::int64_t>(number)));
  }
  return combine(std::bit_cast<std::uint64_t>(number), 2);
}

}  // namespace

std::uint64_t combine(std::uint64_t a, std::uint64_t b) {
  const std::array<std::uint64_t, 2> both{a, b};
  return hash64(std::string_view(reinterpret_cast<const char*>(both.data()), sizeof both));
}
std::uint64_t combine(std::uint64_t a, std::string_view b) { return combine(a, hash64(b)); }

std::uint64_t hash_json(element value, bool& has_odd_schema) {
  switch (value.type()) {
    case element_type::OBJECT: {
      std::uint64_t sum = 3;  // a sum does not know the order of keys
      for (const auto field : object(value)) {
        has_odd_schema = has_odd_schema || holds_odd_schema(field.key, field.value);
        sum += combine(hash_json(field.value, has_odd_schema), field.key);
      }
      return combine(sum, 4);
    }
    case element_type::ARRAY: {
      std::uint64_t hash = 5;
      for (const element item : array(value)) hash = combine(hash, hash_json(item, has_odd_schema));
      return hash;
    }
    case element_type::STRING: return combine(6, std::string_view(value));
    case element_type::INT64: return hash_integer(static_cast<std::uint64_t>(std::int64_t(value)));
    case element_type::UINT64: return hash_integer(std::uint64_t(value));
    case element_type::DOUBLE: return hash_double(double(value));
    case element_type::BOOL: return bool(value) ? 7 : 8;
    case element_type::NULL_VALUE: return 9;
  }
  return 0;
}

}  // namespace fw::dataset
