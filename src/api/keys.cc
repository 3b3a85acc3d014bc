#include "api/keys.h"

#include <nlohmann/json.hpp>

#include "api/access.h"
#include "api/answer.h"
#include "api/request_body.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

net::Response uncached(int status, const Json& json) {
  auto response = answer(status, json);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void KeysResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/keys", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kPost, "/api/keys", [this](Call call) { return create(std::move(call)); });
  router.on(Method::kDelete, "/api/keys/{id}", [this](Call call) { return revoke(std::move(call)); });
}

Status KeysResource::note(const net::Call& call, const char* action, const auth::Key& key) const {
  if (audit_ == nullptr) return {};
  FW_ASSIGN([[maybe_unused]] const auto entry,
            audit_->append({.person = person_of(call, "whoever reaches the control API"),
                            .action = action,
                            .subject = key.id,
                            .reason = "",
                            .details = dump(auth::to_json(key))}));
  return {};
}

Task<Result<net::Response>> KeysResource::list(net::Call) {
  Json keys = Json::array();
  for (const auto& key : keyring_.list()) keys.push_back(auth::to_json(key));
  co_return uncached(200, {{"keys", std::move(keys)}});
}

Task<Result<net::Response>> KeysResource::create(net::Call call) {
  Json body;
  std::vector<FieldProblem> problems;
  if (!parse_object(call.request.body, body, problems)) co_return unprocessable(problems);
  FW_CO_ASSIGN(auto wanted, auth::key_of_json(body));
  wanted.created_by = person_of(call, "");
  FW_CO_ASSIGN(const auto made, co_await run_on(disk_, [&]() -> Result<auth::Keyring::Made> {
                 FW_TRY(check_audit());
                 FW_ASSIGN(auto key, keyring_.create(std::move(wanted)));
                 FW_TRY(note(call, "keys.create", key.key));
                 return key;
               }));
  co_return uncached(201, {{"key", auth::to_json(made.key)}, {"secret", made.secret}});
}

Task<Result<net::Response>> KeysResource::revoke(net::Call call) {
  FW_CO_ASSIGN(const auto key, co_await run_on(disk_, [&]() -> Result<auth::Key> {
                 FW_TRY(check_audit());
                 FW_ASSIGN(auto revoked, keyring_.revoke(call.params.at("id")));
                 FW_TRY(note(call, "keys.revoke", revoked));
                 return revoked;
               }));
  co_return uncached(200, auth::to_json(key));
}

}  // namespace fw::api
