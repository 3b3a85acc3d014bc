#include "capture/bulk/impl/exchange.h"

#include <array>

#include "capture/bulk/impl/json_body.h"
#include "net/announced_size.h"
#include "net/compress.h"

namespace fw::capture::elastic {
namespace {

constexpr std::array kMethods{net::Method::kGet,   net::Method::kHead,   net::Method::kPost,   net::Method::kPut,
                              net::Method::kPatch, net::Method::kDelete, net::Method::kOptions};

std::string parameter(const std::string& pattern, const net::PathParams& params, const char* name) {
  const bool is_there = pattern.find('{' + std::string(name) + '}') != std::string::npos;
  return is_there ? params.at(name) : std::string();
}

/// Official clients ask for JSON under a name of their own and want it back so.
std::string media_type(const Call& call) {
  const auto accept = call.headers.find("Accept");
  if (accept && accept->find("application/vnd.elasticsearch+json") != std::string_view::npos) {
    const auto at = accept->find("compatible-with=");
    const std::string version = at == std::string_view::npos ? "9" : std::string(accept->substr(at + 16, 1));
    return "application/vnd.elasticsearch+json;compatible-with=" + version;
  }
  return "application/json";
}

Answer not_served(net::Method method, std::string_view path) {
  return refusal(400, "illegal_argument_exception",
                 "request [" + std::string(net::to_string(method)) + " " + std::string(path) +
                     "] is no part of the Elasticsearch dialect that is served here (docs/shippers.md lists it)");
}

}  // namespace

net::Response response_of(const Call& call, Answer answer) {
  net::Response response{.status = answer.status, .headers = std::move(answer.headers), .body = std::move(answer.body)};
  response.headers.set("X-Elastic-Product", "Elasticsearch");
  response.headers.set("Content-Type", answer.is_text ? "text/plain; charset=UTF-8" : media_type(call));
  return response;
}

Exchange::Exchange(const BulkApiOptions& options, Counters& counters, Pool& packing)
    : options_(options), counters_(counters), packing_(packing), budget_(options.max_bytes_in_flight) {}

void Exchange::on(std::initializer_list<net::Method> methods, const std::string& pattern, Endpoint endpoint) {
  for (const net::Method method : methods) {
    methods_[pattern].insert(method);
    router_.on_stream(
        method, pattern,
        [this, endpoint, pattern](net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out) {
          return serve(endpoint, pattern, request, std::move(params), out);
        });
  }
}

void Exchange::finish() {
  for (const auto& [pattern, allowed] : methods_) refuse_other_methods(pattern, allowed);
  const Endpoint unknown = [](Call call) -> Task<Answer> { co_return not_served(call.method, call.name); };
  router_.otherwise([this, unknown](net::IncomingRequest& request, net::ResponseWriter& out) {
    return serve(unknown, "", request, {}, out);
  });
}

void Exchange::refuse_other_methods(const std::string& pattern, const std::set<net::Method>& allowed) {
  std::string names;
  for (const net::Method method : allowed) names += (names.empty() ? "" : ", ") + std::string(net::to_string(method));
  const Endpoint refuse = [names](Call call) -> Task<Answer> {
    if (call.index.starts_with('_')) co_return not_served(call.method, '/' + call.index);  // no index: a call
    Answer answer{.status = 405,
                  .body = R"({"error":)" +
                          json_string("Incorrect HTTP method [" + std::string(net::to_string(call.method)) +
                                      "], allowed: [" + names + "]") +
                          R"(,"status":405})"};
    answer.headers.set("Allow", names);
    co_return answer;
  };
  for (const net::Method method : kMethods) {
    if (allowed.contains(method) || (method == net::Method::kHead && allowed.contains(net::Method::kGet))) continue;
    router_.on_stream(
        method, pattern,
        [this, refuse, pattern](net::IncomingRequest& request, net::PathParams params, net::ResponseWriter& out) {
          return serve(refuse, pattern, request, std::move(params), out);
        });
  }
}

Task<void> Exchange::serve(Endpoint endpoint, std::string pattern, net::IncomingRequest& request,
                           net::PathParams params, net::ResponseWriter& out) {
  ++counters_.requests;
  Call call{.method = request.method,
            .index = parameter(pattern, params, "index"),
            .id = std::nullopt,
            .name = pattern.empty() ? std::string(request.path()) : parameter(pattern, params, "name"),
            .query = net::QueryParams(request.query()),
            .headers = request.headers,
            .body = {},
            .peer = request.peer,
            .sharer = request.sharer,
            .caller = request.caller,
            .deadline = request.deadline};
  if (pattern.find("{id}") != std::string::npos) call.id = params.at("id");
  if (const Status fits = net::check_announced(call.headers, options_.max_body_bytes); !fits.ok()) {
    co_return co_await send(call, refusal(fits.error()), out);
  }
  net::BodyBudget::Share share(budget_, request.sharer);
  auto body = co_await net::read_whole(
      *request.body, {.max_bytes = options_.max_body_bytes, .patience = options_.patience}, share, request.deadline);
  if (!body.ok()) {
    Answer answer = refusal(body.error());
    const bool comes_again =
        body.error().code == ErrorCode::kResourceExhausted || body.error().code == ErrorCode::kCancelled;
    answer.is_cut = call.drops_what_is_refused() && comes_again;
    co_return co_await send(call, std::move(answer), out);
  }
  call.body = std::move(body).value();
  const Call head{.method = call.method, .query = call.query, .headers = call.headers, .deadline = call.deadline};
  co_await send(head, co_await endpoint(std::move(call)), out);
}

Task<void> Exchange::send(const Call& call, Answer answer, net::ResponseWriter& out) {
  if (answer.is_cut) {
    // A head without its body: the client sees the connection break, and keeps what it has.
    (void)co_await out.start({.status = 503, .headers = {{"Content-Length", "1"}}}, call.deadline);
    co_return;
  }
  if (!answer.is_text) {
    const auto filter = call.query.find("filter_path");
    if (filter || call.has_flag("pretty")) {
      Json json = Json::parse(answer.body, nullptr, false);
      if (filter) json = filtered(json, *filter);
      answer.body = json.dump(call.has_flag("pretty") ? 2 : -1, ' ', false, Json::error_handler_t::replace);
    }
  }
  auto response = response_of(call, std::move(answer));
  response = co_await net::compressed(std::move(response), net::takes_gzip(call.headers), packing_);
  (void)co_await out.send(std::move(response), call.deadline);
}

}  // namespace fw::capture::elastic
