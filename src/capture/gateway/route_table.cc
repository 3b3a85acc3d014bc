#include "capture/gateway/route_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "capture/gateway/pattern.h"

namespace fw::capture {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxRoutes = 1000;
constexpr std::size_t kMaxTargets = 100;

Status check_target(const Target& target, const std::string& where, const std::vector<UpstreamSettings>& upstreams) {
  const bool is_known =
      std::any_of(upstreams.begin(), upstreams.end(), [&](const auto& u) { return u.name == target.upstream; });
  if (!is_known) {
    std::string known;
    for (const auto& u : upstreams) known += (known.empty() ? "" : ", ") + u.name;
    return invalid_argument(where + ": there is no upstream \"" + target.upstream + "\"; there are: " + known);
  }
  if (!(target.weight >= 0 && target.weight <= 1e6)) return invalid_argument(where + ": weight must be 0 to 1000000");
  if (target.variant.empty()) return invalid_argument(where + ": variant must not be empty");
  return {};
}

Status check_route(const Route& route, const std::vector<UpstreamSettings>& upstreams) {
  const std::string where = "route \"" + route.name + "\"";
  if (route.name.empty()) return invalid_argument("a route has no name");
  if (route.targets.empty()) return invalid_argument(where + " has no targets");
  if (route.targets.size() + route.fallbacks.size() > kMaxTargets) {
    return invalid_argument(where + " has more than " + std::to_string(kMaxTargets) + " targets");
  }
  double weights = 0;
  for (const auto& target : route.targets) {
    FW_TRY(check_target(target, where, upstreams));
    weights += target.weight;
  }
  if (!(weights > 0)) return invalid_argument(where + " has no target with a weight above 0");
  for (const auto& target : route.fallbacks) FW_TRY(check_target(target, where, upstreams));
  return {};
}

Status check_promoted(const Promoted& one, const std::vector<UpstreamSettings>& upstreams) {
  const bool is_known = std::ranges::find(upstreams, one.target.upstream, &UpstreamSettings::name) != upstreams.end();
  if (!one.brought) {
    if (is_known) return {};
    return invalid_argument("it leads to upstream \"" + one.target.upstream +
                            "\", which gateway.upstreams does not have; add it there, or roll the promotion back");
  }
  // Routes that lead to the gateway's own would lead elsewhere while it is there.
  if (is_known) {
    return invalid_argument("it brings upstream \"" + one.target.upstream +
                            "\", which gateway.upstreams has too; name that one otherwise");
  }
  if (one.brought->settings.name == one.target.upstream) return {};
  return invalid_argument("it brings upstream \"" + one.brought->settings.name + "\" and leads to \"" +
                          one.target.upstream + '"');
}

/// One object's keys while it is read: what nobody asked for is a mistake.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  Status text(const char* key, std::string& out) {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return wrong(key, "is no text");
    out = value->get<std::string>();
    return {};
  }
  Status number(const char* key, double& out) {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_number()) return wrong(key, "is no number");
    out = value->get<double>();
    return {};
  }
  /// Nullptr where it is absent.
  Result<const Json*> list(const char* key) {
    const Json* value = find(key);
    if (value != nullptr && !value->is_array()) return wrong(key, "is no list").error();
    return value;
  }
  Status finish() const {
    for (const auto& [key, value] : json_.items()) {
      if (known_.count(key) == 0) return wrong(key, "is no known key");
    }
    return {};
  }

 private:
  const Json* find(const char* key) {
    known_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  [[nodiscard]] Status wrong(const std::string& key, const char* what) const {
    return invalid_argument(where_ + ": " + key.substr(0, 100) + ' ' + what);
  }

  const Json& json_;
  std::string where_;
  std::set<std::string> known_;
};

Status read_targets(Fields& fields, const char* key, const std::string& where, std::vector<Target>& out) {
  FW_ASSIGN(const Json* list, fields.list(key));
  if (list == nullptr) return {};
  for (const auto& item : *list) {
    if (!item.is_object()) return invalid_argument(where + ": " + key + " holds something that is no object");
    Fields inner(item, where + ", " + key);
    Target target;
    FW_TRY(inner.text("upstream", target.upstream));
    FW_TRY(inner.text("model", target.model));
    FW_TRY(inner.number("weight", target.weight));
    FW_TRY(inner.text("variant", target.variant));
    FW_TRY(inner.finish());
    out.push_back(std::move(target));
  }
  return {};
}

Result<Route> read_route(const Json& json, std::size_t number) {
  std::string where = "routes[" + std::to_string(number) + "]";
  if (!json.is_object()) return invalid_argument(where + " is no object");
  Fields fields(json, where);
  Route route;
  FW_TRY(fields.text("name", route.name));
  FW_TRY(fields.text("model", route.model));
  FW_TRY(fields.text("workload", route.workload));
  FW_TRY(read_targets(fields, "targets", where, route.targets));
  FW_TRY(read_targets(fields, "fallbacks", where, route.fallbacks));
  FW_TRY(fields.finish());
  return route;
}

Json targets_json(const std::vector<Target>& targets) {
  Json out = Json::array();
  for (const auto& t : targets) {
    out.push_back({{"upstream", t.upstream}, {"model", t.model}, {"weight", t.weight}, {"variant", t.variant}});
  }
  return out;
}

const Target& drawn(const std::vector<Target>& targets, Random& random) {
  if (targets.size() == 1) return targets.front();
  double total = 0;
  for (const auto& t : targets) total += t.weight;
  double at = random.uniform() * total;
  const Target* last = &targets.front();
  for (const auto& t : targets) {
    if (t.weight <= 0) continue;
    last = &t;
    if ((at -= t.weight) < 0) break;
  }
  return *last;
}

}  // namespace

Result<std::shared_ptr<const RouteTable>> RouteTable::make(std::vector<Route> routes,
                                                           const std::vector<UpstreamSettings>& upstreams,
                                                           std::vector<Promoted> promoted) {
  if (upstreams.empty()) return invalid_argument("there are no upstreams that a route could lead to");
  if (routes.size() > kMaxRoutes) return too_large("more than " + std::to_string(kMaxRoutes) + " routes");
  std::set<std::string_view> names;
  for (const auto& route : routes) {
    FW_TRY(check_route(route, upstreams));
    if (!names.insert(route.name).second) return invalid_argument("route \"" + route.name + "\" stands there twice");
  }
  auto table = std::make_shared<RouteTable>();
  table->routes_ = std::move(routes);
  for (auto& one : promoted) {
    // What cannot be routed keeps nothing else, and no rollback, from taking hold.
    if (const auto checked = check_promoted(one, upstreams); !checked.ok())
      table->left_out_.push_back({.id = one.id, .why = checked.error().message});
    else
      table->promoted_.push_back(std::move(one));
  }
  table->for_all_ = {.name = "default", .targets = {{.upstream = upstreams.front().name}}};
  return std::shared_ptr<const RouteTable>(std::move(table));
}

Result<std::vector<Route>> RouteTable::parse(std::string_view text) {
  const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return invalid_argument("routes are a JSON object with the list \"routes\"");
  Fields fields(json, "routes");
  FW_ASSIGN(const Json* list, fields.list("routes"));
  FW_TRY(fields.finish());
  if (list == nullptr) return invalid_argument("\"routes\" is missing: the list of all routes");
  if (list->size() > kMaxRoutes) return too_large("more than " + std::to_string(kMaxRoutes) + " routes");
  std::vector<Route> routes;
  for (std::size_t i = 0; i < list->size(); ++i) {
    FW_ASSIGN(auto route, read_route((*list)[i], i));
    if (route.name.empty()) route.name = "route-" + std::to_string(i + 1);  // as in the configuration
    routes.push_back(std::move(route));
  }
  return routes;
}

std::string RouteTable::to_json() const {
  Json list = Json::array();
  for (const auto& r : routes_) {
    list.push_back({{"name", r.name},
                    {"model", r.model},
                    {"workload", r.workload},
                    {"targets", targets_json(r.targets)},
                    {"fallbacks", targets_json(r.fallbacks)}});
  }
  return Json{{"routes", std::move(list)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RouteTable::Choice RouteTable::choose(std::string_view model, std::string_view workload, Random& random) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) {
    return fits_pattern(r.model, model) && fits_pattern(r.workload, workload);
  });
  const Route& route = found == routes_.end() ? for_all_ : *found;
  Choice choice{route.name, {&drawn(route.targets, random)}};
  for (const auto& fallback : route.fallbacks) choice.targets.push_back(&fallback);
  return choice;
}

bool RouteTable::leads_only_to(std::string_view upstream, std::string_view model, std::string_view workload) const {
  const auto is_it = [&](const Target& t) { return t.weight <= 0 || (t.upstream == upstream && t.model == model); };
  for (const Route& route : routes_) {
    if (!fits_pattern(route.workload, workload)) continue;
    if (!std::ranges::all_of(route.targets, is_it)) return false;
    const bool takes_all = route.model.empty() || route.model == "*";
    if (takes_all) return true;
  }
  return std::ranges::all_of(for_all_.targets, is_it);
}

RouteTable::Split RouteTable::split_for(std::string_view workload, std::string_view client,
                                        std::string_view conversation, Random& random) const {
  Split split;
  for (const Promoted& one : promoted_) {
    if (one.workload != workload || one.client != client) continue;
    if (split.answers != nullptr) {
      // Who would answer without the canary is the model that is live.
      if (split.shadowed == split.answers) split.copy = &one.target;
      break;
    }
    const bool is_drawn = conversation.empty()
                              ? random.uniform() < one.share
                              : is_in_share(conversation, one.share, one.key.empty() ? one.id : one.key);
    if (split.shadowed == nullptr && random.uniform() < one.shadow) {
      split.shadowed = &one;
      split.copy = is_drawn ? nullptr : &one.target;
    }
    if (is_drawn) split.answers = &one;
  }
  return split;
}

bool is_in_share(std::string_view conversation, double share, std::string_view key) {
  std::string text(key);
  text += '\n';
  text += conversation;
  return static_cast<double>(hash64(text) >> 11U) * 0x1.0p-53 < share;
}

}  // namespace fw::capture
