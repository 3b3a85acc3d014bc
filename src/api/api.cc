#include "api/api.h"

#include <algorithm>

#include "api/cross_site.h"
#include "api/health.h"
#include "api/home.h"
#include "api/openapi.h"
#include "api/records.h"
#include "api/workloads.h"

namespace fw::api {
namespace {

/// Memory for request bodies, all together.
constexpr std::uint64_t kBodiesInFlight = 256ULL << 20;

}  // namespace

struct Api::Impl {
  explicit Impl(ApiDependencies d)
      : guard(d.public_url),
        router({.max_bytes = d.max_body_bytes, .max_bytes_in_flight = std::max(kBodiesInFlight, d.max_body_bytes)}),
        jobs(d.runs, d.log, d.disk, std::move(d.split_overrides), std::move(d.warnings)),
        workloads(d.log, d.disk),
        records(d.log, d.quarantine, d.disk, d.load, d.clock, std::move(d.uploads)),
        home(d.runs),
        health(std::move(d.readiness), std::move(d.faces)),
        metrics(d.runs, d.log, d.disk, d.clock, counters, records, std::move(d.metrics)) {
    jobs.add_to(router);
    workloads.add_to(router);
    records.add_to(router);
    health.add_to(router);
    metrics.add_to(router);
    home.add_to(router);
    add_openapi(router);
  }

  HttpCounters counters;
  CrossSiteGuard guard;
  net::Router router;
  JobsResource jobs;
  WorkloadsResource workloads;
  RecordsResource records;
  HomeResource home;
  HealthResource health;
  MetricsResource metrics;
};

Api::Api(ApiDependencies dependencies) : impl_(std::make_unique<Impl>(std::move(dependencies))) {}
Api::~Api() = default;

net::Handler Api::handler() { return impl_->guard.guarded(impl_->router.handler()); }

std::function<void(const net::Exchange&)> Api::observer() {
  return
      [&counters = impl_->counters](const net::Exchange& exchange) { counters.count(exchange.status, exchange.took); };
}

}  // namespace fw::api
