// A bare relay of requests and answers, as thin as `net` lets it be: what the gateway's transport costs, beside other
// proxies (README.md here). `net_relay --port P --upstream URL [--loops N] [--seconds S] [--patience S]`. Not
// installed.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "async/event_loops.h"
#include "base/log.h"
#include "net/client.h"
#include "net/server.h"
#include "net/url.h"

namespace fw::net {
namespace {

constexpr std::size_t kMaxWholeBody = std::size_t{16} << 20;

struct Settings {
  std::uint16_t port = 0;
  std::string upstream;
  int loops = 1;
  int seconds = 3600;
  int patience = 0;  // seconds of silence, of either side, after which the relay gives up; 0: the defaults of `net`
};

ServerOptions server_options(const Settings& settings) {
  ServerOptions options{.name = "relay", .port = settings.port, .max_connections = 20'000};
  if (settings.patience > 0) options.header_timeout = options.body_timeout = std::chrono::seconds(settings.patience);
  return options;
}

ClientOptions client_options(const Settings& settings) {
  ClientOptions options{.max_idle_per_origin = 1024};
  if (settings.patience > 0) options.read_timeout = std::chrono::seconds(settings.patience);
  return options;
}

/// Hands requests on to one upstream.
class Relay final {
 public:
  Relay(Client& client, std::string upstream) : client_(client), upstream_(std::move(upstream)) {}

  Task<void> serve(IncomingRequest& incoming, ResponseWriter& out) {
    const Deadline deadline = incoming.deadline;
    auto body = co_await read_all(*incoming.body, kMaxWholeBody, deadline);
    if (!body.ok()) co_return co_await fail(out, body.error());
    Request request{.method = incoming.method,
                    .target = join_url(upstream_, incoming.target),
                    .headers = std::move(incoming.headers),
                    .body = std::move(*body)};
    request.headers.remove("Host");
    request.headers.remove("Expect");
    auto answer = co_await client_.open(std::move(request), deadline);
    if (!answer.ok()) co_return co_await fail(out, answer.error());
    (void)co_await pass_on(**answer, out, deadline);
  }

 private:
  static Task<Status> pass_on(ResponseStream& answer, ResponseWriter& out, Deadline deadline) {
    ResponseHead head = answer.head();
    if (auto whole = answer.take_if_whole(); whole && !head.headers.contains("Transfer-Encoding")) {
      co_return co_await out.send({head.status, std::move(head.headers), std::move(*whole)}, deadline);
    }
    FW_CO_TRY(co_await out.start(std::move(head), deadline));
    while (true) {
      FW_CO_ASSIGN(auto piece, co_await answer.next(deadline));
      if (!piece) co_return co_await out.finish(deadline);
      FW_CO_TRY(co_await out.write(std::move(*piece), deadline));
    }
  }

  static Task<void> fail(ResponseWriter& out, Error error) {
    const bool is_ours = error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kInvalidArgument;
    (void)co_await out.send(detail_response(is_ours ? http_status(error.code) : 502, error.message),
                            Deadline::after(std::chrono::seconds(1)));
  }

  Client& client_;
  std::string upstream_;
};

bool read_number(std::string_view text, auto& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_settings(int argc, char** argv, Settings& settings) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--upstream") {
      settings.upstream = value;
    } else if (!((name == "--port" && read_number(value, settings.port)) ||
                 (name == "--loops" && read_number(value, settings.loops)) ||
                 (name == "--seconds" && read_number(value, settings.seconds)) ||
                 (name == "--patience" && read_number(value, settings.patience)))) {
      return false;
    }
  }
  return argc % 2 == 1 && !settings.upstream.empty() && settings.loops > 0;
}

int run(const Settings& settings) {
  EventLoops loops(settings.loops);
  Client client(loops.executor(0), client_options(settings));
  Relay relay(client, settings.upstream);
  Server server(loops, server_options(settings),
                [&relay](IncomingRequest& request, ResponseWriter& out) { return relay.serve(request, out); });
  if (const auto started = server.start(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
  server.stop_blocking(std::chrono::seconds(1));
  return 0;
}

}  // namespace
}  // namespace fw::net

int main(int argc, char** argv) {
  fw::set_log_level(fw::LogLevel::kWarning);
  fw::net::Settings settings;
  if (!fw::net::read_settings(argc, argv, settings)) {
    std::fprintf(stderr, "usage: net_relay --port P --upstream URL [--loops N] [--seconds S] [--patience S]\n");
    return 64;
  }
  return fw::net::run(settings);
}
