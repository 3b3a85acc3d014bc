#pragma once

#include <rocksdb/env.h>

namespace fw::logstore {

/// What RocksDB says of itself, as lines of our log: failures as warnings, the rest as `debug`. Without it RocksDB
/// keeps a file of its own, and ends the process once a full disk or one that became read-only refused a line of it.
class EngineLog final : public rocksdb::Logger {
 public:
  EngineLog() : Logger(rocksdb::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override { Logv(rocksdb::WARN_LEVEL, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;
};

}  // namespace fw::logstore
