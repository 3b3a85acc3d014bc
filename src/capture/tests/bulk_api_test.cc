#include "capture/bulk/bulk_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <future>

#include "async/event_loops.h"
#include "async/keep_result.h"
#include "capture/tests/gated_store.h"
#include "io/file.h"
#include "net/client.h"
#include "net/server.h"

namespace fw::capture {
namespace {

using testing::HasSubstr;

class BulkApiTest : public testing::Test {
 protected:
  BulkApiTest() {
    EXPECT_TRUE(api.open().ok());
    EXPECT_TRUE(server.start().ok());
  }
  ~BulkApiTest() override { server.stop_blocking(std::chrono::seconds(2)); }

  net::Response post(std::string_view path, std::string body) {
    std::optional<Result<net::Response>> result;
    std::promise<void> done;
    auto request = net::json_request(net::Method::kPost, server.url() + std::string(path), std::move(body));
    boost::asio::co_spawn(
        loops.executor(0),
        keep_result(client.send(std::move(request), Deadline::after(std::chrono::seconds(10))), result),
        [&](const std::exception_ptr&) { done.set_value(); });
    done.get_future().wait();
    EXPECT_TRUE(result->ok()) << result->error();
    return result->ok() ? std::move(**result) : net::Response{.status = 0};
  }

  io::TemporaryFolder folder{"bulk_api"};
  EventLoops loops{1};
  Pool disk{"disk", 1};
  Pool search{"search", 1, 0};  // nothing may wait for it
  Pool cpu{"cpu", 1};
  SystemClock clock;
  Redactor redactor;
  GatedStore store;
  Committer committer{store, disk};
  std::unique_ptr<Quarantine> quarantine = Quarantine::open(folder.path() / "quarantine").value();
  BulkApi api{{committer, store, *quarantine, redactor, disk, search, cpu, clock, folder.path() / "names"}, {}};
  net::Server server{loops, {}, api.handler()};
  net::Client client{loops.executor(0)};
};

TEST_F(BulkApiTest, SearchesBeyondTheirRoomAreRefusedAndDocumentsTaken) {
  const auto found = post("/flywheel/_search", R"({"query":{"match_all":{}}})");
  EXPECT_EQ(found.status, 429);
  EXPECT_THAT(found.body, HasSubstr("es_rejected_execution_exception"));
  EXPECT_THAT(found.body, HasSubstr("search threads"));
  EXPECT_EQ(search.refused(), 1U);
  EXPECT_EQ(post("/flywheel/_delete_by_query", R"({"query":{"match_all":{}}})").status, 429);

  const auto taken = post("/flywheel/_bulk",
                          "{\"index\":{}}\n"
                          R"({"timestamp":1760000000,"workload_id":"w","client_id":"c","request":{"model":"m",)"
                          R"("messages":[{"role":"user","content":"hi"}]},"response":{"choices":[{"message":)"
                          R"({"role":"assistant","content":"hello"}}]}})"
                          "\n");
  EXPECT_EQ(taken.status, 200);
  EXPECT_THAT(taken.body, HasSubstr("\"errors\":false"));
  EXPECT_EQ(store.ids().size(), 1U);
}

}  // namespace
}  // namespace fw::capture
