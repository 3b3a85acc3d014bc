// The gateway, its committer and the log store without the rest of the service: `gateway_alone --port P --upstream URL
// [--capture off|journal|before_last_byte] [--data FOLDER] [--patience S] [--loops N] [--canary PERCENT] [--shadow
// PERCENT]`: of workload `bench` of client `bench`, to the same upstream, whose answers are compared as a promotion's
// are. Ends with SIGTERM and says how many records it took, how many there are, and what the promotion saw. Not
// installed.

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>

#include "async/event_loops.h"
#include "base/log.h"
#include "capture/committer/committer.h"
#include "capture/gateway/gateway.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "net/server.h"
#include "promotion/comparison.h"

namespace fw::capture {
namespace {

constexpr const char* kCandidate = "candidate";
constexpr const char* kBench = "bench";

struct Options {
  int port = 0;
  std::string upstream;
  std::string capture = "journal";
  std::string data;
  int loops = 2;
  int patience = 300;
  int canary = 0;  // percent
  int shadow = 0;  // percent
};

bool read_number(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--upstream") {
      options.upstream = value;
    } else if (name == "--capture") {
      options.capture = value;
    } else if (name == "--data") {
      options.data = value;
    } else if (!((name == "--port" && read_number(value, options.port)) ||
                 (name == "--loops" && read_number(value, options.loops)) ||
                 (name == "--canary" && read_number(value, options.canary)) ||
                 (name == "--shadow" && read_number(value, options.shadow)) ||
                 (name == "--patience" && read_number(value, options.patience)))) {
      return false;
    }
  }
  return argc % 2 == 1 && !options.upstream.empty() && !options.data.empty();
}

GatewaySettings settings_of(const Options& options) {
  GatewaySettings settings;
  UpstreamSettings upstream;
  upstream.name = "mock";
  upstream.url = options.upstream;
  upstream.max_connections = 100'000;
  upstream.failures_until_open = 1'000'000;
  upstream.first_byte_timeout = upstream.idle_timeout = std::chrono::seconds(options.patience);
  settings.upstreams = {upstream};
  if (options.canary + options.shadow > 0) {
    // To the same server under another name. Every copy is sent: none is saved by the budget.
    settings.upstreams.push_back(upstream);
    settings.upstreams.back().name = kCandidate;
    settings.shadow.tokens_a_minute = UINT64_MAX / 4;
  }
  settings.capture.is_enabled = options.capture != "off";
  if (options.capture == "before_last_byte") settings.capture.durability = Durability::kBeforeLastByte;
  return settings;
}

net::ServerOptions server_options(const Options& options) {
  net::ServerOptions server;
  server.name = "gateway";
  server.port = static_cast<std::uint16_t>(options.port);
  server.max_connections = 30'000;
  server.max_body_bytes = SIZE_MAX;
  server.half_close_grace = std::chrono::milliseconds(200);
  server.header_timeout = server.body_timeout = std::chrono::seconds(std::min(options.patience, 30));
  server.drain = std::chrono::seconds(5);
  return server;
}

Result<std::uint64_t> stored(logstore::LogStore& log) {
  FW_ASSIGN(const auto workloads, log.workloads());
  std::uint64_t records = 0;
  for (const auto& one : workloads) records += one.records;
  return records;
}

/// What a promotion does with answers and pairs, beside the requests.
struct Comparer {
  Pool cpu{"cpu", 1};
  std::atomic<std::uint64_t> answers = 0, pairs = 0, same = 0;
  const promotion::GateLimits limits{.slow_after = std::chrono::seconds(2)};

  void look_at(PromotedAnswer answer) {
    ++answers;
    if (!answer.exchange) return;
    boost::asio::post(cpu.executor(),
                      [this, exchange = std::move(*answer.exchange)] { (void)promotion::look_at(exchange, limits); });
  }
  void compare(ShadowedPair pair) {
    boost::asio::post(cpu.executor(), [this, pair = std::move(pair)] {
      const auto compared =
          promotion::compare(pair.candidate, pair.other, pair.was_candidate_copied, limits, evals::ScoringSettings{});
      ++pairs;
      same += compared.pair.score == 1 ? 1 : 0;
    });
  }
};

int run(const Options& options, const sigset_t& signals) {
  auto log = logstore::open_rocksdb_log_store(options.data);
  if (!log.ok()) return std::fprintf(stderr, "%s\n", log.error().message.c_str()), 1;
  const auto before = stored(**log).value();
  EventLoops loops(options.loops);
  Pool commit("commit", 1);
  SystemClock clock;
  Comparer comparer;
  {
    Committer committer(**log, commit);
    auto gateway =
        Gateway::make(settings_of(options),
                      {.executor = loops.executor(0),
                       .committer = committer,
                       .clock = clock,
                       .credentials = [](const UpstreamSettings&) -> Result<net::Headers> { return net::Headers{}; },
                       .on_promoted = [&comparer](PromotedAnswer answer) { comparer.look_at(std::move(answer)); },
                       .on_pair = [&comparer](ShadowedPair pair) { comparer.compare(std::move(pair)); }});
    if (!gateway.ok()) return std::fprintf(stderr, "%s\n", gateway.error().message.c_str()), 1;
    if (options.canary + options.shadow > 0) {
      const auto promoted = (*gateway)->set_promoted({{.id = "p-bench",
                                                       .workload = kBench,
                                                       .client = kBench,
                                                       .target = {.upstream = kCandidate, .variant = kCandidate},
                                                       .share = options.canary / 100.0,
                                                       .shadow = options.shadow / 100.0}});
      if (!promoted.ok()) return std::fprintf(stderr, "%s\n", promoted.error().message.c_str()), 1;
    }
    net::Server server(loops, server_options(options), (*gateway)->handler());
    if (const auto started = server.start(); !started.ok()) {
      return std::fprintf(stderr, "%s\n", started.error().message.c_str()), 1;
    }
    int signal = 0;
    sigwait(&signals, &signal);
    server.stop_blocking(std::chrono::seconds(1));
    std::ostringstream metrics;
    (*gateway)->write_metrics(metrics);
    std::fputs(metrics.str().c_str(), stderr);
  }
  const auto now = stored(**log).value();
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(R"({"taken": %llu, "stored": %llu, "promoted": %llu, "pairs": %llu, "same": %llu})"
              "\n",
              number(now - before), number(now), number(comparer.answers), number(comparer.pairs),
              number(comparer.same));
  return 0;
}

}  // namespace
}  // namespace fw::capture

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fw::set_log_level(fw::LogLevel::kWarning);
  fw::capture::Options options;
  if (!fw::capture::read_options(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: gateway_alone --port P --upstream URL --data FOLDER [--capture off|journal|before_last_byte] "
                 "[--patience S] [--loops N] [--canary PERCENT] [--shadow PERCENT]\n");
    return 64;
  }
  return fw::capture::run(options, signals);
}
