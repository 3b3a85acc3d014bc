#include "capture/otlp/impl/joiner.h"
#include "codec/json_slicer.h"

/// One line of the file of pieces that wait (docs/formats/otlp_pending.md).
namespace fw::capture::otlp {
namespace {

Json to_json(const Attributes& attributes) {
  Json out = Json::array();
  for (const auto& [name, value] : attributes) out.push_back(Json::array({name, value}));
  return out;
}

Attributes attributes_of(const Json& list) {
  Attributes out;
  for (const Json& pair : list) out.add(pair.at(0).get<std::string>(), pair.at(1));
  return out;
}

std::int64_t count(Timestamp time) { return time.time_since_epoch().count(); }
/// Throws for a number with a fraction or an exponent, which need not fit.
std::int64_t integer_of(const Json& value) { return value.get_ref<const Json::number_integer_t&>(); }
Timestamp time_of(const Json& value) { return Timestamp(Duration(integer_of(value))); }

Json origin_json(const Origin& origin) {
  Json out{{"resource", to_json(origin.resource)}, {"scope", origin.scope}};
  if (origin.caller) {
    out["key"] = {
        {"id", origin.caller->key_id}, {"tenant", origin.caller->tenant}, {"workloads", origin.caller->workloads}};
  }
  return out;
}

std::shared_ptr<const auth::Caller> caller_of(const Json& key) {
  auto caller = std::make_shared<auth::Caller>();
  caller->via = auth::Via::kKey;
  caller->key_id = key.at("id").get<std::string>();
  caller->tenant = key.at("tenant").get<std::string>();
  caller->workloads = key.at("workloads").get<std::vector<std::string>>();
  return caller;
}

std::shared_ptr<const Origin> origin_of(const Json& json) {
  auto origin = std::make_shared<Origin>();
  origin->resource = attributes_of(json.at("resource"));
  origin->scope = json.at("scope").get<std::string>();
  if (json.contains("key")) origin->caller = caller_of(json.at("key"));
  return origin;
}

Json to_json(const Span& span) {
  Json events = Json::array();
  for (const SpanEvent& event : span.events)
    events.push_back({{"name", event.name}, {"attributes", to_json(event.attributes)}});
  return {{"name", span.name},      {"start", count(span.start)},
          {"end", count(span.end)}, {"attributes", to_json(span.attributes)},
          {"events", events},       {"error", span.is_error}};
}

Span span_of(const Json& json) {
  Span span;
  span.name = json.at("name").get<std::string>();
  span.start = time_of(json.at("start"));
  span.end = time_of(json.at("end"));
  span.attributes = attributes_of(json.at("attributes"));
  for (const Json& event : json.at("events")) {
    span.events.push_back({event.at("name").get<std::string>(), attributes_of(event.at("attributes"))});
  }
  span.is_error = json.at("error").get<bool>();
  return span;
}

Json to_json(const LogRecord& log) {
  return {
      {"name", log.event_name}, {"time", count(log.time)}, {"body", log.body}, {"attributes", to_json(log.attributes)}};
}

LogRecord log_of(const Json& json) {
  LogRecord log;
  log.event_name = json.at("name").get<std::string>();
  log.time = time_of(json.at("time"));
  log.body = json.at("body");
  log.attributes = attributes_of(json.at("attributes"));
  return log;
}

}  // namespace

std::string to_line(const Piece& piece) {
  Json json{{"trace", piece.trace_id()}, {"span", piece.span_id()}, {"since", count(piece.since)}};
  if (piece.copy > 0) json["copy"] = piece.copy;
  if (piece.span) json["of_span"] = to_json(*piece.span);
  if (piece.event) json["of_event"] = to_json(*piece.event);
  json["origin"] = origin_json(piece.span ? *piece.span->origin : *piece.event->origin);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Piece> parse_line(std::string_view line) {
  const Error damaged = data_loss("a line of the pieces that wait is damaged");
  codec::JsonSlicer slicer;
  if (!slicer.members(line).ok()) return damaged;
  const Json json = Json::parse(line, nullptr, false);
  try {
    Piece piece;
    piece.since = time_of(json.at("since"));
    if (json.contains("copy")) piece.copy = static_cast<std::uint32_t>(integer_of(json.at("copy")));
    if (json.contains("of_span")) {
      piece.span = span_of(json.at("of_span"));
      piece.span->trace_id = json.at("trace").get<std::string>();
      piece.span->span_id = json.at("span").get<std::string>();
      piece.span->origin = origin_of(json.at("origin"));
    } else {
      piece.event = log_of(json.at("of_event"));
      piece.event->trace_id = json.at("trace").get<std::string>();
      piece.event->span_id = json.at("span").get<std::string>();
      piece.event->origin = origin_of(json.at("origin"));
    }
    return piece;
  } catch (const Json::exception&) {
    return damaged;
  }
}

}  // namespace fw::capture::otlp
