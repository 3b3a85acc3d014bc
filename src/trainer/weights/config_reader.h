#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fw::trainer {

/// Reads members of one object of a config.json; the first wrong type is remembered and everything after it yields
/// defaults. The object must outlive it.
class ConfigReader {
 public:
  using Json = nlohmann::json;

  explicit ConfigReader(const Json& object) : object_(object) {}

  std::int64_t integer(const char* key, std::int64_t otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_number_integer() && !(value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX))
      return value->get<std::int64_t>();
    return wrong(key, "a whole number"), otherwise;
  }
  double number(const char* key, double otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_number()) return value->get<double>();
    return wrong(key, "a number"), otherwise;
  }
  bool boolean(const char* key, bool otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_boolean()) return value->get<bool>();
    return wrong(key, "true or false"), otherwise;
  }
  std::string text(const char* key, std::string otherwise) {
    const Json* value = find(key);
    if (value == nullptr) return otherwise;
    if (value->is_string()) return value->get<std::string>();
    return wrong(key, "a string"), otherwise;
  }
  const Json* object(const char* key) {
    const Json* value = find(key);
    if (value != nullptr && !value->is_object()) return wrong(key, "an object"), nullptr;
    return value;
  }
  /// Empty where there is none.
  std::vector<Json> array(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (value->is_array()) return value->get<std::vector<Json>>();
    return wrong(key, "an array"), std::vector<Json>();
  }
  [[nodiscard]] Status status() const { return error_.empty() ? Status() : Status(data_loss(error_)); }

 private:
  const Json* find(const char* key) const {
    const auto it = object_.find(key);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }
  void wrong(const char* key, const char* expected) {
    if (error_.empty()) error_ = std::string("config.json: ") + key + " is not " + expected;
  }

  const Json& object_;
  std::string error_;
};

}  // namespace fw::trainer
