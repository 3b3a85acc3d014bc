#include "app/promoted_targets.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "io/moved_folder.h"
#include "modelops/variant.h"
#include "promotion/draw_secret.h"
#include "promotion/evidence.h"

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

std::optional<promotion::Digests> digests_of_asked(const std::vector<capture::UpstreamSettings>& upstreams,
                                                   const promotion::Candidate& candidate, const std::string& secret) {
  const auto found = std::ranges::find(upstreams, candidate.upstream, &capture::UpstreamSettings::name);
  if (found == upstreams.end()) return std::nullopt;
  return promotion::digests_of_upstream(
      {.name = found->name, .url = found->url, .model = candidate.served_model, .headers = found->headers}, secret);
}

promotion::ServedModel present_files(const promotion::Candidate& candidate, const std::filesystem::path& data) {
  promotion::ServedModel served = *candidate.served;
  io::MovedFolder places(data);
  // The adapter lies in the job's folder, which tells where the data folder was.
  for (const auto& file : {served.adapter, served.base, served.chat_template})
    places.learn(file, "jobs/" + candidate.job);
  for (std::string* file : {&served.adapter, &served.base, &served.chat_template}) *file = places.present(*file);
  return served;
}

SplitByUpstream split_by_upstream(
    const std::vector<promotion::Proposal>& on_traffic,
    const std::function<std::optional<promotion::Digests>(const promotion::Candidate&)>& digests_of) {
  SplitByUpstream split;
  for (const auto& p : on_traffic) {
    const auto now = digests_of(p.candidate);
    const auto has_changed = [&](const char* name) {
      const auto was = p.candidate.digests.find(name);
      return now && was != p.candidate.digests.end() && was->second != now->at(name);
    };
    const bool is_elsewhere = has_changed("upstream");
    if (!is_elsewhere && !has_changed("headers")) {
      split.as_signed.push_back(p);
      continue;
    }
    split.elsewhere.push_back({.id = p.id,
                               .why = "upstream \"" + p.candidate.upstream +
                                      (is_elsewhere ? "\" has another url than the one that was signed; set it back"
                                                    : "\" has other headers than were signed; set them back") +
                                      ", or roll the promotion back and propose it anew"});
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
