#include "logstore/rocksdb/impl/engine_log.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "base/log.h"

namespace fw::logstore {

void EngineLog::Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < GetInfoLogLevel()) return;
  std::array<char, 1024> line{};
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  if (size <= 0) return;
  std::string_view said(line.data());
  while (said.ends_with('\n')) said.remove_suffix(1);
  const bool is_failure = level == rocksdb::ERROR_LEVEL || level == rocksdb::FATAL_LEVEL;
  log(is_failure ? LogLevel::kWarning : LogLevel::kDebug, "rocksdb", "says", {{"line", said}});
}

}  // namespace fw::logstore
