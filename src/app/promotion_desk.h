#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/service.h"
#include "audit/audit_log.h"
#include "capture/gateway/gateway.h"
#include "promotion/canary_watch.h"
#include "promotion/promotions.h"
#include "promotion/settings.h"

namespace fw::app {

/// Audit log, promotions and the watch over canaries, joined with the gateway: a step that people take is on disk, then
/// in the gateway's table; an answer of a promoted model goes to the watch, whose decisions become steps of the person
/// "flywheel".
class PromotionDesk final {
 public:
  /// Opens `audit/` in the service's data folder. The service outlives it.
  [[nodiscard]] static Result<std::unique_ptr<PromotionDesk>> open(const promotion::Settings& settings,
                                                                   Service& service);
  ~PromotionDesk();
  PromotionDesk(const PromotionDesk&) = delete;
  PromotionDesk& operator=(const PromotionDesk&) = delete;

  /// For GatewayDependencies::on_promoted. Any thread.
  void observe(const std::string& promotion, bool is_error);
  /// Hands what is on traffic to the gateway, now and after every step. nullptr: there is none.
  void join(capture::Gateway* gateway);

  [[nodiscard]] promotion::Promotions& promotions();
  [[nodiscard]] audit::AuditLog& audit();
  [[nodiscard]] const promotion::CanaryWatch& watch() const;

 private:
  struct Impl;
  explicit PromotionDesk(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // a step on its way to the disk keeps it
};

}  // namespace fw::app
