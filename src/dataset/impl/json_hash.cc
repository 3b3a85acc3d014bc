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

std::uint64_t hash_json(element value) {
  switch (value.type()) {
    case element_type::OBJECT: {
      std::uint64_t sum = 3;  // a sum does not know the order of keys
      for (const auto field : object(value)) sum += combine(hash_json(field.value), field.key);
      return combine(sum, 4);
    }
    case element_type::ARRAY: {
      std::uint64_t hash = 5;
      for (const element item : array(value)) hash = combine(hash, hash_json(item));
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
