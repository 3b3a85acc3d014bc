#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <ostream>

#include "base/clock.h"
#include "capture/completions/stream_rebuild.h"
#include "record/provenance.h"

namespace fw::capture {

/// What became of a request's record.
enum class Kept : std::uint8_t {
  kTaken,       ///< given to the committer, or on disk already
  kSampledOut,  ///< left out on purpose
  kUnreadable,  ///< the request is no JSON object of its dialect, or the answer is too large
  kNoRoom,      ///< the committer had none: lost
  kFailed,      ///< the store did not take it in time
};

/// A histogram of times with fixed bounds, for Prometheus. Lock-free.
class LatencyHistogram final {
 public:
  void add(Duration d);
  void write(std::ostream& out, const char* name, const char* help) const;

 private:
  static constexpr std::array<double, 14> kBounds{25e-6,  50e-6, 100e-6, 150e-6, 250e-6, 500e-6, 1e-3,
                                                  2.5e-3, 5e-3,  10e-3,  25e-3,  100e-3, 1,      10};
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

/// What the gateway has done. Lock-free, any thread; counters only grow.
class GatewayCounters final {
 public:
  void begin(std::optional<Dialect> dialect) { ++requests_.at(dialect ? static_cast<std::size_t>(*dialect) : kOther); }
  void refuse() { ++refused_; }
  void retry() { ++retries_; }
  void fall_back() { ++fallbacks_; }
  void keep(Kept what) { ++kept_.at(static_cast<std::size_t>(what)); }
  void end(record::Ending ending) { ++endings_.at(static_cast<std::size_t>(ending)); }
  void answer(int status);
  /// Time of ours: from the request's last byte to sending it on, and from the answer's head to passing that on.
  void added(Duration d) { added_.add(d); }

  std::atomic<std::int64_t> open_exchanges{0};

  [[nodiscard]] std::uint64_t kept(Kept what) const { return kept_.at(static_cast<std::size_t>(what)); }
  [[nodiscard]] std::uint64_t requests() const;
  [[nodiscard]] std::uint64_t retries() const { return retries_; }
  void write(std::ostream& out) const;

 private:
  static constexpr std::size_t kOther = 4;
  std::array<std::atomic<std::uint64_t>, 5> requests_{};
  std::array<std::atomic<std::uint64_t>, 6> by_class_{};
  std::array<std::atomic<std::uint64_t>, 5> kept_{};
  std::array<std::atomic<std::uint64_t>, 5> endings_{};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> fallbacks_{0};
  LatencyHistogram added_;
};

}  // namespace fw::capture
