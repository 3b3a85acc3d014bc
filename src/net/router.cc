#include "net/router.h"

#include <algorithm>
#include <map>

#include "base/assert.h"
#include "net/announced_size.h"
#include "net/body_budget.h"
#include "net/compress.h"

namespace fw::net {
namespace {

using Segments = std::vector<std::string_view>;

/// `/api/jobs/` is `api`, `jobs` and an empty segment.
Segments split_path(std::string_view path) {
  Segments out;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return out;
  while (true) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

struct Route {
  std::vector<std::string> names;
  StreamHandler handler;
};

/// What one position of a pattern can be. `rest` is a `{name...}` that begins here.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;
  std::map<Method, Route> here;
  std::map<Method, Route> rest;
};

struct Match {
  const std::map<Method, Route>* routes = nullptr;
  std::vector<std::string_view> values;
};

/// Patterns are few and short; going back costs at most one try per literal that also fits a name.
bool find_match(const Node& node, const Segments& segments, std::size_t at, std::string_view path, Match& match) {
  if (at == segments.size() && !node.here.empty()) {
    match.routes = &node.here;
    return true;
  }
  if (at < segments.size()) {
    const auto literal = node.literals.find(segments[at]);
    if (literal != node.literals.end() && find_match(*literal->second, segments, at + 1, path, match)) return true;
    if (node.any && !segments[at].empty()) {
      match.values.push_back(segments[at]);
      if (find_match(*node.any, segments, at + 1, path, match)) return true;
      match.values.pop_back();
    }
  }
  if (node.rest.empty()) return false;
  const std::size_t from =
      at < segments.size() ? static_cast<std::size_t>(segments[at].data() - path.data()) : path.size();
  match.values.push_back(path.substr(from));
  match.routes = &node.rest;
  return true;
}

Task<void> answer(ResponseWriter& out, Response response) {
  (void)co_await out.send(std::move(response), Deadline::never());
}

Response not_allowed(const std::map<Method, Route>& routes, Method method) {
  std::string allowed;
  for (const auto& [known, route] : routes) allowed.append(allowed.empty() ? "" : ", ").append(to_string(known));
  Response response =
      detail_response(405, "method " + std::string(to_string(method)) + " is not allowed here; use " + allowed);
  response.headers.add("Allow", allowed);
  return response;
}

/// Endpoints of one router and what they share.
struct Whole {
  Endpoint endpoint;
  WholeBodyLimits limits;
  std::shared_ptr<BodyBudget> budget;
  Pool* packing = nullptr;
};

/// No room is the service's trouble here, not the client's.
Task<Result<std::string>> read_body(BodyReader& body, const WholeBodyLimits& limits, BodyBudget::Share& share,
                                    Deadline deadline) {
  auto whole = co_await read_whole(body, {.max_bytes = limits.max_bytes}, share, std::move(deadline));
  if (!whole.ok() && whole.error().code == ErrorCode::kResourceExhausted) co_return unavailable(whole.error().message);
  co_return whole;
}

/// A failure as the client should understand it: what was cancelled because the service stops can be tried again, what
/// came too slowly was the client's doing.
Response failure_response(const Error& error, const IncomingRequest& request, bool is_reading) {
  if (error.code == ErrorCode::kCancelled && request.deadline.is_cancelled()) {
    Response response = detail_response(503, "the service is stopping; try again in a moment");
    response.headers.add("Retry-After", "1");
    return response;
  }
  if (is_reading && error.code == ErrorCode::kDeadlineExceeded) return detail_response(408, error.message);
  Response response = error_response(error);
  if (response.status == 503) response.headers.add("Retry-After", "1");
  return response;
}

Task<void> call_endpoint(std::shared_ptr<const Whole> whole, IncomingRequest& request, PathParams params,
                         ResponseWriter& out) {
  if (const auto fits = check_announced(request.headers, whole->limits.max_bytes); !fits.ok()) {
    co_return co_await answer(out, error_response(fits.error()));
  }
  BodyBudget::Share share(*whole->budget, request.sharer);
  auto body = co_await read_body(*request.body, whole->limits, share, request.deadline.within(whole->limits.max_time));
  if (!body.ok()) co_return co_await answer(out, failure_response(body.error(), request, true));
  Request copy{
      .method = request.method, .target = request.target, .headers = request.headers, .body = std::move(*body)};
  Call call{.request = std::move(copy),
            .params = std::move(params),
            .query = QueryParams(request.query()),
            .peer = request.peer,
            .caller = request.caller,
            .deadline = request.deadline};
  auto response = co_await whole->endpoint(std::move(call));
  if (!response.ok()) co_return co_await answer(out, failure_response(response.error(), request, false));
  if (whole->packing != nullptr) {
    response = co_await compressed(std::move(*response), takes_gzip(request.headers), *whole->packing);
  }
  co_await answer(out, std::move(*response));
}

}  // namespace

const std::string& PathParams::at(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const auto& v) { return v.first == name; });
  FW_ASSERT(found != values_.end());
  return found->second;
}

struct Router::Impl {
  void add(Method method, std::string_view pattern, StreamHandler handler);
  Task<void> route(IncomingRequest& request, ResponseWriter& out) const;

  Impl(WholeBodyLimits l, Pool* p)
      : limits(l), budget(std::make_shared<BodyBudget>(l.max_bytes_in_flight)), packing(p) {}

  WholeBodyLimits limits;
  std::shared_ptr<BodyBudget> budget;
  Pool* packing;
  Node root;
  Handler otherwise;
};

void Router::Impl::add(Method method, std::string_view pattern, StreamHandler handler) {
  FW_ASSERT(pattern.starts_with('/'));
  Node* node = &root;
  Route route{.names = {}, .handler = std::move(handler)};
  bool takes_rest = false;
  for (const std::string_view segment : split_path(pattern)) {
    FW_ASSERT(!takes_rest);
    if (segment.starts_with('{') && segment.ends_with("...}")) {
      route.names.emplace_back(segment.substr(1, segment.size() - 5));
      takes_rest = true;
    } else if (segment.starts_with('{') && segment.ends_with('}')) {
      route.names.emplace_back(segment.substr(1, segment.size() - 2));
      if (!node->any) node->any = std::make_unique<Node>();
      node = node->any.get();
    } else {
      FW_ASSERT(segment.find_first_of("{}") == std::string_view::npos);
      auto& next = node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
  }
  const bool is_new = (takes_rest ? node->rest : node->here).emplace(method, std::move(route)).second;
  FW_ASSERT(is_new);
}

Task<void> Router::Impl::route(IncomingRequest& request, ResponseWriter& out) const {
  const std::string_view path = request.path();
  Match match;
  Segments segments = split_path(path);
  bool is_found = find_match(root, segments, 0, path, match);
  if (!is_found && segments.size() > 1 && segments.back().empty()) {
    segments.pop_back();
    match = {};
    is_found = find_match(root, segments, 0, path, match);
  }
  if (!is_found) {
    if (otherwise) co_return co_await otherwise(request, out);
    co_return co_await answer(out, detail_response(404, "nothing is found at " + std::string(path.substr(0, 200))));
  }
  auto found = match.routes->find(request.method);
  if (found == match.routes->end() && request.method == Method::kHead) found = match.routes->find(Method::kGet);
  if (found == match.routes->end()) co_return co_await answer(out, not_allowed(*match.routes, request.method));
  PathParams params;
  for (std::size_t i = 0; i < match.values.size(); ++i) {
    auto value = percent_decode(match.values[i]);
    if (!value) co_return co_await answer(out, detail_response(400, "the path holds a broken percent escape"));
    params.add(found->second.names.at(i), std::move(*value));
  }
  co_await found->second.handler(request, std::move(params), out);
}

Router::Router(WholeBodyLimits limits, Pool* packing) : impl_(std::make_unique<Impl>(limits, packing)) {}
Router::~Router() = default;

void Router::on(Method method, std::string_view pattern, Endpoint endpoint) {
  auto whole = std::make_shared<const Whole>(Whole{std::move(endpoint), impl_->limits, impl_->budget, impl_->packing});
  on_stream(method, pattern, [whole](IncomingRequest& request, PathParams params, ResponseWriter& out) {
    return call_endpoint(whole, request, std::move(params), out);
  });
}

void Router::on_stream(Method method, std::string_view pattern, StreamHandler handler) {
  impl_->add(method, pattern, std::move(handler));
}

void Router::otherwise(Handler handler) { impl_->otherwise = std::move(handler); }

Handler Router::handler() const {
  return [impl = impl_.get()](IncomingRequest& request, ResponseWriter& out) { return impl->route(request, out); };
}

}  // namespace fw::net
