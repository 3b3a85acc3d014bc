#include "logstore/elasticsearch/impl/index.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "codec/json_member.h"
#include "net/url.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;
using Unit = Documents::Unit;

constexpr std::int64_t kFirstMillisecond = 100'000'000'000;

constexpr Duration kLookAgain = std::chrono::minutes(1);  // others may add documents with other times

/// Known beside a document's bytes; the same in our own indexes and in those that others made.
Json flywheel_mapping() {
  return Json::parse(R"({"type": "object", "dynamic": false, "properties": {
    "nanoseconds": {"type": "integer"}, "origin": {"type": "keyword"}, "ending": {"type": "keyword"},
    "conversation": {"type": "keyword", "ignore_above": 1024}}})");
}

/// The blueprint's mapping, with times that Elasticsearch knows as what they are, and with contents that it does not
/// look into.
Json own_index() {
  Json json = Json::parse(R"({"mappings": {"dynamic": "strict", "properties": {
    "workload_id": {"type": "keyword"}, "client_id": {"type": "keyword"},
    "timestamp": {"type": "date", "format": "epoch_second||strict_date_optional_time"},
    "request": {"type": "object", "enabled": false}, "response": {"type": "object", "enabled": false}}}})");
  json["mappings"]["properties"]["flywheel"] = flywheel_mapping();
  return json;
}

Error not_ours(const std::string& index, const std::string& what) {
  return failed_precondition("the index " + index + " " + what +
                             "; it needs workload_id and client_id as keywords and timestamp as a date or number "
                             "(name another index: one that does not exist is made)");
}

/// The name under which a field's whole values are indexed.
Result<std::string> keyword(const Json& properties, const std::string& name, const std::string& index) {
  if (!properties.contains(name)) return not_ours(index, "has no field " + name);
  const Json& field = properties[name];
  const std::string type = codec::text_at(field, "type", "object");
  if (type == "keyword" || type == "constant_keyword" || type == "wildcard") return name;
  for (const auto& [sub, mapping] : codec::member_of(field, "fields").items()) {
    if (codec::text_at(mapping, "type") == "keyword") return name + '.' + sub;
  }
  return not_ours(index, "has " + name + " as " + type);
}

/// The unit in which its values count when the mapping says it; nothing where documents decide.
struct TimeField {
  std::string name;
  std::optional<Unit> unit;
};

Result<TimeField> time_field(const Json& properties, const std::string& index) {
  for (const std::string name : {"timestamp", "@timestamp"}) {
    if (!properties.contains(name)) continue;
    const std::string type = codec::text_at(properties[name], "type", "object");
    const std::string format = codec::text_at(properties[name], "format");
    if (type == "date_nanos") return not_ours(index, "has " + name + " as date_nanos");
    if (type == "date" && format.starts_with("epoch_second")) return TimeField{name, Unit::kMilliseconds};
    const bool is_number = type == "long" || type == "integer" || type == "double" || type == "unsigned_long";
    if (type == "date" || is_number) return TimeField{name, std::nullopt};
    return not_ours(index, "has " + name + " as " + type);
  }
  return not_ours(index, "has no field timestamp");
}

/// Which units the documents' own numbers have.
Result<std::vector<Unit>> units_of(Cluster& cluster, const Index& index, const std::string& field) {
  const Json ask{{"size", 0},
                 {"aggs", {{"least", {{"min", {{"field", field}}}}}, {"most", {{"max", {{"field", field}}}}}}}};
  FW_ASSIGN(const Json answer, cluster.json(net::Method::kPost, index.path("_search"), ask.dump()));
  const Json& found = codec::member_of(answer, "aggregations");
  const Json& least = codec::member_of(codec::member_of(found, "least"), "value");
  const Json& most = codec::member_of(codec::member_of(found, "most"), "value");
  if (!least.is_number() || !most.is_number()) return std::vector{Unit::kSeconds};
  const auto unit_at = [](const Json& value) {
    return unit_of(static_cast<std::int64_t>(std::clamp(value.get<double>(), -9.2e18, 9.2e18)));
  };
  std::vector<Unit> units;
  for (const Unit unit : {Unit::kSeconds, Unit::kMilliseconds, Unit::kMicroseconds, Unit::kNanoseconds}) {
    if (unit >= unit_at(least) && unit <= unit_at(most)) units.push_back(unit);
  }
  return units;
}

}  // namespace

ValuesOfUnit values_of(Unit unit) {
  switch (unit) {
    case Unit::kSeconds: return {.first = {}, .end = kFirstMillisecond};
    case Unit::kMilliseconds: return {.first = kFirstMillisecond, .end = kFirstMillisecond * 1000};
    case Unit::kMicroseconds: return {.first = kFirstMillisecond * 1000, .end = kFirstMillisecond * 1'000'000};
    case Unit::kNanoseconds: break;
  }
  return {.first = kFirstMillisecond * 1'000'000, .end = {}};
}

Unit unit_of(std::int64_t value) {
  for (const Unit unit : {Unit::kSeconds, Unit::kMilliseconds, Unit::kMicroseconds}) {
    if (value < *values_of(unit).end) return unit;
  }
  return Unit::kNanoseconds;
}

std::string Index::path(std::string_view rest) const {
  std::string encoded;
  for (const char c : name_) encoded += c == ',' || c == '*' ? std::string(1, c) : net::percent_encode({&c, 1});
  return '/' + encoded + '/' + std::string(rest);
}

Result<IndexForm> Index::form() {
  const std::lock_guard lock(mutex_);
  if (!form_ || kernel_now() - looked_ > kLookAgain) {
    FW_ASSIGN(form_, look());
    looked_ = kernel_now();
  }
  return *form_;
}

Status Index::create() {
  std::string target = path("");
  target.pop_back();
  FW_ASSIGN(const auto answer, cluster_.call(net::Method::kPut, target, own_index().dump()));
  if (answer.is_success()) {
    log_info("logstore", "index made", {{"index", name_}});
    return {};
  }
  const Error error = Cluster::error_of(answer);
  return error.message.find("resource_already_exists") == std::string::npos ? Status(error) : Status();
}

Result<IndexForm> Index::look() {
  auto mappings = cluster_.json(net::Method::kGet, path("_mapping"));
  const bool is_pattern = name_.find_first_of("*,") != std::string::npos;
  if (!mappings.ok() && mappings.error().code == ErrorCode::kNotFound && !is_pattern) {
    FW_TRY(create());
    mappings = cluster_.json(net::Method::kGet, path("_mapping"));
  }
  if (!mappings.ok()) return std::move(mappings).error();
  if (mappings->empty()) return not_found("no index matches " + name_ + "; name one in log_store.elasticsearch.index");

  IndexForm form;
  form.is_one = mappings->size() == 1 && !is_pattern;
  std::optional<Unit> unit;
  bool first = true;
  for (const auto& [index, of] : mappings->items()) {
    const Json& properties = codec::member_of(codec::member_of(of, "mappings"), "properties");
    Fields fields;
    FW_ASSIGN(fields.workload, keyword(properties, "workload_id", index));
    FW_ASSIGN(fields.client, keyword(properties, "client_id", index));
    FW_ASSIGN(const TimeField time, time_field(properties, index));
    fields.timestamp = time.name;
    const bool same = first || (fields.workload == form.fields.workload && fields.client == form.fields.client &&
                                fields.timestamp == form.fields.timestamp && time.unit == unit);
    if (!same) return not_ours(index, "is mapped otherwise than the others under " + name_);
    form.fields = std::move(fields);
    form.names.push_back(index);
    unit = time.unit;
    first = false;
    if (form.is_one && !properties.contains("flywheel")) {
      const Json added{{"properties", {{"flywheel", flywheel_mapping()}}}};
      const auto answer = cluster_.call(net::Method::kPut, path("_mapping"), added.dump());
      if (!answer.ok() || !answer->is_success()) {
        log_warning(
            "logstore", "index can be read alone: its mapping takes no field flywheel",
            {{"index", name_}, {"reason", answer.ok() ? Cluster::error_of(*answer).message : answer.error().message}});
        form.is_one = false;
      }
    }
  }
  if (unit) {
    form.units = {*unit};
    form.written = *unit;
  } else {
    FW_ASSIGN(form.units, units_of(cluster_, *this, form.fields.timestamp));
    // A number in a field of default format counts as milliseconds since 1970 there, whatever it means.
    form.written = Unit::kSeconds;
    if (std::ranges::find(form.units, Unit::kSeconds) == form.units.end()) {
      form.units.insert(form.units.begin(), Unit::kSeconds);
    }
  }
  return form;
}

}  // namespace fw::logstore
