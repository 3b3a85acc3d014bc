// The gateway, its committer and the log store without the rest of the service: `gateway_alone --port P --upstream URL
// [--capture off|journal|before_last_byte] [--data FOLDER] [--patience S] [--loops N]`. Ends with SIGTERM and says how
// many records it took and how many there are. Not installed.

#include <pthread.h>

#include <algorithm>
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

namespace fw::capture {
namespace {

struct Options {
  int port = 0;
  std::string upstream;
  std::string capture = "journal";
  std::string data;
  int loops = 2;
  int patience = 300;
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

int run(const Options& options, const sigset_t& signals) {
  auto log = logstore::open_rocksdb_log_store(options.data);
  if (!log.ok()) return std::fprintf(stderr, "%s\n", log.error().message.c_str()), 1;
  const auto before = stored(**log).value();
  EventLoops loops(options.loops);
  Pool commit("commit", 1);
  SystemClock clock;
  {
    Committer committer(**log, commit);
    auto gateway = Gateway::make(settings_of(options),
                                 {loops.executor(0), committer, clock,
                                  [](const UpstreamSettings&) -> Result<net::Headers> { return net::Headers{}; }});
    if (!gateway.ok()) return std::fprintf(stderr, "%s\n", gateway.error().message.c_str()), 1;
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
  std::printf("{\"taken\": %llu, \"stored\": %llu}\n", static_cast<unsigned long long>(now - before),
              static_cast<unsigned long long>(now));
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
                 "[--patience S] [--loops N]\n");
    return 64;
  }
  return fw::capture::run(options, signals);
}
