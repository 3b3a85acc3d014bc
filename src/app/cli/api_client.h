#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "async/deadline.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/byte_source.h"

namespace fw::app {

/// How long a reader of events waits for a service that does not answer.
struct Patience {
  /// Seconds without an answer after which it gives up; absent: never, so that a restart may take its time.
  std::optional<Duration> give_up_after;
  /// Whether the service is known to be there: it need not answer the first time either.
  bool is_known = false;
  Duration first_pause = std::chrono::milliseconds(500);
  Duration longest_pause = std::chrono::seconds(10);
  /// Told before each pause why there is one.
  std::function<void(const Error&)> on_wait;
};

/// Talks to a running service for one command, blocking, with the key of FLYWHEEL_KEY where there is one. Errors carry
/// the service's own words; an unreachable service is an error with the remedy. Not thread-safe.
class ApiClient final {
 public:
  explicit ApiClient(std::string base_url);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  [[nodiscard]] const std::string& base_url() const;

  [[nodiscard]] Result<nlohmann::ordered_json> get(const std::string& path);
  [[nodiscard]] Result<std::string> get_text(const std::string& path);
  [[nodiscard]] Result<nlohmann::ordered_json> post(const std::string& path, const nlohmann::ordered_json& body);
  [[nodiscard]] Result<nlohmann::ordered_json> remove(const std::string& path);

  /// Sends bytes in pieces. `on_progress` is called before each. The report of what was loaded, with `error` where the
  /// bytes are not whole.
  [[nodiscard]] Result<nlohmann::ordered_json> upload(const std::string& path, codec::ByteSource& bytes,
                                                      const std::function<void()>& on_progress);

  /// Gives `on_piece` an answer of any length as it comes, up to its end. An error where it is cut short, or that of
  /// `on_piece`.
  [[nodiscard]] Status download(const std::string& path, const std::function<Status(std::string_view)>& on_piece);

  /// Calls `on_event(kind, data)` for every event of a stream until the service ends it. A lost connection is taken up
  /// again after the last durable event, as long as `patience` lasts. False from `on_event` ends it early.
  [[nodiscard]] Status events(const std::string& path,
                              const std::function<bool(std::string_view kind, std::string_view data)>& on_event,
                              const Patience& patience = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::app
