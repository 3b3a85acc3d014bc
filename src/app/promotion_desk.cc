#include "app/promotion_desk.h"

#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace fw::app {
namespace {

constexpr const char* kItself = "flywheel";

std::vector<capture::Promoted> promoted_of(const std::vector<promotion::Proposal>& on_traffic) {
  std::vector<capture::Promoted> list;
  // A canary stands before the live model that it may follow.
  for (const bool wants_live : {false, true}) {
    for (const auto& p : on_traffic) {
      if (p.share <= 0 || (p.stage == promotion::Stage::kLive) != wants_live) continue;
      list.push_back({.id = p.id,
                      .workload = p.candidate.workload,
                      .client = p.candidate.client,
                      .target = {.upstream = p.candidate.upstream,
                                 .model = p.candidate.served_model,
                                 .weight = 1,
                                 .variant = p.candidate.model + " " + p.candidate.variant},
                      .share = p.share});
    }
  }
  return list;
}

}  // namespace

struct PromotionDesk::Impl {
  Impl(const promotion::Settings& settings, Service& s) : service(s), watch(settings.gates, settings.rules.steps) {}

  void take(const std::vector<promotion::Proposal>& list);
  void act(const std::string& id, const promotion::Decision& decision);

  Service& service;
  promotion::CanaryWatch watch;
  std::unique_ptr<audit::AuditLog> audit;
  std::mutex mutex;  // guards the next two
  capture::Gateway* gateway = nullptr;
  std::vector<promotion::Proposal> on_traffic;
  std::unique_ptr<promotion::Promotions> promotions;
};

void PromotionDesk::Impl::take(const std::vector<promotion::Proposal>& list) {
  watch.set(list);
  const std::lock_guard lock(mutex);
  on_traffic = list;
  if (gateway == nullptr) return;
  if (const auto set = gateway->set_promoted(promoted_of(list)); !set.ok()) {
    log_error("promotion", "the gateway does not route to promoted models", {{"why", set.error().message}});
  }
}

void PromotionDesk::Impl::act(const std::string& id, const promotion::Decision& decision) {
  log_info("promotion", "the gates decided",
           {{"promotion", id}, {"action", promotion::to_string(decision.action)}, {"why", decision.reason}});
  const auto done = promotions->act(id, decision.action, kItself, decision.reason);
  if (!done.ok()) {
    log_error("promotion", "a step of the gates was not taken", {{"promotion", id}, {"why", done.error().message}});
  }
}

PromotionDesk::PromotionDesk(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
PromotionDesk::~PromotionDesk() = default;

Result<std::unique_ptr<PromotionDesk>> PromotionDesk::open(const promotion::Settings& settings, Service& service) {
  auto impl = std::make_shared<Impl>(settings, service);
  FW_ASSIGN(impl->audit, audit::AuditLog::open(service.data_folder() / "audit", service.clock()));
  FW_ASSIGN(impl->promotions, promotion::Promotions::open(*impl->audit, settings.rules,
                                                          [desk = impl.get()](const auto& list) { desk->take(list); }));
  return std::unique_ptr<PromotionDesk>(new PromotionDesk(std::move(impl)));
}

void PromotionDesk::observe(const std::string& promotion, bool is_error) {
  const auto decision = impl_->watch.observe(promotion, {.is_error = is_error});
  if (!decision) return;
  boost::asio::post(impl_->service.disk().executor(),
                    [impl = impl_, promotion, decision = *decision] { impl->act(promotion, decision); });
}

void PromotionDesk::join(capture::Gateway* gateway) {
  std::vector<promotion::Proposal> list;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->gateway = gateway;
    list = impl_->on_traffic;
  }
  impl_->take(list);
}

promotion::Promotions& PromotionDesk::promotions() { return *impl_->promotions; }
audit::AuditLog& PromotionDesk::audit() { return *impl_->audit; }
const promotion::CanaryWatch& PromotionDesk::watch() const { return impl_->watch; }

}  // namespace fw::app
