#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fw::api {

/// A way in for traffic, as `/readyz` and `/metrics` tell of it. Counters only grow.
struct FaceReport {
  std::string name;
  std::string url;               ///< empty while it does not listen
  std::string problem;           ///< why it does not
  std::uint64_t accepted = 0;    ///< records on disk
  std::uint64_t known = 0;       ///< of them, those that were there already
  std::uint64_t kept_aside = 0;  ///< documents that are no traffic
  std::uint64_t refused = 0;     ///< records that found no room or that the store did not take
  std::vector<std::pair<std::string, std::uint64_t>> more{};  ///< counts that only this way in has, by name
};

/// Called from any thread, must not block; may be empty.
using FaceReports = std::function<std::vector<FaceReport>()>;

}  // namespace fw::api
