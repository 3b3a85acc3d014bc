#include "modelops/local/impl/endpoint_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <cstdlib>

#include "async/run_blocking.h"
#include "net/router.h"

namespace fw::modelops {
namespace {

using testing::HasSubstr;

class CheckEndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.on(net::Method::kGet, "/v1/models", [this](net::Call call) -> Task<Result<net::Response>> {
      seen_key_ = std::string(call.request.headers.find("Authorization").value_or(""));
      co_return answer_;
    });
    ASSERT_TRUE(server_.start().ok());
  }
  ~CheckEndpointTest() override { server_.stop_blocking(std::chrono::milliseconds(0)); }

  Status check(std::string api_key_env = "") {
    return run_blocking(check_endpoint(client_, {.url = server_.url() + "/v1", .api_key_env = std::move(api_key_env)},
                                       Deadline::after(std::chrono::seconds(20))));
  }

  boost::asio::thread_pool threads_{1};
  net::Router router_;
  net::Server server_{threads_.get_executor(), {}, router_.handler()};
  net::Client client_{threads_.get_executor()};
  net::Response answer_ = net::json_response(200, R"({"data": []})");
  std::string seen_key_;
};

TEST_F(CheckEndpointTest, AServerThatListsItsModelsWillDo) { EXPECT_TRUE(check().ok()); }

TEST_F(CheckEndpointTest, SoWillOneThatHasNoSuchList) {
  answer_ = net::json_response(404, "{}");
  EXPECT_TRUE(check().ok());
}

TEST_F(CheckEndpointTest, SendsTheKeyThatItsVariableHolds) {
  ::setenv("FLYWHEEL_TEST_KEY", "secret", 1);
  EXPECT_TRUE(check("FLYWHEEL_TEST_KEY").ok());
  EXPECT_EQ(seen_key_, "Bearer secret");
}

TEST_F(CheckEndpointTest, NamesTheVariableOfAMissingOrRefusedKey) {
  ::unsetenv("FLYWHEEL_TEST_NO_KEY");
  EXPECT_THAT(check("FLYWHEEL_TEST_NO_KEY").error().message, HasSubstr("FLYWHEEL_TEST_NO_KEY"));
  ::setenv("FLYWHEEL_TEST_KEY", "secret", 1);
  answer_ = net::json_response(401, "{}");
  EXPECT_EQ(check("FLYWHEEL_TEST_KEY").error().code, ErrorCode::kUnauthorized);
  EXPECT_THAT(check("FLYWHEEL_TEST_KEY").error().message, HasSubstr("FLYWHEEL_TEST_KEY"));
}

TEST_F(CheckEndpointTest, APageForPeopleIsNoModelServer) {
  answer_ = net::text_response(200, "<html>welcome</html>");
  EXPECT_EQ(check().error().code, ErrorCode::kUnavailable);
}

TEST_F(CheckEndpointTest, ABrokenOrAbsentServerIsUnavailable) {
  answer_ = net::json_response(500, "{}");
  EXPECT_EQ(check().error().code, ErrorCode::kUnavailable);
  server_.stop_blocking(std::chrono::milliseconds(0));
  EXPECT_EQ(check().error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace fw::modelops
