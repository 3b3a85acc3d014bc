#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/health.h"
#include "app/service.h"
#include "capture/gateway/gateway.h"
#include "net/access_log.h"
#include "net/server.h"

namespace fw::app {

/// The gateway and its listener as a part of `flywheel serve` that may be off: not configured, or its port is taken.
class GatewayFace final {
 public:
  /// Makes the gateway, without listening. Routes that were put and kept in the data folder win over the file's.
  /// `service` outlives it.
  /// `on_promoted` as in GatewayDependencies; may be empty.
  GatewayFace(capture::GatewaySettings settings, Service& service,
              std::function<void(const std::string&, bool)> on_promoted = {});
  ~GatewayFace();
  GatewayFace(const GatewayFace&) = delete;
  GatewayFace& operator=(const GatewayFace&) = delete;

  /// Listens; where it cannot, it is off and says why.
  void start();
  /// Takes no new requests, lets running ones end for as long as they are given, and ends the rest.
  void stop();

  /// The routes of a configuration that was read again; what was put is forgotten.
  void reload(const capture::GatewaySettings& settings);

  /// nullptr where none is configured, or it cannot be made.
  [[nodiscard]] capture::Gateway* gateway() { return gateway_.get(); }
  /// Nothing where none is configured. Any thread.
  [[nodiscard]] std::optional<api::Face> face() const;
  [[nodiscard]] static std::filesystem::path routes_file(const Service& service);

 private:
  Service& service_;
  net::AccessLog access_log_;
  std::unique_ptr<capture::Gateway> gateway_;
  std::unique_ptr<net::Server> server_;
  mutable std::mutex mutex_;  // guards both: the API asks while the gateway is started
  std::string url_;
  std::string why_off_;
};

}  // namespace fw::app
