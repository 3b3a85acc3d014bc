#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "base/error.h"

namespace fw::trainer {

/// Writes what happens as JSON lines on standard output (docs/formats/trainer_events.md). Safe from any thread.
class EventWriter final {
 public:
  void write(const nlohmann::ordered_json& event);
  void write_error(const Error& error);

 private:
  std::mutex mutex_;
};

}  // namespace fw::trainer
