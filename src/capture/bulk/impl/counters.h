#pragma once

#include <atomic>
#include <cstdint>

namespace fw::capture::elastic {

/// What its parts count (BulkApiStats).
struct Counters {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> known{0};
  std::atomic<std::uint64_t> kept_aside{0};
  std::atomic<std::uint64_t> refused{0};
};

}  // namespace fw::capture::elastic
