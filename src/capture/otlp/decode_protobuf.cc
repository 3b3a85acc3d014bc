#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "capture/otlp/impl/decode.h"
#include "capture/otlp/impl/wire.h"
#include "capture/timestamp.h"
#include "codec/base64.h"
#include "codec/utf8.h"

/// Field numbers as opentelemetry/proto/{common,resource,trace,logs}/v1 and collector/*/v1 have them.
namespace fw::capture::otlp {
namespace {

/// Calls `take` for every field of a message until it fails.
template <class Take>
Status for_each_field(std::string_view message, Take take) {
  WireReader reader(message);
  while (true) {
    FW_ASSIGN(const auto field, reader.next());
    if (!field) return {};
    FW_TRY(take(*field));
  }
}

bool is_bytes(const WireField& field) { return field.type == WireField::Type::kBytes; }

Json text_json(std::string_view bytes) {
  return codec::is_valid_utf8(bytes) ? Json(std::string(bytes)) : Json(codec::base64_encode(bytes));
}

Result<Json> any_value(std::string_view message, int depth);

/// A KeyValue: key = 1, value = 2.
Status key_value(std::string_view message, int depth, std::string& key, Json& value) {
  return for_each_field(message, [&](const WireField& field) -> Status {
    if (field.number == 1 && is_bytes(field)) key = codec::is_valid_utf8(field.bytes) ? field.bytes : "";
    if (field.number == 2 && is_bytes(field)) {
      FW_ASSIGN(value, any_value(field.bytes, depth));
    }
    return {};
  });
}

/// An id in hex; one of another length is none.
std::string id_text(std::string_view bytes, std::size_t length) { return bytes.size() == length ? to_hex(bytes) : ""; }

/// An ArrayValue's or a KeyValueList's entries, all in field 1.
Result<Json> list_value(std::string_view message, bool is_map, int depth) {
  Json out = is_map ? Json::object() : Json::array();
  FW_TRY(for_each_field(message, [&](const WireField& field) -> Status {
    if (field.number != 1 || !is_bytes(field)) return {};
    if (!is_map) {
      FW_ASSIGN(Json value, any_value(field.bytes, depth));
      out.push_back(std::move(value));
      return {};
    }
    std::string key;
    Json value;
    FW_TRY(key_value(field.bytes, depth, key, value));
    if (out.size() >= kMaxMapEntries) return invalid_argument("a map has more than 1024 entries");
    out[key] = std::move(value);
    return {};
  }));
  return out;
}

/// string 1, bool 2, int 3, double 4, array 5, kvlist 6, bytes 7.
Result<Json> any_value(std::string_view message, int depth) {
  Json out;
  if (depth >= kMaxValueDepth) return out;
  FW_TRY(for_each_field(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1: out = text_json(field.bytes); break;
      case 2: out = field.value != 0; break;
      case 3: out = static_cast<std::int64_t>(field.value); break;
      case 4: out = std::bit_cast<double>(field.value); break;
      case 5:
      case 6: {
        FW_ASSIGN(out, list_value(field.bytes, field.number == 6, depth + 1));
        break;
      }
      case 7: out = codec::base64_encode(field.bytes); break;
      default: break;
    }
    return {};
  }));
  return out;
}

Status add_attribute(std::string_view message, Attributes& into) {
  std::string key;
  Json value;
  FW_TRY(key_value(message, 0, key, value));
  into.add(std::move(key), std::move(value));
  return {};
}

/// Resource: attributes = 1.
Status read_resource(std::string_view message, Attributes& into) {
  return for_each_field(message, [&](const WireField& field) -> Status {
    return field.number == 1 && is_bytes(field) ? add_attribute(field.bytes, into) : Status();
  });
}

/// Span.Event: name = 2, attributes = 3.
Result<SpanEvent> read_event(std::string_view message) {
  SpanEvent event;
  FW_TRY(for_each_field(message, [&](const WireField& field) -> Status {
    if (field.number == 2 && is_bytes(field)) event.name = codec::is_valid_utf8(field.bytes) ? field.bytes : "";
    if (field.number == 3 && is_bytes(field)) return add_attribute(field.bytes, event.attributes);
    return {};
  }));
  return event;
}

/// Status: code = 3, of which 2 is an error.
Result<bool> is_error_status(std::string_view message) {
  bool is_error = false;
  FW_TRY(for_each_field(message, [&](const WireField& field) -> Status {
    if (field.number == 3) is_error = field.value == 2;
    return {};
  }));
  return is_error;
}

Status read(std::string_view message, Span& span) {
  return for_each_field(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1: span.trace_id = id_text(field.bytes, 16); break;
      case 2: span.span_id = id_text(field.bytes, 8); break;
      case 5: span.name = codec::is_valid_utf8(field.bytes) ? field.bytes : ""; break;
      case 7: span.start = time_of_nanoseconds(field.value); break;
      case 8: span.end = time_of_nanoseconds(field.value); break;
      case 9: return add_attribute(field.bytes, span.attributes);
      case 11: {
        FW_ASSIGN(SpanEvent event, read_event(field.bytes));
        span.events.push_back(std::move(event));
        break;
      }
      case 15: {
        FW_ASSIGN(span.is_error, is_error_status(field.bytes));
        break;
      }
      default: break;
    }
    return {};
  });
}

Status read(std::string_view message, LogRecord& log) {
  FW_TRY(for_each_field(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case 1:
      case 11:
        if (field.value != 0 && (field.number == 1 || log.time == Timestamp{}))
          log.time = time_of_nanoseconds(field.value);
        break;
      case 5: {
        FW_ASSIGN(log.body, any_value(field.bytes, 0));
        break;
      }
      case 6: return add_attribute(field.bytes, log.attributes);
      case 9: log.trace_id = id_text(field.bytes, 16); break;
      case 10: log.span_id = id_text(field.bytes, 8); break;
      case 12: log.event_name = codec::is_valid_utf8(field.bytes) ? field.bytes : ""; break;
      default: break;
    }
    return {};
  }));
  if (log.event_name.empty()) log.event_name = log.attributes.text("event.name");
  return {};
}

/// ScopeSpans and ScopeLogs: scope = 1 (name = 1), records = 2.
template <class Item>
Status read_scope(std::string_view message, const Attributes& resource, std::vector<Item>& into) {
  auto origin = std::make_shared<Origin>();
  origin->resource = resource;
  const auto take = [&](const WireField& field) -> Status {
    if (field.number == 1 && is_bytes(field)) {
      return for_each_field(field.bytes, [&](const WireField& inner) -> Status {
        if (inner.number == 1 && codec::is_valid_utf8(inner.bytes)) origin->scope = inner.bytes;
        return {};
      });
    }
    if (field.number != 2 || !is_bytes(field)) return {};
    Item item;
    item.origin = origin;
    FW_TRY(read(field.bytes, item));
    into.push_back(std::move(item));
    return {};
  };
  return for_each_field(message, take);
}

/// Export*ServiceRequest: field 1, each with a resource (1) and scopes (2).
template <class Item>
Result<std::vector<Item>> decode(std::string_view protobuf) {
  std::vector<Item> out;
  FW_TRY(for_each_field(protobuf, [&](const WireField& field) -> Status {
    if (field.number != 1 || !is_bytes(field)) return {};
    Attributes resource;
    FW_TRY(for_each_field(field.bytes, [&](const WireField& inner) -> Status {
      return inner.number == 1 && is_bytes(inner) ? read_resource(inner.bytes, resource) : Status();
    }));
    return for_each_field(field.bytes, [&](const WireField& inner) -> Status {
      return inner.number == 2 && is_bytes(inner) ? read_scope(inner.bytes, resource, out) : Status();
    });
  }));
  return out;
}

}  // namespace

Timestamp time_of_nanoseconds(std::uint64_t nanoseconds) {
  const auto last = static_cast<std::uint64_t>(kLastTime.time_since_epoch().count());
  return Timestamp(Duration(static_cast<std::int64_t>(std::min(nanoseconds, last))));
}

Result<std::vector<Span>> decode_traces(std::string_view protobuf) { return decode<Span>(protobuf); }
Result<std::vector<LogRecord>> decode_logs(std::string_view protobuf) { return decode<LogRecord>(protobuf); }

}  // namespace fw::capture::otlp
