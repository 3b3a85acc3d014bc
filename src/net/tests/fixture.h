#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <string>

#include "async/pool.h"
#include "async/task_group.h"
#include "net/client.h"
#include "net/router.h"
#include "net/server.h"

namespace fw::net {

using namespace std::chrono_literals;

/// Threads that serve sockets; `run` awaits a task on them from the test's thread.
class Loop final {
 public:
  explicit Loop(int threads = 2) : pool_("net", threads) {}
  [[nodiscard]] Executor executor() { return pool_.executor(); }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(executor(), keep(std::move(task), result), boost::asio::use_future).get();
    return std::move(*result);
  }
  void run(Task<void> task) { boost::asio::co_spawn(executor(), std::move(task), boost::asio::use_future).get(); }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  Pool pool_;
};

/// A server with routes and a client, in one process.
class NetTest : public testing::Test {
 protected:
  ~NetTest() override {
    if (server) server->stop_blocking(1s);
  }

  void serve(ServerOptions options = {}) {
    server = std::make_unique<Server>(loop.executor(), std::move(options), router.handler());
    const auto started = server->start();
    ASSERT_TRUE(started.ok()) << started.error();
  }
  [[nodiscard]] std::string url(std::string_view path) const { return server->url() + std::string(path); }
  [[nodiscard]] Result<Response> get(std::string_view path, Deadline deadline = Deadline::after(10s)) {
    return loop.run(client.send({.target = url(path)}, std::move(deadline)));
  }
  [[nodiscard]] Result<Response> post(std::string_view path, std::string body,
                                      Deadline deadline = Deadline::after(10s)) {
    return loop.run(
        client.send({.method = Method::kPost, .target = url(path), .body = std::move(body)}, std::move(deadline)));
  }

  Loop loop;
  Router router;
  std::unique_ptr<Server> server;
  Client client{loop.executor()};
};

}  // namespace fw::net
