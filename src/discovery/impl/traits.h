#pragma once

#include <string>
#include <vector>

#include "capture/gateway/request_scan.h"

namespace fw::discovery {

/// By what requests of one workload are told from others. All of it is in the request: a label is wanted before there
/// is an answer.
struct Traits {
  static constexpr std::size_t kMostOfSystem = 8 * 1024;  ///< bytes that are compared
  static constexpr std::size_t kMostOfPrompt = 512;

  std::string system;
  std::string prompt;
  std::vector<std::string> tools;  ///< ascending, each once
  std::string output;
};

[[nodiscard]] Traits traits_of(const capture::RequestScan& scan);

}  // namespace fw::discovery
