#include "api/job_request.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "api/answer.h"
#include "base/edit_distance.h"
#include "runs/run_config_json.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSection = "data_split_config";

/// A key of data_split_config and how the blueprint's checks call a value of another type.
struct Key {
  const char* name;
  const char* wrong_type;
};
constexpr std::array<Key, 16> kKeys{{{"eval_size", "int_parsing"},
                                     {"val_ratio", "float_parsing"},
                                     {"min_total_records", "int_parsing"},
                                     {"random_seed", "int_parsing"},
                                     {"limit", "int_parsing"},
                                     {"parse_function_arguments", "bool_parsing"},
                                     {"newest_holdout", "float_parsing"},
                                     {"newest_eval_share", "float_parsing"},
                                     {"keep_templates_together", "bool_parsing"},
                                     {"keep_near_duplicates_apart", "bool_parsing"},
                                     {"near_duplicate_threshold", "float_parsing"},
                                     {"max_leaked_share", "float_parsing"},
                                     {"max_answered_share", "float_parsing"},
                                     {"suspicious_answers", "string_type"},
                                     {"holdout_job", "string_type"},
                                     {"holdout_min_rows", "int_parsing"}}};

/// The message without the place that a configuration file would have: `data_split_config:1: `.
std::string without_place(const std::string& message) {
  const std::string place = std::string(kSection) + ":1: ";
  return message.starts_with(place) ? message.substr(place.size()) : message;
}

const Key* key_of(const std::string& name) {
  const auto found = std::ranges::find_if(kKeys, [&](const Key& k) { return name == k.name; });
  return found == kKeys.end() ? nullptr : &*found;
}

bool is_whole(const Key& key) { return std::string_view(key.wrong_type) == "int_parsing"; }

bool is_text(const Key& key) { return std::string_view(key.wrong_type) == "string_type"; }

/// The blueprint's checks take numbers and truths that are written as text, and whole numbers with a fraction of zero.
Json plain(const Key& key, const Json& value) {
  if (is_text(key)) return value;  // an id may have nothing but digits
  Json out = value.is_string() ? Json::parse(value.get_ref<const std::string&>(), nullptr, false) : value;
  if (!out.is_number() && !out.is_boolean()) return value;
  if (is_whole(key) && out.is_number_float()) {
    const double number = out.get<double>();
    if (std::abs(number) < 1e15 && number == std::floor(number)) return static_cast<std::int64_t>(number);
  }
  return out;
}

/// Each key alone, so that a mistake is told of the key that has it.
void check_keys(const Json& known, const Json& given, const SplitOverrides& overrides,
                std::vector<FieldProblem>& problems) {
  dataset::SplitSettings permissive;
  permissive.min_total_records = 1;
  permissive.limit.reset();
  for (const auto& [name, value] : known.items()) {
    const auto read = overrides(dump(Json{{name, value}}), permissive);
    if (read.ok()) continue;
    const Key& key = *key_of(name);
    const bool is_fraction = is_whole(key) && value.is_number_float();
    const bool is_of_type = is_text(key) ? value.is_string() : value.is_number();
    const char* type = is_fraction ? "int_from_float" : is_of_type ? "value_error" : key.wrong_type;
    problems.push_back({type, {"body", kSection, name}, without_place(read.error().message), given.at(name)});
  }
}

}  // namespace

SplitRequest read_split_request(const Json& body, const SplitOverrides& overrides,
                                std::vector<FieldProblem>& problems) {
  SplitRequest request;
  const auto found = body.find(kSection);
  if (found == body.end() || found->is_null()) return request;
  if (!found->is_object()) {
    problems.push_back({"model_attributes_type", {"body", kSection}, "Input should be an object", *found});
    return request;
  }
  Json known = Json::object();
  for (const auto& [name, value] : found->items()) {
    if (const Key* key = key_of(name)) {
      known[name] = plain(*key, value);
    } else {
      request.ignored.push_back(name);
    }
  }
  const std::size_t before = problems.size();
  check_keys(known, *found, overrides, problems);
  if (problems.size() > before) return request;
  auto settings = overrides(dump(known), dataset::SplitSettings{});
  Status fits = settings.ok() ? runs::check(*settings) : Status(settings.error());
  if (fits.ok()) {
    request.settings = *settings;
  } else {
    problems.push_back({"value_error", {"body", kSection}, without_place(fits.error().message), *found});
  }
  return request;
}

std::string said_of(const std::vector<std::string>& ignored) {
  std::vector<std::string> all;
  for (const auto& key : kKeys) all.emplace_back(key.name);
  std::string out;
  for (const auto& name : ignored) {
    const auto near = nearest_name(name, all);
    out += "; " + std::string(kSection) + '.' + name + " is no known key and was ignored" +
           (near ? " (did you mean \"" + *near + "\"?)" : "");
  }
  return out;
}

}  // namespace fw::api
