// Requests a second of the server on loopback, against plain sockets: `net_bench [SECONDS] [CONNECTIONS]`. One thread
// serves, one asks: all connections get a request, then all answers are read. Then our own client against our server.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "async/run_blocking.h"
#include "base/log.h"
#include "net/client.h"
#include "net/router.h"
#include "net/server.h"
#include "net/tests/raw_peer.h"

namespace fw::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

Task<Result<Response>> hello(Call) { co_return text_response(200, "hello"); }

double ask_raw(std::uint16_t port, double seconds, int connections) {
  std::vector<RawSocket> peers;
  for (int i = 0; i < connections; ++i) peers.push_back(RawSocket::to(port));
  const auto begin = SteadyClock::now();
  std::size_t answers = 0;
  double passed = 0;
  while (passed < seconds) {
    for (auto& peer : peers)
      peer.send("GET /hello HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n");
    for (auto& peer : peers) peer.read_until("hello");
    answers += peers.size();
    passed = to_seconds(SteadyClock::now() - begin);
  }
  return static_cast<double>(answers) / passed;
}

Task<double> ask_with_client(std::string url, double seconds) {
  Client client(co_await boost::asio::this_coro::executor);
  const auto begin = SteadyClock::now();
  std::size_t answers = 0;
  double passed = 0;
  while (passed < seconds) {
    const auto answer = co_await client.send({.target = url}, Deadline::after(std::chrono::seconds(5)));
    if (!answer.ok() || answer->body != "hello") co_return 0;
    ++answers;
    passed = to_seconds(SteadyClock::now() - begin);
  }
  co_return static_cast<double>(answers) / passed;
}

int run(double seconds, int connections) {
  boost::asio::io_context io(1);
  Router router;
  router.on(Method::kGet, "/hello", hello);
  Server server(io.get_executor(), {}, router.handler());
  if (const auto started = server.start(); !started.ok()) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  std::thread serving([&] { io.run(); });
  std::printf("server, %d connections: %.0f requests/s\n", connections, ask_raw(server.port(), seconds, connections));
  std::printf("server, 1 connection: %.0f requests/s\n", ask_raw(server.port(), seconds, 1));
  std::printf("client and server, one request at a time: %.0f requests/s\n",
              run_blocking(ask_with_client(server.url() + "/hello", seconds)));
  server.stop_blocking(std::chrono::seconds(1));
  serving.join();
  return 0;
}

}  // namespace
}  // namespace fw::net

int main(int argc, char** argv) {
  fw::set_log_level(fw::LogLevel::kWarning);
  return fw::net::run(argc > 1 ? std::atof(argv[1]) : 2.0, argc > 2 ? std::atoi(argv[2]) : 64);
}
