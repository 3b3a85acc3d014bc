#include "net/tests/fixture.h"

namespace fw::net {
namespace {

using testing::Eq;
using testing::HasSubstr;

Task<Result<Response>> echo(Call call) { co_return text_response(200, call.request.body); }
Task<Result<Response>> say_job(Call call) { co_return text_response(200, "job " + call.params.at("id")); }

TEST_F(NetTest, AWholeRequestGetsAWholeAnswer) {
  router.on(Method::kPost, "/echo", echo);
  serve();
  const auto answer = post("/echo", "hello");
  ASSERT_TRUE(answer.ok()) << answer.error();
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(NetTest, SequentialRequestsShareOneConnection) {
  router.on(Method::kGet, "/api/jobs/{id}", say_job);
  serve();
  for (int i = 0; i < 1000; ++i) {
    const auto answer = get("/api/jobs/" + std::to_string(i));
    ASSERT_TRUE(answer.ok()) << answer.error();
    ASSERT_EQ(answer->body, "job " + std::to_string(i));
  }
  EXPECT_EQ(server->connections(), 1U);
  EXPECT_EQ(client.idle_connections(), 1U);
}

}  // namespace
}  // namespace fw::net
