#include "modelops/openai/endpoint_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/thread_pool.hpp>

#include "async/run_blocking.h"
#include "net/router.h"

namespace fw::modelops {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CheckEndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.on(net::Method::kGet, "/v1/models", [this](net::Call call) -> Task<Result<net::Response>> {
      seen_key_ = std::string(call.request.headers.find("Authorization").value_or(""));
      co_return list_;
    });
    router_.on(net::Method::kPost, "/v1/chat/completions", [this](net::Call) -> Task<Result<net::Response>> {
      if (++questions_ == 1 && is_busy_once_) co_return net::json_response(503, R"({"error": "Loading model"})");
      co_return answer_;
    });
    ASSERT_TRUE(server_.start().ok());
  }
  ~CheckEndpointTest() override { server_.stop_blocking(std::chrono::milliseconds(0)); }

  Result<EndpointAnswer> check(std::string api_key_env = "", EndpointQuestion question = EndpointQuestion::kAsNeeded) {
    return check_at(server_.url() + "/v1", std::move(api_key_env), question);
  }
  Result<EndpointAnswer> check_at(std::string url, std::string api_key_env = "",
                                  EndpointQuestion question = EndpointQuestion::kAsNeeded) {
    return run_blocking(check_endpoint(
        client_, {.url = std::move(url), .model = "m", .api_key_env = std::move(api_key_env)}, question,
        Deadline::after(std::chrono::seconds(20)), [this](const std::string& n) { return n == "KEY" ? key_ : ""; }));
  }

  boost::asio::thread_pool threads_{1};
  net::Router router_;
  net::Server server_{threads_.get_executor(), {}, router_.handler()};
  net::Client client_{threads_.get_executor()};
  net::Response list_ = net::json_response(200, R"({"data": []})");
  net::Response answer_ = net::json_response(200, R"({"choices": [{"message": {"content": "ready"}}]})");
  std::atomic<int> questions_ = 0;
  bool is_busy_once_ = false;
  std::string key_ = "s3cret-0123456789";
  std::string seen_key_;
};

TEST_F(CheckEndpointTest, AServerThatListsItsModelsIsAskedNothing) {
  ASSERT_TRUE(check().ok());
  EXPECT_EQ(check()->what, "listed its models");
  EXPECT_EQ(questions_, 0);
}

TEST_F(CheckEndpointTest, WhereTheListIsMissingOrKeptTheQuestionDecides) {
  for (const int status : {401, 403, 404, 405, 500, 501}) {
    list_ = net::json_response(status, "{}");
    const auto answer = check();
    ASSERT_TRUE(answer.ok()) << status << answer.error().message;
    EXPECT_EQ(answer->what, "answered a small question");
  }
  list_ = net::text_response(200, "<html>welcome</html>");
  EXPECT_TRUE(check().ok());
  EXPECT_EQ(questions_, 7);
}

TEST_F(CheckEndpointTest, IsAskedAlwaysWhereThatIsWanted) {
  EXPECT_EQ(check("", EndpointQuestion::kAlways)->what, "answered a small question");
  answer_ = net::json_response(400, R"({"error": {"message": "no quota for m"}})");
  EXPECT_THAT(check("", EndpointQuestion::kAlways).error().message, HasSubstr("no quota for m"));
}

TEST_F(CheckEndpointTest, AServerThatStillLoadsIsAskedAgain) {
  is_busy_once_ = true;
  EXPECT_TRUE(check("", EndpointQuestion::kAlways).ok());
  EXPECT_EQ(questions_, 2);
}

TEST_F(CheckEndpointTest, SendsTheKeyThatItsVariableHolds) {
  EXPECT_TRUE(check("KEY").ok());
  EXPECT_EQ(seen_key_, "Bearer s3cret-0123456789");
}

TEST_F(CheckEndpointTest, NamesTheVariableOfAMissingOrRefusedKeyAndNeverTheKey) {
  EXPECT_THAT(check("NO_KEY").error().message, HasSubstr("NO_KEY"));
  list_ = net::json_response(401, "{}");
  answer_ = net::json_response(401, R"({"error": "bad key s3cret-0123456789"})");
  const auto error = check("KEY").error();
  EXPECT_EQ(error.code, ErrorCode::kUnauthorized);
  EXPECT_THAT(error.message, AllOf(HasSubstr("KEY"), Not(HasSubstr("s3cret"))));
}

TEST_F(CheckEndpointTest, AnswersThatAreNoneAreSaid) {
  list_ = net::json_response(404, "{}");
  answer_ = net::text_response(200, "<html>welcome</html>");
  EXPECT_THAT(check().error().message, HasSubstr("page for people"));
  answer_ = net::json_response(200, R"({"hello": 1})");
  EXPECT_THAT(check().error().message, HasSubstr("not with a chat completion"));
  answer_ =
      net::json_response(200, R"({"error": {"message": "Provider returned error", "metadata": {"raw": "busy"}}})");
  EXPECT_THAT(check().error().message, HasSubstr("not with a chat completion: Provider returned error: busy"));
  answer_ = net::json_response(404, R"({"detail": "Not Found"})");
  EXPECT_THAT(check().error().message, HasSubstr("/v1/chat/completions answered 404"));
}

TEST_F(CheckEndpointTest, NoServerAndNoHostAreSaidByTheirCause) {
  const std::string url = server_.url() + "/v1";
  server_.stop_blocking(std::chrono::milliseconds(0));
  EXPECT_THAT(check_at(url).error().message, HasSubstr("refused"));
  EXPECT_THAT(check_at("http://no-such-host.invalid/v1").error().message, HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace fw::modelops
