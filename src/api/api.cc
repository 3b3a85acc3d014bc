#include "api/api.h"

#include <algorithm>

#include "api/access.h"
#include "api/audit.h"
#include "api/audit_deliveries.h"
#include "api/comparisons.h"
#include "api/configuration.h"
#include "api/discovery.h"
#include "api/erasures.h"
#include "api/feedback.h"
#include "api/health.h"
#include "api/interactions.h"
#include "api/keys.h"
#include "api/live.h"
#include "api/log_export.h"
#include "api/log_store.h"
#include "api/log_verification.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/records.h"
#include "api/report_rows.h"
#include "api/reviews.h"
#include "api/routes.h"
#include "api/session.h"
#include "api/statistics.h"
#include "api/traffic.h"
#include "api/workloads.h"
#include "net/cross_site.h"

namespace fw::api {
namespace {

/// Memory for request bodies, all together.
constexpr std::uint64_t kBodiesInFlight = 256ULL << 20;

/// An answer that nobody keeps on a disk: what it shows of the traffic is gone for whoever signs out, or erases it.
class UnkeptAnswer final : public net::ResponseWriter {
 public:
  explicit UnkeptAnswer(net::ResponseWriter& out) : out_(out) {}
  Task<Status> send(net::Response response, Deadline deadline) override {
    mark(response.headers);
    return out_.send(std::move(response), deadline);
  }
  Task<Status> start(net::ResponseHead head, Deadline deadline) override {
    mark(head.headers);
    return out_.start(std::move(head), deadline);
  }
  Task<Status> write(std::string piece, Deadline deadline) override { return out_.write(std::move(piece), deadline); }
  Task<Status> finish(Deadline deadline) override { return out_.finish(deadline); }
  [[nodiscard]] bool has_started() const override { return out_.has_started(); }

 private:
  static void mark(net::Headers& headers) { headers.set("Cache-Control", "no-store"); }

  net::ResponseWriter& out_;
};

Task<void> answer_unkept(const net::Handler& handler, net::IncomingRequest& request, net::ResponseWriter& out) {
  UnkeptAnswer answer(out);
  co_await handler(request, answer);
}

/// What the pages are made of may be kept; what is below `/api` may be traffic.
net::Handler keeping_no_traffic(net::Handler handler) {
  return [handler = std::move(handler)](net::IncomingRequest& request, net::ResponseWriter& out) {
    const bool may_be_traffic = request.path().starts_with("/api");
    return may_be_traffic ? answer_unkept(handler, request, out) : handler(request, out);
  };
}

/// Another number whenever a key was made or revoked.
std::uint64_t revision_of(const auth::Keyring& keyring) {
  const auto keys = keyring.list();
  const auto revoked = std::ranges::count_if(keys, [](const auth::Key& key) { return key.revoked_at.has_value(); });
  return keys.size() + static_cast<std::uint64_t>(revoked);
}

std::function<Status(const runs::JobId&)> unused_check(const std::optional<PromotionParts>& parts) {
  if (!parts) return {};
  return [&promotions = parts->promotions](const runs::JobId& job) { return check_not_served(promotions, job); };
}

}  // namespace

struct Api::Impl {
  explicit Impl(ApiDependencies d)
      : guard({d.public_url}, "server.public_url"),
        router({.max_bytes = d.max_body_bytes, .max_bytes_in_flight = std::max(kBodiesInFlight, d.max_body_bytes)},
               &d.disk),
        jobs(d.runs, d.log, d.disk, std::move(d.split_overrides), std::move(d.warnings), unused_check(d.promotion),
             who_is_known()),
        comparisons(d.runs, d.log, d.disk),
        report_rows(d.runs, d.log, d.disk),
        workloads(d.log, d.disk, d.clock),
        records(d.log, d.quarantine, d.redactor, d.disk, d.load, d.clock, std::move(d.uploads),
                std::move(d.upload_room)),
        interactions(d.log, d.disk, d.arrivals),
        log_store(d.log, d.disk, d.clock, std::move(d.backups)),
        log_export(d.log, d.disk),
        log_verification(d.log, d.disk),
        traffic(d.log, d.disk, d.clock),
        statistics(d.runs, d.log, d.disk, d.clock),
        reviews(d.reviews, d.review_opener, d.disk),
        configuration(std::move(d.configuration)),
        health(std::move(d.readiness), std::move(d.listeners), d.log, d.clock,
               [this] { return records.running_out(); }),
        metrics(d.runs, d.log, d.disk, d.clock, counters, records, with_access(std::move(d.metrics))),
        routes(d.gateway, std::move(d.routes_file), d.disk, d.promotion ? &d.promotion->audit : nullptr) {
    jobs.add_to(router);
    comparisons.add_to(router);
    report_rows.add_to(router);
    workloads.add_to(router);
    records.add_to(router);
    interactions.add_to(router);
    log_store.add_to(router);
    log_export.add_to(router);
    log_verification.add_to(router);
    health.add_to(router);
    metrics.add_to(router);
    routes.add_to(router);
    if (d.keyring != nullptr) add_access(d);
    if (d.promotion && d.promotion->take_feedback) {
      feedback.emplace(d.promotion->take_feedback, d.promotion->recent_feedback).add_to(router);
    }
    auto* const audit_log = d.promotion ? &d.promotion->audit : nullptr;
    if (d.discovery != nullptr) discovery.emplace(*d.discovery, audit_log, d.disk).add_to(router);
    if (d.promotion) {
      audit.emplace(d.promotion->audit, d.disk).add_to(router);
      if (d.promotion->deliveries) audit_deliveries.emplace(d.promotion->deliveries).add_to(router);
      erasures
          .emplace(d.runs, d.log, d.promotion->audit, d.promotion->promotions,
                   ErasureTraces(d.quarantine, d.reviews, d.promotion->ratings, d.discovery), d.disk)
          .add_to(router);
    }
    auto revisions = revisions_of(d);
    if (d.promotion) promotions.emplace(std::move(*d.promotion), d.runs, d.disk).add_to(router);
    live.emplace(d.runs, d.log, std::move(revisions), audit_log, who_is_known(), d.disk).add_to(router);
    traffic.add_to(router);
    statistics.add_to(router);
    reviews.add_to(router);
    configuration.add_to(router);
    PagesResource().add_to(router);
    add_openapi(router);
  }

  /// Of requests that were not let in, behind those of the other listeners.
  std::vector<std::function<void(std::ostream&)>> with_access(std::vector<std::function<void(std::ostream&)>> writers) {
    writers.emplace_back([this](std::ostream& out) {
      if (access) access->write_metrics(out);
    });
    return writers;
  }

  [[nodiscard]] StillKnown who_is_known() {
    return [this](const net::IncomingRequest& request) { return !access || access->still_knows(request); };
  }

  /// What pages show beside traffic and jobs.
  [[nodiscard]] std::vector<LiveRevision> revisions_of(const ApiDependencies& d) const {
    std::vector<LiveRevision> list{{"reviews", [&all = d.reviews] { return all.revision(); }}};
    if (d.promotion) list.push_back({"promotions", [this] { return promotions->revision(); }});
    if (const auto* ratings = d.promotion ? d.promotion->ratings : nullptr) {
      list.push_back({"feedback", [ratings] { return ratings->revision(); }});
    }
    if (d.discovery != nullptr) list.push_back({"discovery", [desk = d.discovery] { return desk->revision(); }});
    if (d.keyring != nullptr) list.push_back({"keys", [keyring = d.keyring] { return revision_of(*keyring); }});
    return list;
  }

  void add_access(ApiDependencies& d) {
    access.emplace(*d.keyring, std::move(d.auth), d.clock);
    session.emplace(*access, d.is_secure).add_to(router);
    keys.emplace(*d.keyring, d.promotion ? &d.promotion->audit : nullptr, d.disk).add_to(router);
  }

  HttpCounters counters;
  net::CrossSiteGuard guard;
  net::Router router;
  JobsResource jobs;
  ComparisonsResource comparisons;
  ReportRowsResource report_rows;
  WorkloadsResource workloads;
  RecordsResource records;
  InteractionsResource interactions;
  LogStoreResource log_store;
  LogExportResource log_export;
  LogVerificationResource log_verification;
  TrafficResource traffic;
  StatisticsResource statistics;
  ReviewsResource reviews;
  ConfigurationResource configuration;
  HealthResource health;
  MetricsResource metrics;
  RoutesResource routes;
  std::optional<DiscoveryResource> discovery;
  std::optional<FeedbackResource> feedback;
  std::optional<PromotionsResource> promotions;
  std::optional<LiveResource> live;
  std::optional<AuditResource> audit;
  std::optional<AuditDeliveriesResource> audit_deliveries;
  std::optional<ErasuresResource> erasures;
  std::optional<Access> access;
  std::optional<SessionResource> session;
  std::optional<KeysResource> keys;
};

Api::Api(ApiDependencies dependencies) : impl_(std::make_unique<Impl>(std::move(dependencies))) {}
Api::~Api() = default;

net::Handler Api::handler() {
  net::Handler resources = keeping_no_traffic(impl_->router.handler());
  if (impl_->access) resources = impl_->access->guarded(std::move(resources));
  return impl_->guard.guarded(std::move(resources), [](const net::IncomingRequest&, const std::string& message) {
    return std::optional(net::detail_response(403, message));
  });
}

std::function<void(const net::Exchange&)> Api::observer() {
  return
      [&counters = impl_->counters](const net::Exchange& exchange) { counters.count(exchange.status, exchange.took); };
}

}  // namespace fw::api
