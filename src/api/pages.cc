#include "api/pages.h"

#include <algorithm>

#include "net/compress.h"
#include "pages/app_page.h"

namespace fw::api {
namespace {

constexpr const char* kPages[] = {"/",
                                  "/workloads",
                                  "/workloads/{rest...}",
                                  "/discovery",
                                  "/traffic",
                                  "/traffic/{rest...}",
                                  "/runs",
                                  "/runs/{rest...}",
                                  "/datasets",
                                  "/datasets/{rest...}",
                                  "/review",
                                  "/review/{rest...}",
                                  "/promotions",
                                  "/promotions/{rest...}",
                                  "/settings",
                                  "/settings/audit"};

/// The whole file, or 304 where the browser's copy is the same.
Task<Result<net::Response>> answer(pages::Asset asset, net::Call call) {
  net::Response response;
  response.headers.set("ETag", pages::assets_tag());
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Content-Security-Policy", std::string(pages::kAppPolicy));
  if (call.request.headers.find("If-None-Match").value_or("") == pages::assets_tag()) {
    response.status = 304;
    co_return response;
  }
  response.headers.set("Content-Type", std::string(asset.type));
  const bool packed = net::takes_gzip(call.request.headers);
  if (packed) response.headers.set("Content-Encoding", "gzip");
  response.body = packed ? asset.gzip : asset.plain;
  co_return response;
}

/// For an address that is none, the pages where a person came by it, so that they can go on from there.
Task<void> answer_nowhere(net::IncomingRequest& request, net::ResponseWriter& out) {
  const std::string path(request.path().substr(0, 200));
  net::Response response = net::detail_response(404, "nothing is found at " + path);
  const bool is_for_program = path == "/api" || path.starts_with("/api/") || path.starts_with("/assets/");
  const bool takes_pages = request.headers.find("Accept").value_or("").find("text/html") != std::string_view::npos;
  if (request.method == net::Method::kGet && takes_pages && !is_for_program) {
    net::Call call{.request = {}, .params = {}, .query = net::QueryParams(""), .peer = {}};
    call.request.headers = request.headers;
    call.request.headers.remove("If-None-Match");
    auto page = co_await answer(pages::app_document(), std::move(call));
    if (page.ok()) response = std::move(*page);
    response.status = 404;
    response.headers.set("Cache-Control", "no-store");
    response.headers.remove("ETag");
  }
  (void)co_await out.send(std::move(response), Deadline::never());
}

Task<Result<net::Response>> no_asset() { co_return not_found("there is no such file"); }

}  // namespace

void PagesResource::add_to(net::Router& router) {
  for (const char* page : kPages) {
    router.on(net::Method::kGet, page, [](net::Call call) { return answer(pages::app_document(), std::move(call)); });
  }
  router.on(net::Method::kGet, "/assets/{name}", [](net::Call call) {
    const auto* asset = pages::find_asset(call.params.at("name"));
    return asset == nullptr ? no_asset() : answer(*asset, std::move(call));
  });
  router.otherwise(answer_nowhere);
}

}  // namespace fw::api
