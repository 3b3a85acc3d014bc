#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, AProposalNamesAJobAndAnUpstreamThatThereAre) {
  const auto propose = [this](const char* body) { return send(net::Method::kPost, "/api/promotions", body); };
  EXPECT_EQ(propose(R"({"job_id": "x"})").status, 422);
  const auto nowhere = propose(R"({"job_id": "0123456789abcdef01234567", "upstream": "large", "person": "ada"})");
  EXPECT_EQ(nowhere.status, 400);
  EXPECT_THAT(nowhere.body, HasSubstr("it has small"));
  EXPECT_EQ(propose(R"({"job_id": "0123456789abcdef01234567", "upstream": "small", "person": "ada"})").status, 404);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/promotions"))["promotions"].size(), 0U);
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions?at=yesterday").status, 400);
}

TEST_F(ApiTest, ARatingIsAScoreOrAnOutcomeWithAnId) {
  const auto rate = [this](const char* body) { return send(net::Method::kPost, "/api/feedback", body); };
  EXPECT_EQ(rate(R"({"id": "r", "score": 0.25, "comment": "late"})").status, 201);
  EXPECT_EQ(rate(R"({"id": "r", "outcome": "good"})").status, 201);
  EXPECT_EQ(rate(R"({"id": "r", "outcome": "bad"})").status, 201);
  ASSERT_EQ(ratings_.size(), 3U);
  EXPECT_EQ(ratings_[0].score, 0.25);
  EXPECT_EQ(ratings_[0].comment, "late");
  EXPECT_EQ(ratings_[1].score, 1);
  EXPECT_EQ(ratings_[2].score, 0);
  for (const char* body : {"[]", R"({"score": 1})", R"({"id": "r"})", R"({"id": "r", "score": 2})",
                           R"({"id": "r", "outcome": "fine"})", R"({"id": "r", "score": 1, "comment": 3})"}) {
    EXPECT_EQ(rate(body).status, 422) << body;
  }
  for (const char* both :
       {R"({"id": "r", "score": 1, "outcome": "bad"})", R"({"id": "r", "score": 0, "outcome": "bad"})"}) {
    const auto refused = rate(both);
    EXPECT_EQ(refused.status, 422) << both;
    EXPECT_THAT(refused.body, HasSubstr("not both"));
  }
  EXPECT_EQ(json_of(rate(R"({"id": "r", "score": 1.5})"))["detail"][0]["input"], 1.5);
  EXPECT_EQ(json_of(rate(R"({"id": "r", "outcome": "fine"})"))["detail"][0]["input"], "fine");
  EXPECT_EQ(rate(R"({"id": "none", "score": 1})").status, 404);
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/feedback"))["feedback"][0]["record_id"], "r1");
}

TEST_F(ApiTest, StepsOfAProposalAndTheirAuditEntries) {
  const auto proposed = promotions_->propose({.workload = "w",
                                              .client = "c",
                                              .job = "j",
                                              .model = "m",
                                              .variant = "v",
                                              .upstream = "small",
                                              .digests = {{"base", "aa"}}},
                                             "ada", "why");
  ASSERT_TRUE(proposed.ok());
  const std::string path = "/api/promotions/" + proposed->id;
  const auto act = [&](const char* action, const char* body) { return send(net::Method::kPost, path + action, body); };
  EXPECT_EQ(act("/sign", R"({"person": "bob", "digest": "other"})").status, 409);
  const std::string digest = json_of(send(net::Method::kGet, path))["digest"];
  const std::string signature = R"({"person": "bob", "digest": ")" + digest + "\"}";
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["signatures_needed"], 1);
  for (const char* name : {"flywheel", "bob ", "b\u202eob"}) {
    const auto refused = act("/sign", Json{{"person", name}, {"digest", digest}}.dump().c_str());
    EXPECT_EQ(refused.status, 422) << name;
    EXPECT_EQ(json_of(refused)["detail"][0]["loc"][1], "person");
  }
  const auto own = act("/sign", Json{{"person", "Ada"}, {"digest", digest}}.dump().c_str());
  EXPECT_EQ(own.status, 403) << "401 is for who is not signed in";
  EXPECT_THAT(own.body, HasSubstr("somebody else signs it"));
  const auto early = act("/start_shadow", R"({"person": "op"})");
  EXPECT_EQ(early.status, 409);
  EXPECT_THAT(early.body, HasSubstr("cannot go into shadow: it waits for signatures, 1 more, by somebody other than "
                                    "ada; possible now: sign, reject (flywheel promote STEP " +
                                    proposed->id + ")"));
  EXPECT_EQ(act("/sign", signature.c_str()).status, 200);
  const auto second = act("/sign", Json{{"person", "eve"}, {"digest", digest}}.dump().c_str());
  EXPECT_EQ(second.status, 409);
  EXPECT_THAT(second.body, HasSubstr("it is signed off; possible now: reject, shadow, start"));
  const auto shadow = json_of(act("/start_shadow", R"({"person": "op"})"));
  EXPECT_EQ(shadow["stage"], "shadow");
  EXPECT_EQ(shadow["share"], 0);
  EXPECT_EQ(shadow["shadow"], 0.1);
  EXPECT_EQ(json_of(send(net::Method::kGet, path + "/pairs"))["pairs"].size(), 0U);
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["pairs"]["pairs"], 0);
  EXPECT_EQ(json_of(act("/start_canary", R"({"person": "op"})"))["share"], 0.01);
  const auto late = act("/reject", R"({"person": "op"})");
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("is in its canary; possible now: advance, live, rollback"));
  EXPECT_EQ(act("/change", R"({"person": "op"})").status, 404);
  const auto entries = json_of(send(net::Method::kGet, "/api/audit?after=1"))["entries"];
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[2]["action"], "promotion.start_canary");
  EXPECT_EQ(send(net::Method::kGet, "/api/audit?limit=x").status, 422);
  EXPECT_EQ(send(net::Method::kGet, "/api/audit?after=1&cursor=2").status, 400);
  const auto history = json_of(send(net::Method::kGet, path + "/history"))["entries"];
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[0]["action"], "promotion.propose");
  EXPECT_EQ(history[3], entries[2]);
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions/p-none/history").status, 404);

  // A date is the whole day, a time one moment; each stage with its times and who let it.
  const std::string now = to_iso8601(SystemClock().now());
  const auto day = json_of(send(net::Method::kGet, "/api/promotions?at=" + now.substr(0, 10)));
  EXPECT_EQ(day["from"].get<std::string>().substr(0, 19), now.substr(0, 10) + "T00:00:00");
  ASSERT_EQ(day["promotions"].size(), 1U);
  const auto during = day["promotions"][0]["during"];
  ASSERT_EQ(during.size(), 4U);
  EXPECT_EQ(during[2]["stage"], "shadow");
  EXPECT_EQ(during[2]["until"], during[3]["from"]);
  EXPECT_EQ(during[3]["person"], "op");
  EXPECT_EQ(during[3]["share"], 0.01);
  EXPECT_EQ(during[3]["until"], nullptr);
  // Without hyphens too, and a month alone is the whole of it.
  std::string compact = now.substr(0, 10);
  std::erase(compact, '-');
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/promotions?at=" + compact))["promotions"].size(), 1U);
  const auto month = json_of(send(net::Method::kGet, "/api/promotions?at=" + now.substr(0, 7)));
  EXPECT_EQ(month["from"].get<std::string>().substr(0, 19), now.substr(0, 7) + "-01T00:00:00");
  EXPECT_EQ(month["promotions"].size(), 1U);
  const auto ended = json_of(send(net::Method::kGet, "/api/promotions?at=2024-02"));
  EXPECT_EQ(ended["to"].get<std::string>().substr(0, 19), "2024-02-29T23:59:59");
  const auto week = json_of(send(net::Method::kGet, "/api/promotions?at=2024-W09"));
  EXPECT_EQ(week["to"].get<std::string>().substr(0, 19), "2024-03-03T23:59:59");
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions?at=2024-13").status, 400);
  const auto then = json_of(send(net::Method::kGet, path + "?at=" + during[2]["from"].get<std::string>()));
  EXPECT_EQ(then["stage"], "shadow") << then;
  EXPECT_EQ(send(net::Method::kGet, path + "?at=2020-01-01").status, 404) << "it was not proposed yet";
  const auto future = send(net::Method::kGet, "/api/promotions?at=2200-01-01");
  EXPECT_EQ(future.status, 400);
  EXPECT_THAT(future.body, HasSubstr("is in the future"));
}

TEST_F(ApiTest, WhatNoUpstreamCanAnswerForIsLedNowhere) {
  const auto id = promotions_
                      ->propose({.workload = "w",
                                 .client = "c",
                                 .job = "j",
                                 .model = "m",
                                 .variant = "v",
                                 .upstream = "gone",
                                 .digests = {{"base", "aa"}}},
                                "ada", "why")
                      ->id;
  ASSERT_TRUE(promotions_->sign(id, promotion::digest_of({{"base", "aa"}}), "bob", "").ok());
  const std::string path = "/api/promotions/" + id;
  const auto act = [&](const char* action) { return send(net::Method::kPost, path + action, R"({"person": "op"})"); };
  for (const char* step : {"/start_shadow", "/start_canary"}) {
    const auto refused = act(step);
    EXPECT_EQ(refused.status, 400) << step;
    EXPECT_THAT(refused.body, HasSubstr("no upstream"));
  }
  // It was on traffic when its upstream went: it says so, goes no further, and comes off.
  ASSERT_TRUE(promotions_->act(id, promotion::Action::kStartCanary, "op", "").ok());
  trouble_ = "no request goes to it";
  EXPECT_EQ(json_of(send(net::Method::kGet, path))["trouble"], trouble_);
  EXPECT_EQ(act("/advance").status, 400);
  EXPECT_EQ(act("/go_live").status, 400);
  EXPECT_EQ(act("/roll_back").status, 200);
}

TEST_F(ApiTest, EveryStepReadsAgainWhatWasProposed) {
  const promotion::Digests digests{{"base", "aa"}, {"report", "bb"}}, others{{"base", "aa"}, {"report", "cc"}};
  const auto id = promotions_
                      ->propose({.workload = "w",
                                 .client = "c",
                                 .job = "j",
                                 .model = "m",
                                 .variant = "v",
                                 .upstream = "small",
                                 .digests = digests},
                                "ada", "why")
                      ->id;
  const std::string path = "/api/promotions/" + id;
  const auto act = [&](const char* action, const std::string& more = "") {
    return send(net::Method::kPost, path + action, R"({"person": "bob")" + more + "}");
  };
  const auto shown = [&] { return json_of(send(net::Method::kGet, path)); };
  const auto sign = [&] { return act("/sign", R"(, "digest": ")" + shown()["digest"].get<std::string>() + "\""); };
  present_ = failed_precondition("what was evaluated is gone: report.json");
  EXPECT_THAT(sign().body, HasSubstr("report.json"));
  present_.reset();
  EXPECT_EQ(sign().status, 200);
  present_ = others;
  const auto refused = act("/start_canary");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("not what was proposed any more: report; its signatures are gone"));
  EXPECT_EQ(shown()["stage"], "proposed");
  EXPECT_EQ(shown()["signatures"].size(), 0U);
  // What is there now is what is signed next; on traffic, other bytes take it off.
  EXPECT_EQ(sign().status, 200);
  EXPECT_EQ(act("/start_canary").status, 200);
  present_ = digests;
  EXPECT_THAT(act("/go_live").body, HasSubstr("it was rolled back"));
  EXPECT_EQ(shown()["stage"], "rolled_back");
  // What let it on traffic is known after its signatures are gone.
  EXPECT_EQ(shown()["signatures"].size(), 0U);
  const std::string day = shown()["created_at"].get<std::string>().substr(0, 10);
  const Json during = json_of(send(net::Method::kGet, path + "?at=" + day))["during"];
  const auto canary = std::ranges::find(during, "canary", [](const Json& span) { return span.value("stage", ""); });
  ASSERT_NE(canary, during.end());
  EXPECT_EQ((*canary)["signatures"][0]["person"], "bob");
  EXPECT_EQ((*canary)["digests"]["report"], "cc");
}

TEST_F(ApiTest, AStepFromWhatIsNoLongerSoIsAConflict) {
  const promotion::Digests digests{{"base", "aa"}};
  const auto id = promotions_
                      ->propose({.workload = "w",
                                 .client = "c",
                                 .job = "j",
                                 .model = "m",
                                 .variant = "v",
                                 .upstream = "small",
                                 .digests = digests},
                                "ada", "why")
                      ->id;
  ASSERT_TRUE(promotions_->sign(id, promotion::digest_of(digests), "bob", "").ok());
  const std::string path = "/api/promotions/" + id;
  const auto act = [&](const char* action, const std::string& revision) {
    return send(net::Method::kPost, path + action, R"({"person": "op", "revision": )" + revision + "}");
  };
  const std::string seen = json_of(send(net::Method::kGet, path))["revision"].dump();
  EXPECT_EQ(act("/start_canary", "\"x\"").status, 422);
  EXPECT_EQ(act("/start_canary", seen).status, 200);
  const auto late = act("/go_live", seen);
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("it is canary at 1 % now"));
  EXPECT_EQ(act("/roll_back", seen).status, 200) << "never too late";
}

TEST_F(ApiTest, TheEvidenceOfWhatIsOnTrafficIsNotDeletedWhoeverServesIt) {
  const std::string job = create_job();
  (void)events_of(job);
  const auto id = promotions_
                      ->propose({.workload = "w",
                                 .client = "c",
                                 .job = job,
                                 .model = "m",
                                 .variant = "v",
                                 .upstream = "small",
                                 .digests = {{"base", "aa"}}},
                                "ada", "why")
                      ->id;
  ASSERT_TRUE(promotions_->sign(id, promotion::digest_of({{"base", "aa"}}), "bob", "").ok());
  using promotion::Action;
  for (const Action step : {Action::kStartShadow, Action::kStartCanary, Action::kGoLive}) {
    ASSERT_TRUE(promotions_->act(id, step, "op", "").ok());
    const auto refused = send(net::Method::kDelete, "/api/jobs/" + job);
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("proposal " + id + " is "));
    EXPECT_THAT(refused.body, HasSubstr("reject it, roll it back or retire it first"));
  }
  ASSERT_TRUE(promotions_->act(id, Action::kRetire, "op", "").ok());
  EXPECT_EQ(send(net::Method::kDelete, "/api/jobs/" + job).status, 200);
}

TEST_F(ApiTest, WhatTheEngineOfAProposalWroteIsText) {
  const auto propose = [this](std::optional<promotion::ServedModel> served) {
    return promotions_
        ->propose({.workload = "w",
                   .client = "c",
                   .job = "j",
                   .model = "m",
                   .variant = "v",
                   .upstream = served ? "" : "small",
                   .served = std::move(served),
                   .digests = {{"base", "aa"}}},
                  "ada", "why")
        .value()
        .id;
  };
  const auto log = [this](const std::string& id) {
    return json_of(send(net::Method::kGet, "/api/promotions/" + id + "/engine_log"));
  };
  const std::string here = propose(promotion::ServedModel{.base = "/b"});
  EXPECT_EQ(log(here), Json({{"engines", Json::array()}})) << "it has not run";
  words_ = {.is_running = true, .lines = {"loading", "<b>\xff cut"}};
  const Json engine{{"is_running", true}, {"lines", {"loading", "<b>\ufffd cut"}}};
  EXPECT_EQ(log(here), Json({{"engines", Json::array({engine})}}));
  EXPECT_EQ(log(propose(std::nullopt)), Json({{"engines", Json::array()}})) << "an upstream serves it";
  EXPECT_EQ(send(net::Method::kGet, "/api/promotions/p-none/engine_log").status, 404);
}

TEST_F(ApiTest, WhatReceiversOfDecisionsWereToldIsShownWithItsAttempts) {
  const auto deliveries = [this] { return json_of(send(net::Method::kGet, "/api/audit/deliveries"))["deliveries"]; };
  EXPECT_EQ(deliveries(), Json::array());
  const Timestamp at = from_epoch_seconds(1'790'000'000);
  deliveries_ = {{.url = "http://127.0.0.1:9/hook",
                  .entry = 7,
                  .event = "promotion.sign",
                  .subject = "p-1",
                  .attempts = {{at, 503, ""}, {at + std::chrono::seconds(1), 0, "refused"}},
                  .next_at = at + std::chrono::seconds(3)}};
  const auto shown = deliveries();
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["id"], "audit-7");
  EXPECT_EQ(shown[0]["status"], "pending");
  EXPECT_EQ(shown[0]["attempts"][0]["status"], 503);
  EXPECT_EQ(shown[0]["attempts"][1]["error"], "refused");
  EXPECT_EQ(shown[0]["next_attempt_at"], to_iso8601(at + std::chrono::seconds(3)));
  // As it lies on the disk it is read again.
  const auto again = audit_delivery_of(to_json(deliveries_[0]));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(deliveries_[0]));
  EXPECT_EQ(audit_delivery_of(nlohmann::ordered_json{{"url", "x"}}).error().code, ErrorCode::kDataLoss);
}

TEST_F(ApiTest, TheAuditLogIsPagedFromTheNewestAndSaysWhetherItHolds) {
  for (const char* subject : {"a", "b", "a", "c", "a"})
    ASSERT_TRUE(audit_->append({"ada", "review.open", subject, "why", "{}"}).ok());
  std::vector<int> numbers;
  for (std::string cursor; numbers.empty() || !cursor.empty();) {
    const auto page = json_of(send(net::Method::kGet, "/api/audit?subject=a&limit=2" + cursor));
    for (const auto& entry : page["entries"]) numbers.push_back(entry["number"]);
    cursor = page["next_cursor"].is_null() ? "" : "&cursor=" + page["next_cursor"].get<std::string>();
  }
  EXPECT_EQ(numbers, (std::vector<int>{5, 3, 1}));
  EXPECT_EQ(json_of(send(net::Method::kGet, "/api/audit?subject=a&after=1&limit=1"))["entries"][0]["number"], 3);
  const auto newest = json_of(send(net::Method::kGet, "/api/audit?limit=1&lines=true"))["entries"][0];
  EXPECT_EQ(newest["number"], 5);
  const auto parsed = audit::from_line(newest["line"].get<std::string>());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->hash, newest["hash"].get<std::string>());
  const auto holds = json_of(send(net::Method::kGet, "/api/audit/verification"));
  EXPECT_EQ(holds["entries"], 5);
  EXPECT_EQ(holds["head"], newest["hash"]);
  EXPECT_TRUE(holds["fault"].is_null());
  const std::string other(64, '7');
  EXPECT_THAT(json_of(send(net::Method::kGet, "/api/audit/verification?head=" + other))["fault"].get<std::string>(),
              HasSubstr("no entry has the hash"));
}

}  // namespace
}  // namespace fw::api
