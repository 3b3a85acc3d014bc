#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "api/audit_deliveries.h"
#include "api/feedback.h"
#include "async/pool.h"
#include "audit/audit_log.h"
#include "net/router.h"
#include "promotion/canary_watch.h"
#include "promotion/model_host.h"
#include "promotion/pair_log.h"
#include "promotion/promotions.h"
#include "runs/run_service.h"

namespace fw::api {

/// What the resource works with beside the runs. Everything outlives the router.
struct PromotionParts {
  promotion::Promotions& promotions;
  const promotion::CanaryWatch& watch;
  promotion::PairLog& pairs;
  audit::AuditLog& audit;
  std::vector<std::string> upstreams;  ///< of the gateway: names that a promoted model may be behind
  TakeFeedback take_feedback{};
  std::function<std::vector<promotion::Feedback>(std::size_t)> recent_feedback{};
  promotion::FeedbackLog* ratings = nullptr;     ///< where erasures look for them; absent: nowhere
  const promotion::ModelHost* host = nullptr;    ///< absent: this machine serves none
  AuditDeliveriesResource::Recent deliveries{};  ///< absent: nobody is told of the audit log
  /// What the engine of a proposal wrote last; blocks. Absent: this machine serves none.
  std::function<promotion::EngineWords(const promotion::Proposal&)> engine_words{};
  /// Why no request goes to the proposal of this id that is on traffic; empty: they do. Absent: there is no gateway.
  std::function<std::string(const std::string&)> trouble_of{};
  /// Of whom the gateway asks for a candidate that an upstream serves; nothing: it has no such upstream.
  std::function<std::optional<promotion::Digests>(const promotion::Candidate&)> upstream_digests{};
  /// The digests that a proposal's bytes have now, or what is gone of them.
  std::function<Task<Result<promotion::Digests>>(promotion::Candidate)> present_digests{};
  /// Whether the candidate is what answers its workload anyway.
  std::function<bool(const promotion::Candidate&)> is_production{};
  /// What this machine serves of a candidate, its files where they lie now; looks at the disk, briefly. Absent: they
  /// lie where they did.
  std::function<promotion::ServedModel(const promotion::Candidate&)> present_files{};
};

/// kFailedPrecondition for a job whose adapter a proposal serves here, or will, that is not at its end; and for one
/// whose proposal an upstream serves, while that is on traffic.
[[nodiscard]] Status check_not_served(const promotion::Promotions& promotions, const runs::JobId& job);

/// `/api/promotions`: proposals of models for the gateway's traffic, and the steps that people take with them
/// (docs/promotion.md). `runs` and `disk` outlive the router.
class PromotionsResource final {
 public:
  PromotionsResource(PromotionParts parts, runs::RunService& runs, Pool& disk)
      : parts_(std::move(parts)), runs_(runs), disk_(disk) {}
  void add_to(net::Router& router);

  /// Another number whenever a step was taken, or a figure of a proposal that is not at its end has changed.
  [[nodiscard]] std::uint64_t revision() const;

 private:
  Task<Result<net::Response>> list(net::Call call);
  Task<Result<net::Response>> detail(net::Call call);
  Task<Result<net::Response>> propose(net::Call call);
  Task<Result<net::Response>> act(net::Call call);
  Task<Result<net::Response>> pairs(net::Call call);
  Task<Result<net::Response>> engine_log(net::Call call);
  /// What the audit log has of one proposal: for all who may see it, as the whole log is for admins.
  Task<Result<net::Response>> history(net::Call call);
  [[nodiscard]] Status check_upstream(const std::string& name) const;
  /// Whether what comes onto traffic with this step, or goes on there, can be routed to.
  [[nodiscard]] Status check_route(const std::string& id, promotion::Action action) const;
  /// Reads again what the step rests on. Other bytes than those of the proposal are refused, and take its signatures.
  [[nodiscard]] Task<Status> check_bytes(std::string id, promotion::Action action);
  [[nodiscard]] Status check_new(const promotion::Candidate& candidate) const;
  [[nodiscard]] Status check_room(const std::string& id, promotion::Action action) const;
  [[nodiscard]] nlohmann::ordered_json proposal_json(const promotion::Proposal& proposal, bool is_past = false) const;
  /// Proposals as they stood, each with all that it was `during` the time.
  [[nodiscard]] nlohmann::ordered_json past_json(const std::vector<promotion::Promotions::Span>& spans) const;
  [[nodiscard]] nlohmann::ordered_json proposals_json(const std::vector<promotion::Proposal>& proposals) const;

  PromotionParts parts_;
  runs::RunService& runs_;
  Pool& disk_;
};

}  // namespace fw::api
