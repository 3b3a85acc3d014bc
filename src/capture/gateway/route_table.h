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
  /// Promoted models whose upstream is unknown, and those that bring one under a name that is another's, are left out,
  /// and nothing else with them: see left_out().
  [[nodiscard]] static Result<std::shared_ptr<const RouteTable>> make(std::vector<Route> routes,
                                                                      const std::vector<UpstreamSettings>& upstreams,
                                                                      std::vector<Promoted> promoted = {});
  /// `{"routes": [{"name", "model", "workload", "targets": [{"upstream", "model", "weight", "variant"}],
  /// "fallbacks": [...]}]}`; unknown keys are errors.
  [[nodiscard]] static Result<std::vector<Route>> parse(std::string_view json);
  [[nodiscard]] std::string to_json() const;

  /// The first route that fits, its target drawn by weight, then its fallbacks.
  [[nodiscard]] Choice choose(std::string_view model, std::string_view workload, Random& random) const;
  /// Whether all that the routes ask of a workload, whatever model it names, is this upstream, asked for `model`
  /// (empty: as requests name it).
  [[nodiscard]] bool leads_only_to(std::string_view upstream, std::string_view model, std::string_view workload) const;
  /// Which promoted models a request concerns.
  struct Split {
    const Promoted* answers = nullptr;   ///< nullptr: the routes' own targets answer
    const Promoted* shadowed = nullptr;  ///< whose answer is paired with the other side's; nullptr: no copy is sent
    const Target* copy = nullptr;        ///< who gets the copy; nullptr where one is sent: the routes' own target
  };
  /// A conversation always falls to the same side, and stays with the candidate as its share grows; a request without
  /// one is drawn for itself. Beside a live model the first one, its canary, draws before it. A copy goes to the side
  /// that does not answer: the candidate, or who would answer without it.
  [[nodiscard]] Split split_for(std::string_view workload, std::string_view client, std::string_view conversation,
                                Random& random) const;
  [[nodiscard]] const std::vector<Promoted>& promoted() const { return promoted_; }
  /// Those that no request can be led to.
  [[nodiscard]] const std::vector<Unrouted>& left_out() const { return left_out_; }
  /// As they were given, without the one for all.
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  Route for_all_;
  std::vector<Promoted> promoted_;
  std::vector<Unrouted> left_out_;
};

/// Whether a conversation is among the first `share` of all, in an order of its own for every `key`.
[[nodiscard]] bool is_in_share(std::string_view conversation, double share, std::string_view key);

}  // namespace fw::capture
