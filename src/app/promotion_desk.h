#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/service.h"
#include "audit/audit_log.h"
#include "auth/caller.h"
#include "capture/gateway/gateway.h"
#include "promotion/canary_watch.h"
#include "promotion/feedback.h"
#include "promotion/model_host.h"
#include "promotion/pair_log.h"
#include "promotion/promotions.h"
#include "promotion/settings.h"

namespace fw::app {

/// Audit log, promotions, the watch over them and the host of those that this machine serves, joined with the gateway:
/// a step that people take is on disk, then in the gateway's table; what promoted models answer, to clients and to
/// copies, goes to the watch, whose decisions become steps of the person "flywheel". What takes computing is looked at
/// on the service's `cpu` threads, and passed over while too much of it waits: no gate needs all of it. What was
/// counted is on disk a second later.
class PromotionDesk final {
 public:
  /// Opens `audit/` and `promotion/` in the service's data folder. The service outlives it.
  [[nodiscard]] static Result<std::unique_ptr<PromotionDesk>> open(const promotion::Settings& settings,
                                                                   Service& service);
  ~PromotionDesk();
  PromotionDesk(const PromotionDesk&) = delete;
  PromotionDesk& operator=(const PromotionDesk&) = delete;

  /// For GatewayDependencies::on_promoted and on_pair. Any thread; they do not wait.
  void observe(capture::PromotedAnswer answer);
  void compare(capture::ShadowedPair pair);
  /// Keeps what an application says of an answer, with who gave it, and gives it to the gate. The id is that of the
  /// record, or the answer's own while the gateway knows it. kNotFound, also for what the caller's key is not for;
  /// kAlreadyExists.
  [[nodiscard]] Task<Result<promotion::Feedback>> rate(promotion::Rating rating, auth::Caller caller);
  /// Brings up the models that this machine serves, once the service's runs are there.
  void start();
  /// Takes them down, before the service stops.
  void stop();
  /// Hands what is on traffic to the gateway, now and after every step. nullptr: there is none.
  void join(capture::Gateway* gateway);

  [[nodiscard]] promotion::Promotions& promotions();
  [[nodiscard]] audit::AuditLog& audit();
  [[nodiscard]] const promotion::CanaryWatch& watch() const;
  [[nodiscard]] const promotion::ModelHost& host() const;
  [[nodiscard]] promotion::PairLog& pairs();
  /// What the engine that serves, or served, a proposal here wrote last. Blocks.
  [[nodiscard]] promotion::EngineWords engine_words(const promotion::Proposal& proposal) const;
  [[nodiscard]] promotion::FeedbackLog& feedback() const;
  /// Why no request goes to a proposal that is on traffic; empty: they do.
  [[nodiscard]] std::string trouble_of(const std::string& id) const;
  /// Which promoted model does not answer though it should, and why; empty: none.
  [[nodiscard]] std::string trouble() const;
  /// Of whom the gateway asks for a candidate that an upstream serves; nothing: it has no such upstream.
  [[nodiscard]] std::optional<promotion::Digests> upstream_digests(const promotion::Candidate& candidate) const;
  /// The digests that a proposal's bytes have now; kFailedPrecondition, kNotFound, kDataLoss: they are no longer there.
  [[nodiscard]] Task<Result<promotion::Digests>> present_digests(promotion::Candidate candidate);
  /// Whether a candidate is what answers its workload anyway.
  [[nodiscard]] bool is_production(const promotion::Candidate& candidate) const;
  void write_metrics(std::ostream& out) const;

 private:
  struct Impl;
  explicit PromotionDesk(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // a step on its way to the disk keeps it
};

}  // namespace fw::app
