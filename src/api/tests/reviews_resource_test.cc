#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, AJobWithoutAnEvaluationHasNothingToReview) {
  const std::string id = create_job();
  (void)events_of(id);
  const auto refused = send(net::Method::kPost, "/api/reviews", R"({"job_id":")" + id + R"("})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("nothing to review"));
}

/// A review of one row, in which production called `a` and the candidate `b`.
class ReviewApiTest : public ApiTest {
 protected:
  ReviewApiTest() {
    const Json call = {{"tool_calls", {{{"function", {{"name", "a"}, {"arguments", Json::object()}}}}}}};
    const Json answer{{"model_name", "small"}, {"variant", "base-eval"},          {"message", {{"content", "no"}}},
                      {"agreement", 0},        {"scores", {{"similarity", 0.2}}}, {"mistakes", Json::array()},
                      {"failure", nullptr}};
    const Json report{
        {"job", {{"workload_id", "w"}, {"client_id", "c"}}},
        {"summary", {{"model_name", "small"}, {"variant", "base-eval"}, {"decision", "yes"}, {"score", {{"n", 10}}}}},
        {"candidates", Json::array()},
        {"divergent_rows",
         {{"total", 1},
          {"rows",
           {{{"record_id", "r/1"},
             {"label", "a"},
             {"messages", Json::array()},
             {"reference", call},
             {"answers", Json::array({answer})}}}}}}};
    id_ = reviews_->open("job", report.dump()).value();
  }
  std::string card() const { return "/api/reviews/" + id_ + "/items/r%2F1"; }
  net::Response say(const std::string& body) { return send(net::Method::kPost, card() + "/labels", body); }
  std::string id_;
};

TEST_F(ReviewApiTest, ACardDoesNotTellWhoseAnswerIsWhoseUnlessAsked) {
  const auto blind = send(net::Method::kGet, card() + "?person=ann");
  EXPECT_EQ(json_of(blind)["revealed"], nullptr);
  EXPECT_THAT(blind.body, testing::Not(HasSubstr("similarity")));
  EXPECT_FALSE(json_of(blind).contains("class"));
  const auto open = json_of(send(net::Method::kGet, card() + "?person=ann&reveal=1"));
  const std::string side = open["revealed"]["candidate"];
  EXPECT_EQ(open[side]["message"]["content"], "no");
  EXPECT_EQ(send(net::Method::kGet, card()).status, 422);
}

TEST_F(ReviewApiTest, BothSidesOfACardHaveOneForm) {
  const auto card_of = json_of(send(net::Method::kGet, card() + "?person=ann&reveal=1"));
  const bool is_left = card_of["revealed"]["candidate"] == "left";
  const auto& production = card_of[is_left ? "right" : "left"]["message"];
  const auto& candidate = card_of[is_left ? "left" : "right"]["message"];
  EXPECT_EQ(candidate.dump(), R"({"role":"assistant","content":"no"})");
  EXPECT_EQ(production["role"], "assistant");
  EXPECT_TRUE(production["content"].is_null());
  EXPECT_EQ(production["tool_calls"][0]["function"]["arguments"], "{}");
}

TEST_F(ReviewApiTest, AVerdictBySideIsKeptAsItsOwners) {
  const std::string side = json_of(send(net::Method::kGet, card() + "?person=ann&reveal=1"))["revealed"]["candidate"];
  EXPECT_EQ(
      say(R"({"person":"ann","verdict":")" + side + R"(_better","note":"n","tags":["t"],"corrected":{"content":"x"}})")
          .status,
      200);
  const auto line = json_of(send(net::Method::kGet, "/api/reviews/" + id_ + "/labels.jsonl"));
  EXPECT_EQ(line["verdict"], "candidate_better");
  EXPECT_EQ(line["corrected"]["content"], "x");
  EXPECT_EQ(json_of(send(net::Method::kGet, card() + "?person=ann"))["mine"]["verdict"], side + "_better");
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews/" + id_ + "?person=bob"))["queue"][0]["mine"], nullptr);
}

TEST_F(ReviewApiTest, RowsOfLiveTrafficAreMarkedAndCanBeAskedForAlone) {
  const record::Interaction other{.id = record::RecordId::from_stored("live"),
                                  .request = R"({"messages":[{"role":"user","content":"hello"}]})",
                                  .response = R"({"choices":[{"message":{"role":"assistant","content":"yes"}}]})"};
  auto candidate = other;
  candidate.response = R"({"choices":[{"message":{"role":"assistant","content":"no"}}]})";
  ASSERT_TRUE(reviews_->take(id_, {.candidate = candidate, .other = other, .metric = "rouge_l"}).value());
  const auto queue = [this](const std::string& query) {
    return json_of(send(net::Method::kGet, "/api/reviews/" + id_ + query))["queue"];
  };
  ASSERT_EQ(queue("").size(), 2U);
  EXPECT_EQ(queue("?source=shadow").size(), 1U);
  EXPECT_EQ(queue("?source=shadow")[0]["record_id"], "live");
  EXPECT_EQ(queue("?source=evaluation")[0]["source"], "evaluation");
  EXPECT_EQ(send(net::Method::kGet, "/api/reviews/" + id_ + "?source=canary").status, 422);
  const std::string live = "/api/reviews/" + id_ + "/items/live";
  EXPECT_EQ(json_of(send(net::Method::kGet, live + "?person=ann"))["source"], "shadow");
  EXPECT_EQ(send(net::Method::kPost, live + "/labels", R"({"person":"ann","verdict":"production_better"})").status,
            200);
  const auto review = json_of(send(net::Method::kGet, "/api/reviews"))["reviews"][0];
  EXPECT_EQ(review["quality"], nullptr);
  EXPECT_EQ(review["shadow"]["judged"], 1);
  EXPECT_EQ(review["shadow"]["as_good"], 0.0);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews/" + id_ + "/labels.jsonl"))["source"], "shadow");
}

TEST_F(ReviewApiTest, WhatIsWithdrawnIsGone) {
  (void)say(R"({"person":"ann","verdict":"both_fine"})");
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews"))["reviews"][0]["counts"]["judged"], 1);
  EXPECT_EQ(send(net::Method::kDelete, card() + "/labels?person=ann").status, 200);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/reviews"))["reviews"][0]["counts"]["judged"], 0);
}

TEST_F(ReviewApiTest, WhatIsNoLabelIsRefusedWithTheField) {
  for (const auto& [body, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"verdict":"both_fine"})", "person"},
           {R"({"person":"ann","verdict":"good"})", "verdict"},
           {R"({"person":"ann","verdict":"both_fine","tags":"x"})", "tags"},
           {R"({"person":"ann","verdict":"both_fine","corrected":{"x":1}})", "corrected"},
           {R"({"person":"ann","verdict":"both_fine","alike":1})", "alike"}}) {
    const auto refused = say(body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_THAT(refused.body, HasSubstr("\"" + field + "\"")) << body;
    const auto sent = Json::parse(body);
    if (sent.contains(field)) EXPECT_EQ(json_of(refused)["detail"][0]["input"], sent[field]) << body;
  }
  EXPECT_EQ(
      send(net::Method::kPost, "/api/reviews/" + id_ + "/items/x/labels", R"({"person":"ann","verdict":"both_fine"})")
          .status,
      404);
}

}  // namespace
}  // namespace fw::api
