#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fw::capture {

/// What routing and labelling need to know of a request's body; everything else in it is left alone.
struct RequestScan {
  bool is_object = false;  ///< the body is a JSON object, checked to its end
  bool is_stream = false;  ///< `"stream": true`
  std::string model;       ///< empty where there is none
  std::string user;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< names and values that are texts
  // What rules look at, where it is asked for.
  std::string system;              ///< beginning of the first system message
  std::string prompt;              ///< beginning of the first user message
  std::vector<std::string> tools;  ///< names of those that are offered
  std::string output = "text";     ///< the form of answer that is asked for: `json_schema:NAME`, `json_object`, ...
};

/// Reads bodies, one after the other; keeps its buffers. Not thread-safe.
class RequestScanner final {
 public:
  RequestScanner();
  ~RequestScanner();
  RequestScanner(const RequestScanner&) = delete;
  RequestScanner& operator=(const RequestScanner&) = delete;

  /// One pass over the body. It may grow `body`'s capacity (never its text), because the parser reads a little beyond
  /// the end. `wants_system`: system message, prompt, tools and output are looked for too.
  [[nodiscard]] RequestScan scan(std::string& body, bool wants_system);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The body, a JSON object, with another text as its `model`; every other byte as it was.
[[nodiscard]] Result<std::string> with_model(std::string_view body, std::string_view model);

}  // namespace fw::capture
