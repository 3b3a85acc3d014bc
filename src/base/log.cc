#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace fw {
namespace {

// The process has one standard error; its level and form are the process's too.
std::atomic<LogLevel> g_lowest{LogLevel::kInfo};
std::atomic<bool> g_json{false};

constexpr std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

nlohmann::ordered_json to_json(const LogField& field) {
  return std::visit([](const auto& v) { return nlohmann::ordered_json(v); }, field.value);
}

/// ASCII alone: what comes from outside must not drive the terminal that shows the log.
std::string dump(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string plain_value(const LogField& field) {
  const auto* text = std::get_if<std::string>(&field.value);
  if (text == nullptr) return dump(to_json(field));
  const bool simple =
      !text->empty() && std::ranges::all_of(*text, [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '='; });
  return simple ? *text : dump(*text);
}

}  // namespace

void log(LogLevel level, std::string_view module, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < g_lowest.load(std::memory_order_relaxed)) return;
  const std::string time = to_iso8601(SystemClock{}.now());
  std::string line;
  if (g_json.load(std::memory_order_relaxed)) {
    nlohmann::ordered_json object{{"time", time}, {"level", name_of(level)}, {"module", module}, {"event", event}};
    for (const auto& field : fields) object[std::string(field.name)] = to_json(field);
    line = dump(object);
  } else {
    line = time + ' ' + std::string(name_of(level)) + ' ' + std::string(module) + ": " + std::string(event);
    for (const auto& field : fields) line += ' ' + std::string(field.name) + '=' + plain_value(field);
  }
  line += '\n';
  // One write per line: lines of different threads never mix. A closed standard error is no reason to fail.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void set_log_level(LogLevel lowest) { g_lowest = lowest; }
void set_log_json(bool json) { g_json = json; }

}  // namespace fw
