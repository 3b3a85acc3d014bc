#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/pool.h"
#include "net/server.h"
#include "net/url.h"

namespace fw::net {

/// The values of a pattern's `{names}`, percent-decoded.
class PathParams final {
 public:
  void add(std::string name, std::string value) { values_.emplace_back(std::move(name), std::move(value)); }
  /// The name must stand in the route's pattern.
  [[nodiscard]] const std::string& at(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// A whole request as an endpoint sees it.
struct Call {
  Request request;
  PathParams params;
  QueryParams query;
  std::string peer;
  std::shared_ptr<const auth::Caller> caller{};  ///< as of IncomingRequest
  Deadline deadline = Deadline::never();
};

/// Answers a whole request with a whole answer; an Error becomes `{"detail": ...}` with the status of its code. A plain
/// function pointer's worth of logic: decode, call, encode.
using Endpoint = std::function<Task<Result<Response>>(Call)>;

/// Answers in pieces, or reads the body in pieces.
using StreamHandler = std::function<Task<void>(IncomingRequest&, PathParams, ResponseWriter&)>;

/// What requests that are read whole may take; more is answered 413, 503 and 408. Streams have only the server's
/// limits.
struct WholeBodyLimits {
  std::size_t max_bytes = SIZE_MAX;
  /// Of all that are in memory at a time, their handlers' run included; one sharer leaves others some (BodyBudget).
  std::size_t max_bytes_in_flight = SIZE_MAX;
  Duration max_time = std::chrono::minutes(5);  ///< from the first byte to the last
};

/// Finds the handler for a method and a path. Patterns are paths of literal segments, `{name}` (one segment, not empty)
/// and, last, `{name...}` (all that is left, slashes included, may be empty). Literals win over names segment by
/// segment, so the order of registration does not matter. HEAD is answered by GET's handler. A slash too many at
/// the end of a path that is no pattern's is overlooked. An unknown path gives 404, another method 405 with Allow; both
/// as JSON detail. Filled before the server starts, then only read, by any thread.
class Router final {
 public:
  /// `packing`: where large answers of endpoints are packed for clients that take gzip (net/compress.h); it outlives
  /// the router. Absent: answers go out as they are.
  explicit Router(WholeBodyLimits limits = {}, Pool* packing = nullptr);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Registering the same method and pattern twice, or a malformed pattern, is a defect and aborts.
  void on(Method method, std::string_view pattern, Endpoint endpoint);
  void on_stream(Method method, std::string_view pattern, StreamHandler handler);
  /// Answers what no pattern matches, instead of 404.
  void otherwise(Handler handler);

  /// The router as a server's handler. The router must outlive it.
  [[nodiscard]] Handler handler() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::net
