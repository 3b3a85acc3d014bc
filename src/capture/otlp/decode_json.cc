#include <algorithm>
#include <charconv>

#include "capture/otlp/impl/decode.h"
#include "codec/json_slicer.h"

/// OTLP's JSON: protobuf's own mapping, but ids as hex and 64-bit integers as text (or numbers).
namespace fw::capture::otlp {
namespace {

const Json* member(const Json& object, const char* name, const char* older = nullptr) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(name);
  if (found == object.end() && older != nullptr) found = object.find(older);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text(const Json* value) { return value != nullptr && value->is_string() ? value->get<std::string>() : ""; }

std::string id_text(const Json* value, std::size_t digits) {
  std::string id = text(value);
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool is_hex = id.size() == digits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hex ? id : "";
}

std::uint64_t integer(const Json* value) {
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  const std::string digits = text(value);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Json any_value(const Json& value, int depth) {
  if (depth >= kMaxValueDepth) return nullptr;
  if (const Json* inner = member(value, "stringValue")) return *inner;
  if (const Json* inner = member(value, "boolValue")) return *inner;
  if (const Json* inner = member(value, "intValue")) {
    std::int64_t number = 0;
    const std::string digits = inner->is_string() ? inner->get<std::string>() : inner->dump();
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  if (const Json* inner = member(value, "doubleValue")) return *inner;
  if (const Json* inner = member(value, "bytesValue")) return *inner;
  if (const Json* list = member(value, "arrayValue")) {
    Json out = Json::array();
    if (const Json* values = member(*list, "values"); values != nullptr && values->is_array()) {
      for (const Json& element : *values) out.push_back(any_value(element, depth + 1));
    }
    return out;
  }
  if (const Json* list = member(value, "kvlistValue")) {
    Json out = Json::object();
    if (const Json* values = member(*list, "values"); values != nullptr && values->is_array()) {
      for (const Json& entry : *values) {
        if (out.size() >= kMaxMapEntries) break;
        const Json* inner = member(entry, "value");
        out[text(member(entry, "key"))] = inner == nullptr ? Json() : any_value(*inner, depth + 1);
      }
    }
    return out;
  }
  return nullptr;
}

Attributes attributes(const Json& object) {
  Attributes out;
  const Json* list = member(object, "attributes");
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& entry : *list) {
    const Json* value = member(entry, "value");
    out.add(text(member(entry, "key")), value == nullptr ? Json() : any_value(*value, 0));
  }
  return out;
}

void read(const Json& json, Span& span) {
  span.trace_id = id_text(member(json, "traceId", "trace_id"), 32);
  span.span_id = id_text(member(json, "spanId", "span_id"), 16);
  span.name = text(member(json, "name"));
  span.start = time_of_nanoseconds(integer(member(json, "startTimeUnixNano", "start_time_unix_nano")));
  span.end = time_of_nanoseconds(integer(member(json, "endTimeUnixNano", "end_time_unix_nano")));
  span.attributes = attributes(json);
  if (const Json* events = member(json, "events"); events != nullptr && events->is_array()) {
    for (const Json& event : *events) span.events.push_back({text(member(event, "name")), attributes(event)});
  }
  if (const Json* status = member(json, "status")) {
    const Json* code = member(*status, "code");
    span.is_error = code != nullptr && (*code == 2 || *code == "STATUS_CODE_ERROR");
  }
}

void read(const Json& json, LogRecord& log) {
  log.trace_id = id_text(member(json, "traceId", "trace_id"), 32);
  log.span_id = id_text(member(json, "spanId", "span_id"), 16);
  log.event_name = text(member(json, "eventName", "event_name"));
  const std::uint64_t time = integer(member(json, "timeUnixNano", "time_unix_nano"));
  log.time =
      time_of_nanoseconds(time != 0 ? time : integer(member(json, "observedTimeUnixNano", "observed_time_unix_nano")));
  log.attributes = attributes(json);
  if (const Json* body = member(json, "body")) log.body = any_value(*body, 0);
  if (log.event_name.empty()) log.event_name = log.attributes.text("event.name");
}

struct Names {
  const char* resources;
  const char* older_resources;
  const char* scopes;
  const char* older_scopes;
  const char* items;
  const char* older_items;
};

template <class Item>
Result<std::vector<Item>> decode(std::string_view body, const Names& names) {
  codec::JsonSlicer slicer;
  if (const auto members = slicer.members(body); !members.ok()) return members.error();
  const Json json = Json::parse(body, nullptr, false);
  std::vector<Item> out;
  const Json* resources = member(json, names.resources, names.older_resources);
  if (resources == nullptr) return out;
  if (!resources->is_array()) return invalid_argument(std::string(names.resources) + " is not a list");
  for (const Json& group : *resources) {
    const Json* resource = member(group, "resource");
    const Json* scopes = member(group, names.scopes, names.older_scopes);
    if (scopes == nullptr || !scopes->is_array()) continue;
    for (const Json& scope : *scopes) {
      auto origin = std::make_shared<Origin>();
      if (resource != nullptr) origin->resource = attributes(*resource);
      if (const Json* maker = member(scope, "scope")) origin->scope = text(member(*maker, "name"));
      const Json* items = member(scope, names.items, names.older_items);
      if (items == nullptr || !items->is_array()) continue;
      for (const Json& item : *items) {
        Item& read_item = out.emplace_back();
        read_item.origin = origin;
        read(item, read_item);
      }
    }
  }
  return out;
}

}  // namespace

Result<std::vector<Span>> decode_traces_json(std::string_view text) {
  return decode<Span>(text, {"resourceSpans", "resource_spans", "scopeSpans", "scope_spans", "spans", "spans"});
}

Result<std::vector<LogRecord>> decode_logs_json(std::string_view text) {
  return decode<LogRecord>(text,
                           {"resourceLogs", "resource_logs", "scopeLogs", "scope_logs", "logRecords", "log_records"});
}

}  // namespace fw::capture::otlp
