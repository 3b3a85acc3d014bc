#include "sample/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "async/run_blocking.h"
#include "net/client.h"

namespace fw::sample {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* kQuestion =
    R"({"model":"atlas-large","messages":[{"role":"user","content":"Where is my order A-12345?"}],
  "tools":[{"type":"function","function":{"name":"get_order"}}])";

class ModelServerTest : public testing::Test {
 protected:
  ~ModelServerTest() override {
    if (server_) server_->stop_blocking(1s);
  }

  void serve(ServeSettings settings = {}) {
    server_ = std::make_unique<ModelServer>(loops_, std::move(settings));
    const auto status = server_->start();
    ASSERT_TRUE(status.ok()) << status.error();
  }

  Result<net::Response> ask(const std::string& more, net::Headers headers = {}, Duration patience = 10s) {
    net::Request request =
        net::json_request(net::Method::kPost, server_->url() + "/v1/chat/completions", kQuestion + more + "}");
    for (const auto& field : headers) request.headers.add(field.name, field.value);
    net::Client client(loops_.executor(0));
    return run_blocking(client.send(std::move(request), Deadline::after(patience)));
  }

  EventLoops loops_{1};
  std::unique_ptr<ModelServer> server_;
};

TEST_F(ModelServerTest, AnswersWholeAndInPieces) {
  serve();
  const auto whole = ask("");
  ASSERT_TRUE(whole.ok()) << whole.error();
  const auto call = json::parse(whole->body)["choices"][0]["message"]["tool_calls"][0];
  EXPECT_EQ(call["function"]["arguments"], R"({"order_id":"A-12345"})");
  const auto stream = ask(R"(,"stream":true,"stream_options":{"include_usage":true})");
  ASSERT_TRUE(stream.ok()) << stream.error();
  EXPECT_EQ(stream->headers.find("Content-Type"), "text/event-stream");
  EXPECT_THAT(stream->body, HasSubstr("\"usage\":{\"prompt_tokens\""));
  EXPECT_THAT(stream->body, HasSubstr("data: [DONE]\n\n"));
}

TEST_F(ModelServerTest, FailsAsARequestAsks) {
  serve();
  EXPECT_EQ(ask("", {{"x-sample-fail", "429"}})->status, 429);
  EXPECT_EQ(ask("", {{"x-sample-fail", "429"}})->headers.find("Retry-After"), "1");
  EXPECT_FALSE(ask("", {{"x-sample-fail", "cut"}}).ok());
  EXPECT_FALSE(ask(R"(,"stream":true)", {{"x-sample-fail", "cut"}}).ok());
  EXPECT_EQ(ask("", {{"x-sample-fail", "stall"}}, 300ms).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(ask(R"(,"stream":true)", {{"x-sample-fail", "error"}})->body, HasSubstr("\"error\":"));
  EXPECT_THAT(ask(R"(,"stream":true)", {{"x-sample-fail", "no-done"}})->body, Not(HasSubstr("[DONE]")));
}

TEST_F(ModelServerTest, FailsAsItIsSetTo) {
  serve({.fail_rate = 1, .fail = "500"});
  EXPECT_EQ(ask("")->status, 500);
  ModelServer other(loops_, {.fail = "sometimes"});
  EXPECT_EQ(other.start().error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ModelServerTest, AsksForItsKeyAndRefusesWhatIsNoRequest) {
  serve({.api_key = "secret"});
  EXPECT_EQ(ask("")->status, 401);
  EXPECT_EQ(ask("", {{"Authorization", "Bearer secret"}})->status, 200);
  EXPECT_EQ(ask(R"(,"messages":5)", {{"Authorization", "Bearer secret"}})->status, 400);
}

}  // namespace
}  // namespace fw::sample
