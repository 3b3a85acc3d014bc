#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "async/event_loops.h"
#include "async/keep_result.h"
#include "capture/gateway/gateway.h"
#include "capture/gateway/tests/kept_store.h"
#include "net/client.h"
#include "net/server.h"

namespace fw::capture {

using namespace std::chrono_literals;

/// A server that answers as a test says; it keeps the last request.
class FakeUpstream final {
 public:
  using Answer = std::function<Task<void>(net::IncomingRequest&, std::string body, net::ResponseWriter&)>;

  explicit FakeUpstream(const EventLoops& loops)
      : server_(loops, {}, [this](net::IncomingRequest& in, net::ResponseWriter& out) { return serve(in, out); }) {
    EXPECT_TRUE(server_.start().ok());
  }
  ~FakeUpstream() { server_.stop_blocking(1s); }
  FakeUpstream(const FakeUpstream&) = delete;
  FakeUpstream& operator=(const FakeUpstream&) = delete;

  [[nodiscard]] std::string url() const { return server_.url() + "/v1"; }
  void answers(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  /// Always the same whole answer.
  void answers(int status, std::string body, net::Headers headers = {{"Content-Type", "application/json"}}) {
    answers([=](net::IncomingRequest&, std::string, net::ResponseWriter& out) -> Task<void> {
      return send(out, {status, headers, body});
    });
  }
  [[nodiscard]] net::Request last() const {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  [[nodiscard]] int requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static Task<void> send(net::ResponseWriter& out, net::Response response) {
    (void)co_await out.send(std::move(response), Deadline::after(5s));
  }

 private:
  Task<void> serve(net::IncomingRequest& in, net::ResponseWriter& out) {
    auto read = co_await net::read_all(*in.body, 1 << 26, in.deadline);
    std::string body = read.ok() ? std::move(*read) : std::string();
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      last_ = {in.method, in.target, in.headers, body};
      ++requests_;
      answer = answer_;
    }
    if (answer) co_await answer(in, std::move(body), out);
  }

  mutable std::mutex mutex_;
  Answer answer_;
  net::Request last_;
  int requests_ = 0;
  net::Server server_;
};

/// A gateway between a client and fake upstreams, over a store in memory.
class GatewayTest : public testing::Test {
 protected:
  ~GatewayTest() override {
    if (server_) server_->stop_blocking(2s);
    gateway.reset();  // its copies under way tell of pairs, which are gone before it otherwise
  }

  /// What the gateway told of promoted models: `id ok` or `id error`.
  std::vector<std::string> told() {
    const std::lock_guard lock(told_mutex_);
    return told_;
  }
  std::function<void(PromotedAnswer)> on_promoted = [this](const PromotedAnswer& answer) {
    const std::lock_guard lock(told_mutex_);
    told_.push_back(answer.promotion + (answer.is_error ? " error" : " ok"));
  };
  std::function<Task<net::Response>(std::string, auth::Caller)> on_feedback;
  /// The pairs, once there are so many.
  std::vector<ShadowedPair> pairs(std::size_t count) {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(told_mutex_);
        if (pairs_.size() >= count) return pairs_;
      }
      EXPECT_TRUE(run(pause(10ms)).ok());
    }
    ADD_FAILURE() << "there are fewer than " << count << " pairs";
    return std::vector<ShadowedPair>(count);
  }

  /// One upstream, `settings.upstreams` filled in where it has none.
  void serve(GatewaySettings settings = {}) {
    if (settings.upstreams.empty()) settings.upstreams = {upstream_settings("main", upstream)};
    auto made = Gateway::make(std::move(settings), {loops.executor(0),
                                                    committer,
                                                    clock,
                                                    credentials,
                                                    {},
                                                    {},
                                                    on_promoted,
                                                    [this](ShadowedPair pair) {
                                                      const std::lock_guard lock(told_mutex_);
                                                      pairs_.push_back(std::move(pair));
                                                    },
                                                    on_feedback});
    ASSERT_TRUE(made.ok()) << made.error();
    gateway = std::move(*made);
    net::ServerOptions options;
    options.half_close_grace = 100ms;
    options.drain = std::chrono::seconds(20);
    server_ = std::make_unique<net::Server>(loops, std::move(options), gateway->handler());
    ASSERT_TRUE(server_->start().ok());
  }
  static UpstreamSettings upstream_settings(std::string name, const FakeUpstream& fake) {
    UpstreamSettings settings;
    settings.name = std::move(name);
    settings.url = fake.url();
    settings.max_retry_wait = 100ms;
    return settings;
  }

  [[nodiscard]] std::string url(std::string_view path) const { return server_->url() + std::string(path); }
  net::Response post(std::string_view path, std::string body, net::Headers headers = {}) {
    net::Request request = net::json_request(net::Method::kPost, url(path), std::move(body));
    for (const auto& [name, value] : headers) request.headers.set(name, value);
    auto answer = run(client.send(std::move(request), Deadline::after(10s)));
    EXPECT_TRUE(answer.ok()) << answer.error();
    return answer.ok() ? std::move(*answer) : net::Response{.status = 0};
  }
  net::Response chat(std::string body = R"({"model":"gpt-4o","messages":[]})", net::Headers headers = {}) {
    return post("/v1/chat/completions", std::move(body), std::move(headers));
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::promise<void> done;
    boost::asio::co_spawn(loops.executor(0), keep_result(std::move(task), result),
                          [&](const std::exception_ptr&) { done.set_value(); });
    done.get_future().wait();
    return std::move(*result);
  }

  /// The records, once there are so many.
  std::vector<record::Interaction> records(std::size_t count = 1) {
    for (int i = 0; i < 500 && store.records().size() < count; ++i) EXPECT_TRUE(run(pause(10ms)).ok());
    EXPECT_TRUE(run(committer.flush(Deadline::after(5s))).ok());
    auto found = store.records();
    EXPECT_EQ(found.size(), count);
    found.resize(std::max(count, found.size()));
    return found;
  }
  static Task<Status> pause(Duration wait) { co_return co_await sleep_for(wait, Deadline::never()); }

  static Result<net::Headers> credentials(const UpstreamSettings& settings) {
    if (settings.api_key_env == "MISSING") return failed_precondition("variable MISSING is not set");
    if (settings.api_key_env.empty()) return net::Headers{};
    return net::Headers{{"Authorization", "Bearer ours"}};
  }

  EventLoops loops{2};
  Pool disk{"disk", 2};
  SystemClock clock;
  KeptStore store;
  Committer committer{store, disk};
  FakeUpstream upstream{loops};
  std::unique_ptr<Gateway> gateway;
  net::Client client{loops.executor(0)};

 private:
  std::mutex told_mutex_;
  std::vector<std::string> told_;
  std::vector<ShadowedPair> pairs_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace fw::capture
