#include "app/cli/api_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "net/server.h"
#include "net/sse.h"

namespace fw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A service that can go and come back on the same port. Each life answers the stream of events with what is left of
/// three, one a connection, then ends it.
class RestartingService {
 public:
  ~RestartingService() {
    stop();
    work_.reset();
    thread_.join();
  }
  void start() {
    server_ = std::make_unique<net::Server>(
        io_.get_executor(), net::ServerOptions{.port = port_},
        [this](net::IncomingRequest& request, net::ResponseWriter& out) { return answer(request, out); });
    ASSERT_TRUE(server_->start().ok());
    port_ = server_->port();
  }
  void stop() {
    if (server_) server_->stop_blocking(std::chrono::milliseconds(100));
    server_.reset();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::atomic<int> refusals{0};  ///< connections that are answered 503, as by a service that is starting

 private:
  Task<void> answer(net::IncomingRequest& request, net::ResponseWriter& out) {
    if (refusals > 0) {
      --refusals;
      (void)co_await out.send(net::detail_response(503, "starting"), request.deadline);
      co_return;
    }
    const std::string last(request.headers.find("Last-Event-ID").value_or("0"));
    net::SseWriter writer(out);
    (void)co_await writer.start(request.deadline);
    net::SseEvent event;
    event.id = std::to_string(std::stoi(last) + 1);
    event.event = last == "3" ? "end" : "job";
    event.data = event.id;
    (void)co_await writer.send(event, request.deadline);
    (void)co_await writer.finish(request.deadline);
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
  std::uint16_t port_ = 0;
  std::unique_ptr<net::Server> server_;
};

Patience impatient() {
  Patience patience;
  patience.first_pause = std::chrono::milliseconds(1);
  patience.longest_pause = std::chrono::milliseconds(10);
  return patience;
}

TEST(ApiClientEvents, GoOnWhereTheyStoodThroughAnyNumberOfBreaks) {
  RestartingService service;
  service.start();
  ApiClient client(service.url());
  std::vector<std::string> seen;
  int waits = 0;
  Patience patience = impatient();
  patience.on_wait = [&](const Error&) {
    // The service goes after each event, is away for seven tries, and then still starting for two; the tenth brings an
    // event.
    if (++waits % 10 == 1) service.stop();
    if (waits % 10 == 8) {
      service.refusals = 2;
      service.start();
    }
    ASSERT_LT(waits, 100);
  };
  const auto status = client.events(
      "/events",
      [&](std::string_view, std::string_view data) {
        seen.emplace_back(data);
        return true;
      },
      patience);
  EXPECT_TRUE(status.ok()) << status.error();
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
  EXPECT_GT(waits, 20);
}

TEST(ApiClientEvents, AServiceThatWasNeverThereIsAnErrorWithTheRemedy) {
  ApiClient client("http://127.0.0.1:9");
  const auto status = client.events("/events", [](std::string_view, std::string_view) { return true; }, impatient());
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("flywheel serve"));
}

/// Answers `/whole` with 3 MB in pieces, `/refused` with an error, and cuts anything else after its first piece.
Task<void> answer_in_pieces(net::IncomingRequest& request, net::ResponseWriter& out) {
  if (request.path() == "/refused") {
    (void)co_await out.send(net::detail_response(403, "not for you"), request.deadline);
    co_return;
  }
  (void)co_await out.start({}, request.deadline);
  for (int i = 0; i < 30; ++i) {
    (void)co_await out.write(std::string(100'000, 'x'), request.deadline);
    if (request.path() != "/whole") co_return;
  }
  (void)co_await out.finish(request.deadline);
}

TEST(ApiClientDownload, GivesAllOfAnAnswerAndSaysWhereOneWasCut) {
  boost::asio::io_context io;
  auto work = boost::asio::make_work_guard(io);
  std::thread thread([&io] { io.run(); });
  net::Server server(io.get_executor(), {}, answer_in_pieces);
  ASSERT_TRUE(server.start().ok());
  ApiClient client(server.url());
  std::size_t bytes = 0;
  const auto count = [&bytes](std::string_view piece) -> Status {
    bytes += piece.size();
    return {};
  };
  EXPECT_TRUE(client.download("/whole", count).ok());
  EXPECT_EQ(bytes, 3'000'000U);
  const auto cut = client.download("/cut", count);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(cut.error().message, HasSubstr("is not whole"));
  const auto refused = client.download("/refused", count);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("not for you"));
  const auto full = client.download("/whole", [](std::string_view) -> Status { return storage_full("no room"); });
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kStorageFull);
  server.stop_blocking(std::chrono::seconds(1));
  work.reset();
  thread.join();
}

TEST(ApiClientEvents, GiveUpWhenToldSo) {
  ApiClient client("http://127.0.0.1:9");
  Patience patience = impatient();
  patience.is_known = true;
  patience.give_up_after = std::chrono::milliseconds(50);
  EXPECT_FALSE(client.events("/events", [](std::string_view, std::string_view) { return true; }, patience).ok());
}

}  // namespace
}  // namespace fw::app
