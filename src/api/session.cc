#include "api/session.h"

#include <nlohmann/json.hpp>

#include "api/answer.h"
#include "api/request_body.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

net::Response uncached(const Json& json) {
  auto response = answer(200, json);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void SessionResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/session", [this](Call call) { return show(std::move(call)); });
  router.on(Method::kPost, "/api/session", [this](Call call) { return sign_in(std::move(call)); });
  router.on(Method::kDelete, "/api/session", [this](Call call) { return sign_out(std::move(call)); });
}

Task<Result<net::Response>> SessionResource::show(net::Call call) {
  const auth::Caller& caller = auth::caller_of(call);
  const bool is_known = caller.via != auth::Via::kNothing;
  const bool is_asked = access_.asks_who_calls();
  Json out{{"is_needed", is_asked},
           {"via", to_string(caller.via)},
           {"person", is_known ? Json(caller.person) : Json()},
           {"role", is_known || !is_asked ? Json(to_string(caller.role)) : Json()},
           {"csrf", nullptr}};
  if (caller.via == auth::Via::kSession) {
    if (const auto session = access_.session_of(call.request.headers)) out["csrf"] = session->csrf;
  }
  co_return uncached(out);
}

std::string SessionResource::cookie(std::string_view token, std::string_view more) const {
  return std::string(kSessionCookie) + '=' + std::string(token) + "; Path=/; HttpOnly; SameSite=Strict" +
         (is_secure_ ? "; Secure" : "") + std::string(more);
}

Task<Result<net::Response>> SessionResource::sign_in(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  const std::string key = required_text(body, "key", problems);
  // What was sent is a secret, also where it is none of ours.
  for (auto& problem : problems) problem.input = nullptr;
  if (!problems.empty()) co_return unprocessable(problems);
  const auto opened = access_.sign_in(key);
  if (!opened.ok()) co_return net::detail_response(401, opened.error().message);
  auto response = uncached({{"csrf", opened->session.csrf}});
  response.headers.set("Set-Cookie", cookie(opened->token, ""));
  co_return response;
}

Task<Result<net::Response>> SessionResource::sign_out(net::Call call) {
  access_.sign_out(call.request.headers);
  auto response = uncached({{"message", "signed out"}});
  response.headers.set("Set-Cookie", cookie("", "; Max-Age=0"));
  co_return response;
}

}  // namespace fw::api
