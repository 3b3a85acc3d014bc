#include "modelops/openai/embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json.hpp>

#include "async/run_blocking.h"
#include "net/router.h"

namespace fw::modelops {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class EmbedderTest : public testing::Test {
 protected:
  void SetUp() override {
    router_.on(net::Method::kPost, "/v1/embeddings", [this](net::Call call) -> Task<Result<net::Response>> {
      asked_.push_back(json::parse(call.request.body));
      if (is_busy_once_ && asked_.size() == 1) co_return net::json_response(503, R"({"error": "Loading model"})");
      if (wants_use_ && !asked_.back().contains("input_type"))
        co_return net::json_response(400, R"({"error": "input_type is a required parameter"})");
      co_return answer_;
    });
    ASSERT_TRUE(server_.start().ok());
  }
  ~EmbedderTest() override { server_.stop_blocking(std::chrono::milliseconds(0)); }

  Result<Embeddings> embed(std::string path = "/v1") {
    return run_blocking(embedder_.embed({.url = server_.url() + path, .model = "e"}, {"one", "two"},
                                        EmbeddingUse::kPassage, Deadline::after(std::chrono::seconds(20))));
  }

  boost::asio::thread_pool threads_{1};
  net::Router router_;
  net::Server server_{threads_.get_executor(), {}, router_.handler()};
  net::Client client_{threads_.get_executor()};
  SystemClock clock_;
  OpenAiEmbedder embedder_{client_, clock_};
  net::Response answer_ = net::json_response(
      200, R"({"data": [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [0.5, -2e-1]}]})");
  std::vector<json> asked_;
  bool is_busy_once_ = false;
  bool wants_use_ = false;
};

TEST_F(EmbedderTest, GivesEachTextItsVectorWhateverTheOrderOfTheAnswer) {
  const auto vectors = embed();
  ASSERT_TRUE(vectors.ok()) << vectors.error().message;
  EXPECT_THAT(vectors->vectors, ElementsAre(ElementsAre(0.5f, -0.2f), ElementsAre(0.f, 1.f)));
  EXPECT_EQ(asked_.at(0), json({{"model", "e"}, {"input", {"one", "two"}}, {"encoding_format", "float"}}));
}

TEST_F(EmbedderTest, FindsTheAddressBehindABareHostAndAWholeOne) {
  for (const char* path : {"", "/v1/", "/v1/embeddings"}) EXPECT_TRUE(embed(path).ok()) << path;
  EXPECT_THAT(embed("/elsewhere").error().message,
              AllOf(HasSubstr("/elsewhere/embeddings"), HasSubstr("/elsewhere/v1/embeddings")));
}

TEST_F(EmbedderTest, SaysWhatATextIsForOnlyToThoseWhoWantToKnowAndAsksThemOnce) {
  wants_use_ = true;
  EXPECT_TRUE(embed().ok());
  EXPECT_TRUE(embed().ok());
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_EQ(asked_[2]["input_type"], "passage");
}

/// A llama-server whose tokens are characters, begun by 1 and ended by 2.
void tokenize_characters(net::Router& router) {
  router.on(net::Method::kPost, "/tokenize", [](net::Call call) -> Task<Result<net::Response>> {
    const auto body = json::parse(call.request.body);
    EXPECT_EQ(body["add_special"], true);
    EXPECT_EQ(call.request.headers.find("Authorization"), "Bearer k");
    std::vector<int> ids{1};
    for (const char c : body["content"].get<std::string>()) ids.push_back(c);
    ids.push_back(2);
    co_return net::json_response(200, json{{"tokens", ids}}.dump());
  });
}

TEST_F(EmbedderTest, TextsAreCutToWhatAModelOfOursTakesAndKeepTheTokenThatEndsThem) {
  tokenize_characters(router_);
  const Endpoint endpoint{
      .url = server_.url() + "/v1", .model = "e", .headers = {{"Authorization", "Bearer k"}}, .input_tokens = 6};
  const auto got = run_blocking(embedder_.embed(endpoint, {"abcd", "abcdefgh"}, EmbeddingUse::kPassage,
                                                Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(asked_.at(0)["input"], json({"abcd", {1, 'a', 'b', 'c', 'd', 2}}));
  EXPECT_THAT(got->cut, ElementsAre(1));
}

TEST_F(EmbedderTest, AServerThatCountsNoTokensIsAnError) {
  router_.on(net::Method::kPost, "/tokenize", [](net::Call) -> Task<Result<net::Response>> {
    co_return net::json_response(200, R"({"tokens": ["a"]})");
  });
  const Endpoint endpoint{.url = server_.url() + "/v1", .model = "e", .input_tokens = 6};
  const auto got = run_blocking(
      embedder_.embed(endpoint, {"abcdefgh"}, EmbeddingUse::kPassage, Deadline::after(std::chrono::seconds(20))));
  EXPECT_THAT(got.error().message, HasSubstr("/tokenize"));
}

TEST_F(EmbedderTest, ABusyServerIsAskedAgain) {
  is_busy_once_ = true;
  EXPECT_TRUE(embed().ok());
}

TEST_F(EmbedderTest, AnswersWithoutAVectorForEachTextAreErrors) {
  for (const char* body : {"", "[]", "{}", R"({"data": []})", R"({"data": [{"embedding": [1]}]})",
                           R"({"data": [{}, {}]})", R"({"data": [{"embedding": []}, {"embedding": []}]})",
                           R"({"data": [{"embedding": [1]}, {"embedding": [1, 2]}]})",
                           R"({"data": [{"embedding": [1]}, {"embedding": ["x"]}]})",
                           R"({"data": [{"index": 7, "embedding": [1]}, {"embedding": [1]}]})",
                           R"({"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]})"}) {
    answer_ = net::json_response(200, body);
    EXPECT_EQ(embed().error().code, ErrorCode::kDataLoss) << body;
  }
  answer_ = net::json_response(404, R"({"error": {"message": "model e not found"}})");
  EXPECT_THAT(embed().error().message, HasSubstr("the model asked for is \"e\""));
}

}  // namespace
}  // namespace fw::modelops
