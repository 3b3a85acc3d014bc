#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace fw {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// One name and value of a structured log line.
struct LogField {
  std::string_view name;
  std::variant<std::string, std::int64_t, double, bool> value;

  LogField(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  LogField(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, double v) : name(n), value(v) {}
  template <class Int>
    requires(std::is_integral_v<Int> && !std::is_same_v<Int, bool>)
  LogField(std::string_view n, Int v) : name(n), value(static_cast<std::int64_t>(v)) {}
};

/// Writes one line to standard error: `2026-11-24T15:04:05.123456 info logstore opened path=/data records=2000`, or the
/// same as a JSON object when set_log_json(true). Safe from any thread. `event` is short and constant; what varies is a
/// field. Never log the content of prompts or completions.
void log(LogLevel level, std::string_view module, std::string_view event, std::initializer_list<LogField> fields = {});

void set_log_level(LogLevel lowest);
void set_log_json(bool json);

inline void log_debug(std::string_view module, std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kDebug, module, event, fields);
}
inline void log_info(std::string_view module, std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, module, event, fields);
}
inline void log_warning(std::string_view module, std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarning, module, event, fields);
}
inline void log_error(std::string_view module, std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, module, event, fields);
}

}  // namespace fw
