#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/caller.h"
#include "base/clock.h"

/// OpenTelemetry's spans and log records, as far as traffic is in them, whatever way they were encoded. Values.
namespace fw::capture::otlp {

using Json = nlohmann::ordered_json;

/// Names and values in the order they came; a value is any JSON, bytes as base64.
class Attributes final {
 public:
  void add(std::string name, Json value) { entries_.emplace_back(std::move(name), std::move(value)); }
  /// Nothing where it is absent or null.
  [[nodiscard]] const Json* find(std::string_view name) const;
  /// The first of the names that is there.
  [[nodiscard]] const Json* find_any(std::initializer_list<std::string_view> names) const;
  /// The text under the name; a number's digits; empty where there is neither.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] bool has_prefix(std::string_view prefix) const;

  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  std::vector<std::pair<std::string, Json>> entries_;
};

/// What something happened within: who made it.
struct Origin {
  Attributes resource;
  std::string scope;                             ///< name of the instrumentation
  std::shared_ptr<const auth::Caller> caller{};  ///< whose key it came with; absent: none
};

struct SpanEvent {
  std::string name;
  Attributes attributes;
};

struct Span {
  std::string trace_id;  ///< 32 hex digits, or empty
  std::string span_id;   ///< 16
  std::string name;
  Timestamp start;
  Timestamp end;
  Attributes attributes;
  std::vector<SpanEvent> events;
  bool is_error = false;
  std::shared_ptr<const Origin> origin;  ///< never null
};

struct LogRecord {
  std::string trace_id;
  std::string span_id;
  std::string event_name;  ///< its own, or the attribute `event.name`
  Timestamp time;
  Json body;
  Attributes attributes;
  std::shared_ptr<const Origin> origin;  ///< never null
};

}  // namespace fw::capture::otlp
