#include "modelops/openai/chat_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>

#include "async/run_blocking.h"
#include "net/server.h"

namespace fw::modelops {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kCompletion = R"({"choices":[{"index":0,"message":{"role":"assistant","content":"hi"}}]})";

struct Seen {
  std::string target;
  net::Headers headers;
  json body;
};

/// A server in this process that answers as the test says, and an endpoint that talks to it.
class ChatEndpointTest : public testing::Test {
 protected:
  using Answer = std::function<net::Response(const Seen&)>;

  ~ChatEndpointTest() override {
    chat_.reset();
    server_.stop_blocking(std::chrono::milliseconds(0));
  }

  void SetUp() override { ASSERT_TRUE(server_.start().ok()); }

  void connect(Endpoint endpoint, const std::string& key = "") {
    endpoint.model = "m";
    if (endpoint.url.empty() || endpoint.url.starts_with('/')) endpoint.url = server_.url() + endpoint.url;
    auto chat = ChatEndpoint::make(endpoint, client_, clock_, [key](const std::string&) { return key; });
    ASSERT_TRUE(chat.ok()) << chat.error().message;
    chat_ = std::move(*chat);
  }

  ChatExchange ask(const json& extra = json::object()) {
    json body{{"model", "m"}, {"messages", json::array()}, {"temperature", 0}, {"seed", 7}, {"max_tokens", 99}};
    body.update(extra);
    return run_blocking(chat_->send(body.dump(), std::nullopt, Deadline::after(std::chrono::seconds(20))));
  }

  static net::Response refused(const std::string& message, int status = 400) {
    return net::json_response(status, json{{"error", {{"message", message}}}}.dump());
  }
  /// Completions only at this path.
  void serve_at(const std::string& path) {
    answer_ = [path](const Seen& seen) {
      return seen.target == path ? net::json_response(200, kCompletion)
                                 : refused("Invalid URL (POST " + seen.target + ")", 404);
    };
  }

  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  Task<void> handle(net::IncomingRequest& in, net::ResponseWriter& out) {
    auto body = co_await net::read_all(*in.body, 1 << 20, in.deadline);
    net::Response answer;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back({in.target, in.headers, json::parse(body.value(), nullptr, false)});
      answer = answer_(seen_.back());
    }
    (void)co_await out.send(std::move(answer), in.deadline);
  }

  boost::asio::thread_pool threads_{1};
  net::Server server_{threads_.get_executor(), {}, [this](net::IncomingRequest& in, net::ResponseWriter& out) {
                        return handle(in, out);
                      }};
  net::Client client_{threads_.get_executor()};
  SystemClock clock_;
  Answer answer_ = [](const Seen&) { return net::json_response(200, kCompletion); };
  std::unique_ptr<ChatEndpoint> chat_;
  std::mutex mutex_;
  std::vector<Seen> seen_;
};

TEST_F(ChatEndpointTest, FindsTheAddressBehindABareHostOnce) {
  serve_at("/chat/completions");
  connect({});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().outcome->status, 200);
  ASSERT_EQ(seen().size(), 4U);
  EXPECT_EQ(seen()[0].target, "/v1/chat/completions");
  EXPECT_THAT(chat_->shown_url(), testing::EndsWith("/chat/completions"));
}

TEST_F(ChatEndpointTest, FindsTheVersionThatABaseLeftOut) {
  serve_at("/api/v1/chat/completions");
  connect({.url = "/api"});
  EXPECT_EQ(ask().outcome->status, 200);
}

TEST_F(ChatEndpointTest, APageForPeopleIsNotTheAddress) {
  answer_ = [](const Seen& request) {
    return request.target == "/app/v1/chat/completions" ? net::json_response(200, kCompletion)
                                                        : net::text_response(200, "<html>welcome</html>");
  };
  connect({.url = "/app"});
  EXPECT_EQ(ask().outcome->body, kCompletion);
}

TEST_F(ChatEndpointTest, AnAddressThatIsNowhereIsSaidWithAllThatWereTried) {
  serve_at("/elsewhere");
  connect({});
  const auto exchange = ask();
  ASSERT_TRUE(exchange.outcome.ok());
  EXPECT_THAT(chat_->error_of(*exchange.outcome).message,
              AllOf(HasSubstr("/v1/chat/completions answered 404"), HasSubstr(server_.url() + "/chat/completions")));
}

TEST_F(ChatEndpointTest, AnUnknownModelIsNotLookedForElsewhere) {
  answer_ = [](const Seen&) { return refused("The model `m` does not exist", 404); };
  connect({});
  const auto exchange = ask();
  EXPECT_EQ(seen().size(), 1U);
  EXPECT_THAT(chat_->error_of(*exchange.outcome).message, HasSubstr("the model asked for is \"m\""));
}

TEST_F(ChatEndpointTest, SendsKeyHeadersQueryAndOverrides) {
  connect(
      {.url = "/v1?api-version=2024",
       .api_key_env = "K",
       .headers = {{"X-Team", "blue"}},
       .query = {{"tier", "flex"}},
       .overrides = {.rename = {{"max_tokens", "max_completion_tokens"}}, .remove = {"seed"}, .set = {{"top_p", "1"}}}},
      "s3cret");
  EXPECT_EQ(ask().outcome->status, 200);
  const auto request = seen().front();
  EXPECT_EQ(request.target, "/v1/chat/completions?api-version=2024&tier=flex");
  EXPECT_EQ(request.headers.find("Authorization"), "Bearer s3cret");
  EXPECT_EQ(request.headers.find("X-Team"), "blue");
  EXPECT_EQ(request.body, (json{{"model", "m"},
                                {"messages", json::array()},
                                {"temperature", 0},
                                {"max_completion_tokens", 99},
                                {"top_p", 1}}));
}

TEST_F(ChatEndpointTest, LearnsOnceWhatTheServerDoesNotTakeAndSaysIt) {
  answer_ = [](const Seen& request) {
    if (request.body.contains("max_tokens"))
      return refused("'max_tokens' is not supported. Use 'max_completion_tokens' instead.");
    if (request.body.contains("temperature")) return refused("Unsupported value: 'temperature' does not support 0");
    if (request.body.contains("seed")) return refused("Unrecognized request argument supplied: seed");
    return net::json_response(200, kCompletion);
  };
  connect({.url = "/v1"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().outcome->status, 200);
  EXPECT_EQ(seen().size(), 6U) << "three refusals and three answers";
  EXPECT_EQ(seen().back().body, (json{{"model", "m"}, {"messages", json::array()}, {"max_completion_tokens", 99}}));
  EXPECT_THAT(chat_->notes(),
              ElementsAre(AllOf(HasSubstr("\"m\""), HasSubstr("\"max_completion_tokens\" was sent instead")),
                          HasSubstr("refuses \"temperature\""), HasSubstr("refuses \"seed\"")));
}

TEST_F(ChatEndpointTest, ToolNamesThatAServerRefusesAreSentInItsFormAndPutBack) {
  answer_ = [](const Seen& seen) {
    const std::string name = seen.body["tools"][0]["function"]["name"];
    if (name.find('.') != std::string::npos)
      return refused(
          "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches "
          "the pattern '^[a-zA-Z0-9_-]+$'.");
    const json call{{"id", "c"}, {"type", "function"}, {"function", {{"name", name}, {"arguments", "{}"}}}};
    return net::json_response(
        200, json{{"choices", {{{"index", 0}, {"message", {{"role", "assistant"}, {"tool_calls", {call}}}}}}}}.dump());
  };
  connect({});
  const json tools = {{"tools", {{{"type", "function"}, {"function", {{"name", "math.hypot"}}}}}}};
  for (int i = 0; i < 2; ++i) {
    const auto exchange = ask(tools);
    ASSERT_TRUE(exchange.outcome.ok());
    const json answer = json::parse(exchange.outcome->body);
    EXPECT_EQ(answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "math.hypot");
  }
  EXPECT_EQ(seen().size(), 3u) << "refused once, then known";
  EXPECT_THAT(chat_->notes(), Contains(HasSubstr("tool names")));
}

TEST_F(ChatEndpointTest, AnErrorOfOneRowIsNotLearntForTheOthers) {
  answer_ = [](const Seen& request) {
    return request.body.contains("bad") ? refused("tools are not supported with this audio")
                                        : net::json_response(200, kCompletion);
  };
  connect({.url = "/v1"});
  EXPECT_EQ(ask({{"tools", {1}}}).outcome->status, 200);
  EXPECT_EQ(ask({{"tools", {1}}, {"bad", true}}).outcome->status, 400);
  EXPECT_EQ(ask({{"tools", {1}}}).outcome->status, 200);
  EXPECT_TRUE(seen().back().body.contains("tools"));
  EXPECT_THAT(chat_->notes(), IsEmpty());
}

TEST_F(ChatEndpointTest, WhatLedToNoAnswerIsNotLearnt) {
  answer_ = [](const Seen& request) {
    return refused(request.body.contains("seed") ? "seed is not supported" : "no such thing");
  };
  connect({.url = "/v1"});
  EXPECT_EQ(ask().outcome->status, 400);
  EXPECT_THAT(chat_->notes(), IsEmpty());
}

TEST_F(ChatEndpointTest, AServerThatRefusesEverythingIsNotAskedForEver) {
  int n = 0;
  answer_ = [&](const Seen&) { return refused("max_tokens must be at most " + std::to_string(98 - n++)); };
  connect({.url = "/v1"});
  EXPECT_EQ(ask().outcome->status, 400);
  EXPECT_LE(seen().size(), 12U);
}

TEST_F(ChatEndpointTest, PutsTogetherStreamsThatNobodyAskedFor) {
  answer_ = [](const Seen&) {
    return net::Response{
        .headers = {{"Content-Type", "text/event-stream"}},
        .body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n"};
  };
  connect({.url = "/v1"});
  EXPECT_EQ(json::parse(ask().outcome->body)["choices"][0]["message"]["content"], "hi");
  EXPECT_THAT(chat_->notes(), ElementsAre(HasSubstr("though none was asked for")));
}

TEST_F(ChatEndpointTest, AsksForAStreamWhereThereIsNothingElse) {
  answer_ = [](const Seen& request) {
    if (!request.body.value("stream", false)) return refused("This model only support stream mode");
    return net::Response{
        .headers = {{"Content-Type", "text/event-stream"}},
        .body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n"};
  };
  connect({.url = "/v1"});
  EXPECT_EQ(json::parse(ask().outcome->body)["choices"][0]["message"]["content"], "hi");
  EXPECT_THAT(chat_->notes(), ElementsAre(HasSubstr("answers only as an event stream")));
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_F(ChatEndpointTest, UnpacksWhatCameCompressed) {
  for (const char* header : {"gzip", ""}) {
    answer_ = [&](const Seen&) {
      net::Response out{.body = gzipped(kCompletion)};
      if (*header != '\0') out.headers.set("Content-Encoding", header);
      return out;
    };
    connect({.url = "/v1"});
    EXPECT_EQ(ask().outcome->body, kCompletion);
  }
}

TEST_F(ChatEndpointTest, ADamagedOrForeignCompressionIsSaid) {
  answer_ = [](const Seen&) { return net::Response{.body = gzipped(kCompletion).substr(0, 30)}; };
  connect({.url = "/v1"});
  EXPECT_EQ(ask().outcome.error().code, ErrorCode::kDataLoss);
  answer_ = [](const Seen&) { return net::Response{.headers = {{"Content-Encoding", "br"}}, .body = "x"}; };
  EXPECT_THAT(ask().outcome.error().message, HasSubstr("compressed (br)"));
}

TEST_F(ChatEndpointTest, ARefusedKeyIsNamedByItsVariableAndNotShown) {
  answer_ = [](const Seen&) {
    return refused("Incorrect API key provided: s3cr***y-12. key s3cret-key-12 or s3cret-key", 401);
  };
  connect({.url = "/v1", .api_key_env = "MY_KEY"}, "s3cret-key-12");
  const auto error = chat_->error_of(*ask().outcome);
  EXPECT_EQ(error.code, ErrorCode::kUnauthorized);
  EXPECT_THAT(error.message, AllOf(HasSubstr("MY_KEY"), HasSubstr("Incorrect API key"), Not(HasSubstr("s3cr"))));
}

TEST_F(ChatEndpointTest, AMaskedKeyBehindEscapesIsNotShownEither) {
  answer_ = [](const Seen&) {
    return net::json_response(401, R"({"error": "bad key s3\u2022\u2022\u2022\u2022-12"})");
  };
  connect({.url = "/v1", .api_key_env = "MY_KEY"}, "s3cret-key-12");
  EXPECT_THAT(chat_->error_of(*ask().outcome).message, HasSubstr("bad key [key]"));
}

TEST_F(ChatEndpointTest, AServerThatWantsAKeyIsSaidToWantOne) {
  answer_ = [](const Seen&) { return refused("Unauthorized", 401); };
  connect({.url = "/v1"});
  EXPECT_THAT(chat_->error_of(*ask().outcome).message, HasSubstr("api_key_env"));
}

TEST_F(ChatEndpointTest, ARedirectNamesWhereItLeads) {
  answer_ = [](const Seen&) {
    return net::Response{.status = 308, .headers = {{"Location", "https://new/v1/chat/completions?k=1"}}, .body = ""};
  };
  connect({.url = "/v1"});
  EXPECT_THAT(chat_->error_of(*ask().outcome).message,
              AllOf(HasSubstr("redirects to https://new/v1/chat/completions"), Not(HasSubstr("k=1"))));
}

}  // namespace
}  // namespace fw::modelops
