#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "capture/gateway/settings.h"

namespace fw::capture {

/// Where requests go: routes in their order, checked against the upstreams that there are. Immutable: a change is
/// another table, and a request keeps the one it began with.
class RouteTable final {
 public:
  /// Who is asked, in this order; the texts live as long as the table.
  struct Choice {
    std::string_view route;
    std::vector<const Target*> targets;
  };

  /// kInvalidArgument names the route and what is wrong: an unknown upstream, no targets, a weight below 0 or none
  /// above it, a name that stands twice. Behind the last route stands one for all, to the first upstream.
  [[nodiscard]] static Result<std::shared_ptr<const RouteTable>> make(std::vector<Route> routes,
                                                                      const std::vector<UpstreamSettings>& upstreams);
  /// `{"routes": [{"name", "model", "workload", "targets": [{"upstream", "model", "weight", "variant"}],
  /// "fallbacks": [...]}]}`; unknown keys are errors.
  [[nodiscard]] static Result<std::vector<Route>> parse(std::string_view json);
  [[nodiscard]] std::string to_json() const;

  /// The first route that fits, its target drawn by weight, then its fallbacks.
  [[nodiscard]] Choice choose(std::string_view model, std::string_view workload, Random& random) const;
  /// As they were given, without the one for all.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  Route for_all_;
};

}  // namespace fw::capture
