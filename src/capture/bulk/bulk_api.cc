#include "capture/bulk/bulk_api.h"

#include "capture/bulk/impl/cluster.h"
#include "capture/bulk/impl/counters.h"
#include "capture/bulk/impl/exchange.h"
#include "capture/bulk/impl/index_calls.h"
#include "capture/bulk/impl/indices.h"
#include "capture/bulk/impl/ingest.h"
#include "capture/bulk/impl/search.h"

namespace fw::capture {

using elastic::Answer;
using elastic::Call;
using net::Method;

namespace {

template <class Object>
elastic::Endpoint bound(Object& object, Task<Answer> (Object::*method)(Call)) {
  return [&object, method](Call call) { return (object.*method)(std::move(call)); };
}

/// Whose traffic somebody may read, or remove, does not go by tenant or workload: a key that is bound to one does
/// neither.
elastic::Endpoint guarded(elastic::Endpoint endpoint, auth::Role role, const char* what) {
  return [endpoint = std::move(endpoint), role, what](Call call) -> Task<Answer> {
    const auth::Caller& caller = auth::caller_of(call.caller);
    if (caller.sees_everything() && caller.role >= role) return endpoint(std::move(call));
    return [](Answer answer) -> Task<Answer> {
      co_return answer;
    }(elastic::refusal(403, "security_exception",
                             "key " + caller.key_id + " may not " + what +
                                 ": that needs one without a tenant and workloads of its own, " + "with the role " +
                                 std::string(auth::to_string(role)) + " at least"));
  };
}

template <class Object>
elastic::Endpoint reading(Object& object, Task<Answer> (Object::*method)(Call)) {
  return guarded(bound(object, method), auth::Role::kViewer, "read");
}

template <class Object>
elastic::Endpoint removing(Object& object, Task<Answer> (Object::*method)(Call)) {
  return guarded(bound(object, method), auth::Role::kOperator, "remove");
}

}  // namespace

struct BulkApi::Impl {
  Impl(BulkApiDependencies d, BulkApiOptions o)
      : dependencies(std::move(d)),
        options(std::move(o)),
        indices(dependencies.folder / "indices.json", options.index, dependencies.clock),
        ingest(dependencies, options, indices, counters),
        searches(dependencies, indices),
        index_calls(dependencies, indices),
        cluster(dependencies, options),
        exchange(options, counters, dependencies.cpu) {
    add_cluster();
    add_documents();
    add_searches();
    add_indices();
    exchange.finish();
  }

  void add_cluster();
  void add_documents();
  void add_searches();
  void add_indices();

  BulkApiDependencies dependencies;
  BulkApiOptions options;
  elastic::Counters counters;
  elastic::Indices indices;
  elastic::Ingest ingest;
  elastic::Search searches;
  elastic::IndexCalls index_calls;
  elastic::Cluster cluster;
  elastic::Exchange exchange;
};

void BulkApi::Impl::add_cluster() {
  using elastic::Cluster;
  exchange.on({Method::kGet}, "/", bound(cluster, &Cluster::root));
  for (const char* path : {"/_cluster/health", "/_cluster/health/{index}"}) {
    exchange.on({Method::kGet}, path, bound(cluster, &Cluster::health));
  }
  exchange.on({Method::kGet}, "/_cluster/settings", bound(cluster, &Cluster::settings));
  for (const char* path : {"/_nodes", "/_nodes/{name}", "/_nodes/{index}/{name}"}) {
    exchange.on({Method::kGet}, path, bound(cluster, &Cluster::nodes));
  }
  exchange.on({Method::kGet}, "/_license", bound(cluster, &Cluster::license));
  exchange.on({Method::kGet}, "/_xpack", bound(cluster, &Cluster::xpack));
  exchange.on({Method::kGet}, "/_cat/{name}", bound(cluster, &Cluster::cat));
}

void BulkApi::Impl::add_documents() {
  using elastic::Ingest;
  for (const char* path : {"/_bulk", "/{index}/_bulk"}) {
    exchange.on({Method::kPost, Method::kPut}, path, bound(ingest, &Ingest::bulk));
  }
  exchange.on({Method::kPost}, "/{index}/_doc", bound(ingest, &Ingest::index_document));
  exchange.on({Method::kPost, Method::kPut}, "/{index}/_doc/{id}", bound(ingest, &Ingest::index_document));
  exchange.on({Method::kPost, Method::kPut}, "/{index}/_create/{id}", bound(ingest, &Ingest::create_document));
}

void BulkApi::Impl::add_searches() {
  using elastic::Search;
  const std::initializer_list<Method> read{Method::kGet, Method::kPost};
  for (const std::string base : {"", "/{index}"}) {
    exchange.on(read, base + "/_search", reading(searches, &Search::search));
    exchange.on(read, base + "/_msearch", reading(searches, &Search::multi_search));
    exchange.on(read, base + "/_count", reading(searches, &Search::count));
    exchange.on(read, base + "/_mget", reading(searches, &Search::multi_get));
    exchange.on({Method::kGet}, base + "/_stats", reading(searches, &Search::stats));
    exchange.on({Method::kGet}, base + "/_stats/{name}", reading(searches, &Search::stats));
  }
  exchange.on(read, "/_search/scroll", reading(searches, &Search::scroll));
  exchange.on({Method::kDelete}, "/_search/scroll", reading(searches, &Search::clear_scroll));
  exchange.on(read, "/_search/scroll/{id}", reading(searches, &Search::scroll));
  exchange.on({Method::kDelete}, "/_search/scroll/{id}", reading(searches, &Search::clear_scroll));
  exchange.on({Method::kPost}, "/{index}/_pit", reading(searches, &Search::open_point_in_time));
  exchange.on({Method::kPost}, "/{index}/_search/point_in_time", reading(searches, &Search::open_point_in_time));
  exchange.on({Method::kDelete}, "/_pit", reading(searches, &Search::close_point_in_time));
  exchange.on({Method::kDelete}, "/_search/point_in_time", reading(searches, &Search::close_point_in_time));
  exchange.on({Method::kGet}, "/{index}/_doc/{id}", reading(searches, &Search::get_document));
  exchange.on({Method::kGet}, "/{index}/_source/{id}", reading(searches, &Search::get_source));
  exchange.on({Method::kDelete}, "/{index}/_doc/{id}", removing(searches, &Search::delete_document));
  exchange.on({Method::kPost}, "/{index}/_delete_by_query", removing(searches, &Search::delete_by_query));
  for (const char* path : {"/_cat/indices", "/_cat/indices/{index}"}) {
    exchange.on({Method::kGet}, path, reading(searches, &Search::cat_indices));
  }
  // elasticsearch-py 9 asks by POST.
  for (const char* path : {"/_cat/count", "/_cat/count/{index}"}) {
    exchange.on({Method::kGet, Method::kPost}, path, reading(searches, &Search::cat_count));
  }
}

void BulkApi::Impl::add_indices() {
  using elastic::IndexCalls;
  exchange.on({Method::kGet}, "/{index}", bound(index_calls, &IndexCalls::get));
  exchange.on({Method::kPut}, "/{index}", bound(index_calls, &IndexCalls::create));
  exchange.on({Method::kDelete}, "/{index}", removing(index_calls, &IndexCalls::remove));
  for (const char* path : {"/_mapping", "/{index}/_mapping"}) {
    exchange.on({Method::kGet}, path, bound(index_calls, &IndexCalls::mapping));
  }
  for (const char* path : {"/_field_caps", "/{index}/_field_caps"}) {
    exchange.on({Method::kGet, Method::kPost}, path, bound(index_calls, &IndexCalls::field_capabilities));
  }
  exchange.on({Method::kPut, Method::kPost}, "/{index}/_mapping", bound(index_calls, &IndexCalls::put_mapping));
  for (const char* path : {"/_settings", "/{index}/_settings"}) {
    exchange.on({Method::kGet}, path, bound(index_calls, &IndexCalls::settings));
    exchange.on({Method::kPut}, path, bound(index_calls, &IndexCalls::put_settings));
  }
  for (const char* verb : {"_refresh", "_flush", "_forcemerge"}) {
    for (const std::string& path : {std::string("/") + verb, std::string("/{index}/") + verb}) {
      exchange.on({Method::kGet, Method::kPost}, path, bound(index_calls, &IndexCalls::refresh));
    }
  }
  for (const char* path : {"/_alias", "/{index}/_alias", "/_aliases", "/_alias/{name}"}) {
    exchange.on({Method::kGet}, path, bound(index_calls, &IndexCalls::aliases));
  }
  for (const char* path : {"/_data_stream", "/_data_stream/{name}"}) {
    exchange.on({Method::kGet}, path, bound(index_calls, &IndexCalls::data_streams));
  }
  for (const char* kind : {"_index_template", "_template", "_component_template", "_ilm/policy", "_ingest/pipeline"}) {
    const std::string base = std::string("/") + kind;
    exchange.on({Method::kGet}, base, bound(index_calls, &IndexCalls::get_policy_or_template));
    exchange.on({Method::kGet}, base + "/{name}", bound(index_calls, &IndexCalls::get_policy_or_template));
    exchange.on({Method::kPut, Method::kPost, Method::kDelete}, base + "/{name}",
                bound(index_calls, &IndexCalls::put_policy_or_template));
  }
}

BulkApi::BulkApi(BulkApiDependencies dependencies, BulkApiOptions options)
    : impl_(std::make_unique<Impl>(std::move(dependencies), std::move(options))) {}
BulkApi::~BulkApi() = default;

Status BulkApi::open() { return impl_->indices.open(); }

net::Handler BulkApi::handler() { return impl_->exchange.handler(); }

BulkApiStats BulkApi::stats() const {
  const elastic::Counters& counters = impl_->counters;
  return {.requests = counters.requests,
          .accepted = counters.accepted,
          .known = counters.known,
          .kept_aside = counters.kept_aside,
          .refused = counters.refused,
          .bytes_in_flight = impl_->exchange.bytes_in_flight()};
}

std::optional<net::Response> BulkApi::refusal(const net::IncomingRequest& request, const auth::Refusal& refusal) {
  const Call call{.headers = request.headers};
  const bool is_limit = refusal.status == 429;
  const bool is_stop = refusal.status == 503;
  if ((is_limit || is_stop) && call.drops_what_is_refused()) return std::nullopt;
  const char* type = is_limit  ? "es_rejected_execution_exception"
                     : is_stop ? "unavailable_shards_exception"
                               : "security_exception";
  elastic::Answer answer = elastic::refusal(refusal.status, type, refusal.message);
  if (is_limit || is_stop) answer.headers.set("Retry-After", refusal.retry_after());
  if (refusal.status == 401) answer.headers.set("WWW-Authenticate", R"(Basic realm="flywheel", ApiKey)");
  return elastic::response_of(call, std::move(answer));
}

bool BulkApi::is_full() const { return impl_->exchange.is_full(); }
bool BulkApi::is_full_for(const std::string& address) const { return impl_->exchange.is_full_for(address); }

}  // namespace fw::capture
