#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "app/listener.h"
#include "app/service.h"
#include "audit/audit_log.h"
#include "capture/gateway/gateway.h"
#include "capture/gateway/refusal.h"

namespace fw::app {

/// The gateway as a way in, with what stands of it in the data folder.
class GatewayWayIn final : public WayIn {
 public:
  /// What others are told and asked, as in GatewayDependencies; each may be empty.
  struct Callbacks {
    std::function<void(capture::PromotedAnswer)> on_promoted{};
    std::function<void(capture::ShadowedPair)> on_pair{};
    std::function<Task<net::Response>(std::string, auth::Caller)> on_feedback{};
  };

  /// Makes the gateway. Routes that were put and kept in the data folder win over the file's. Routes that
  /// the audit log does not have as the last ones are written there. What is passed outlives it.
  GatewayWayIn(capture::GatewaySettings settings, Service& service, audit::AuditLog& audit, Callbacks callbacks);

  [[nodiscard]] auth::ListenerName listener() const override { return auth::ListenerName::kGateway; }
  void adjust(net::ServerOptions& options) override;
  /// Why the gateway could not be made.
  [[nodiscard]] Status open() override { return made_; }
  [[nodiscard]] net::Handler handler() override { return gateway_->handler(); }
  [[nodiscard]] std::optional<net::Response> refusal(const net::IncomingRequest& request,
                                                     const auth::Refusal& why) const override {
    return capture::refusal_of(request.path(), why);
  }
  void has_opened(const std::string& url) override;
  void close() override;
  [[nodiscard]] std::string trouble() const override;
  void write_metrics(std::ostream& out) const override;

  /// The routes of a configuration that was read again; what was put is forgotten.
  void reload(const capture::GatewaySettings& settings);
  /// nullptr where it cannot be made.
  [[nodiscard]] capture::Gateway* gateway() { return gateway_.get(); }
  [[nodiscard]] static std::filesystem::path routes_file(const Service& service);

 private:
  void take_kept_routes();
  /// Why routes are not in the audit log that are not the last ones there.
  [[nodiscard]] Status note(const capture::RouteTable& table, const char* reason);

  Service& service_;
  audit::AuditLog& audit_;
  std::unique_ptr<capture::Gateway> gateway_;
  Status made_;
};

}  // namespace fw::app
