#include "app/promoted_targets.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "modelops/variant.h"
#include "promotion/draw_secret.h"

namespace fw::app {
namespace {

constexpr std::chrono::seconds kConnect(1);  // to an engine of this machine
// Each takes one of llama-server's threads, of which it makes 1,024: however many requests wait, a look at its health
// finds one.
constexpr std::size_t kMostConnections = 1'000;

capture::Promoted promoted_of(const promotion::Proposal& p, const std::string& secret) {
  return {.id = p.id,
          .workload = p.candidate.workload,
          .client = p.candidate.client,
          .target = {.upstream = p.candidate.upstream,
                     .model = p.candidate.served_model,
                     .weight = 1,
                     .variant = variant_of(p)},
          .key = promotion::draw_key(secret, p),
          .share = p.share,
          .shadow = p.shadow};
}

/// Nothing where this machine shall serve it and its engine is not ready: then it is nobody's target.
std::optional<capture::Promoted> target_of(const promotion::Proposal& p, const promotion::ModelHost& host,
                                           const std::string& secret) {
  capture::Promoted one = promoted_of(p, secret);
  if (!p.candidate.served) return one;
  auto hosted = host.find(p.id);
  if (!hosted || !hosted->lease) return std::nullopt;
  one.target.upstream = "promotion " + p.id;
  capture::UpstreamSettings engine{.name = one.target.upstream, .url = hosted->url};
  engine.headers = std::move(hosted->headers);
  engine.max_connections = kMostConnections;
  engine.connect_timeout = kConnect;
  engine.first_byte_timeout = host.settings().timeout;
  engine.max_retries = 0;  // production is asked instead
  one.brought = {.settings = std::move(engine), .lease = std::move(hosted->lease)};
  return one;
}

}  // namespace

std::string variant_of(const promotion::Proposal& p) {
  return modelops::answering_name(p.candidate.model, p.candidate.variant);
}

std::vector<capture::Promoted> targets_of(const std::vector<promotion::Proposal>& on_traffic,
                                          const promotion::ModelHost& host, const std::string& secret) {
  std::vector<capture::Promoted> list;
  // A canary stands before the live model that it may follow.
  for (const bool wants_live : {false, true}) {
    for (const auto& p : on_traffic) {
      if ((p.share <= 0 && p.shadow <= 0) || (p.stage == promotion::Stage::kLive) != wants_live) continue;
      if (auto one = target_of(p, host, secret)) list.push_back(std::move(*one));
    }
  }
  return list;
}

SplitByUpstream split_by_upstream(
    const std::vector<promotion::Proposal>& on_traffic,
    const std::function<std::optional<std::string>(const promotion::Candidate&)>& digest_of) {
  SplitByUpstream split;
  for (const auto& p : on_traffic) {
    const auto was = p.candidate.digests.find("upstream");
    const auto now = digest_of(p.candidate);
    if (was == p.candidate.digests.end() || !now || was->second == *now) {
      split.as_signed.push_back(p);
      continue;
    }
    split.elsewhere.push_back({.id = p.id,
                               .why = "upstream \"" + p.candidate.upstream +
                                      "\" has another url than the one that was signed; set it back, or roll the "
                                      "promotion back and propose it anew"});
  }
  return split;
}

void write_unrouted(std::ostream& out, const std::vector<promotion::Proposal>& on_traffic,
                    const std::vector<capture::Unrouted>& unrouted) {
  out << "# HELP flywheel_promotion_unrouted 1 for a promoted model on traffic that no request can be led to.\n"
         "# TYPE flywheel_promotion_unrouted gauge\n";
  for (const auto& p : on_traffic) {
    const bool is_left_out = std::ranges::find(unrouted, p.id, &capture::Unrouted::id) != unrouted.end();
    out << "flywheel_promotion_unrouted{promotion=\"" << p.id << "\"} " << (is_left_out ? 1 : 0) << '\n';
  }
}

}  // namespace fw::app
