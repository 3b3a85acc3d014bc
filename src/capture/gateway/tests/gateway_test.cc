#include <nlohmann/json.hpp>

#include "capture/gateway/tests/gateway_fixture.h"

namespace fw::capture {
namespace {

using record::Ending;
using testing::HasSubstr;

const std::string kAnswer = R"({ "model":"gpt-4o-real","choices":[{"message":{"content":"hello"}}]})";
const std::string kPieces[] = {
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n"};

/// Streams the first `count` of the pieces, then ends as told.
FakeUpstream::Answer streams(int count, bool has_end) {
  return [=](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    if (!(co_await out.start({200, {{"Content-Type", "text/event-stream"}}}, in.deadline)).ok()) co_return;
    for (int i = 0; i < count; ++i) {
      if (!(co_await out.write(kPieces[i], in.deadline)).ok()) co_return;
      (void)co_await sleep_for(5ms, in.deadline);
    }
    if (has_end) (void)co_await out.finish(in.deadline);
  };
}

TEST_F(GatewayTest, PassesAnAnswerOnByteForByteAndKeepsIt) {
  upstream.answers(200, kAnswer, {{"Content-Type", "application/json"}, {"x-request-id", "r1"}});
  serve();
  const auto answer = chat(R"({ "model": "gpt-4o", "messages":[ ] })", {{"x-flywheel-workload", "router"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kAnswer);
  EXPECT_EQ(answer.headers.find("x-request-id"), "r1");
  EXPECT_EQ(upstream.last().body, R"({ "model": "gpt-4o", "messages":[ ] })");
  EXPECT_EQ(upstream.last().target, "/v1/chat/completions");
  EXPECT_FALSE(upstream.last().headers.contains("x-flywheel-workload"));
  const auto kept = records().front();
  EXPECT_EQ(kept.request, R"({ "model": "gpt-4o", "messages":[ ] })");
  EXPECT_EQ(kept.response, kAnswer);
  EXPECT_EQ(*kept.workload, "router");
  EXPECT_EQ(kept.provenance.ending, Ending::kFinished);
  EXPECT_EQ(kept.provenance.route, "default");
}

TEST_F(GatewayTest, PassesAStreamOnAndKeepsWhatItSays) {
  upstream.answers(streams(3, true));
  serve();
  const auto answer = chat(R"({"stream":true})");
  EXPECT_EQ(answer.body, kPieces[0] + kPieces[1] + kPieces[2]);
  const auto kept = records().front();
  EXPECT_EQ(nlohmann::json::parse(kept.response)["choices"][0]["message"]["content"], "Hello");
  EXPECT_EQ(kept.provenance.ending, Ending::kFinished);
  EXPECT_TRUE(kept.provenance.first_token && kept.provenance.total &&
              *kept.provenance.first_token < *kept.provenance.total);
}

TEST_F(GatewayTest, TheClientsKeyGoesThroughUnlessTheUpstreamHasItsOwn) {
  upstream.answers(200, kAnswer);
  auto with_key = upstream_settings("keyed", upstream);
  with_key.api_key_env = "KEY";
  GatewaySettings settings;
  settings.upstreams = {upstream_settings("plain", upstream), with_key};
  settings.routes = {{.name = "k", .model = "keyed", .targets = {{.upstream = "keyed"}}}};
  serve(std::move(settings));
  chat(R"({"model":"m"})", {{"Authorization", "Bearer theirs"}});
  EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer theirs");
  chat(R"({"model":"keyed"})", {{"Authorization", "Bearer theirs"}, {"x-api-key", "theirs"}});
  EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer ours");
  EXPECT_FALSE(upstream.last().headers.contains("x-api-key"));
  for (const auto& kept : records(2)) EXPECT_THAT(kept.request + kept.response, testing::Not(HasSubstr("theirs")));
}

TEST_F(GatewayTest, AnUpstreamThatDiesIsNoWholeAnswerAndIsKept) {
  upstream.answers(streams(1, false));
  serve();
  const auto got = run(client.send(
      net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})"), Deadline::after(10s)));
  EXPECT_FALSE(got.ok());
  const auto kept = records().front();
  EXPECT_EQ(kept.provenance.ending, Ending::kUpstreamDied);
  EXPECT_THAT(kept.response, HasSubstr("Hel"));
}

TEST_F(GatewayTest, AStreamThatDoesNotEndIsCutWhenItsTimeIsUpAndIsKept) {
  std::promise<void> cancelled;
  upstream.answers([&](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({200, {{"Content-Type", "text/event-stream"}}}, in.deadline);
    (void)co_await out.write(kPieces[0], in.deadline);
    while ((co_await out.write(": still there\n\n", in.deadline)).ok()) {  // never silent
      (void)co_await sleep_for(5ms, in.deadline);
    }
    cancelled.set_value();
  });
  GatewaySettings settings;
  settings.max_request_time = 300ms;
  serve(std::move(settings));
  const auto got = run(client.send(
      net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})"), Deadline::after(10s)));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::kDataLoss) << got.error();  // cut, not silent
  EXPECT_EQ(cancelled.get_future().wait_for(10s), std::future_status::ready);
  const auto kept = records().front();
  EXPECT_EQ(kept.provenance.ending, Ending::kUpstreamDied);
  EXPECT_THAT(kept.response, HasSubstr("Hel"));
}

TEST_F(GatewayTest, AClientThatHangsUpCancelsTheUpstreamAndIsKept) {
  std::promise<void> cancelled;
  upstream.answers([&](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({200, {{"Content-Type", "text/event-stream"}}}, in.deadline);
    (void)co_await out.write(kPieces[0], in.deadline);
    (void)co_await sleep_for(20s, in.deadline);
    cancelled.set_value();
  });
  serve();
  const auto read_one = [&]() -> Task<Status> {
    FW_CO_ASSIGN(
        const auto stream,
        co_await client.open(net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})"),
                             Deadline::after(5s)));
    FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
    co_return piece ? Status{} : Status(internal("no piece"));
  };
  EXPECT_TRUE(run(read_one()).ok());
  EXPECT_EQ(cancelled.get_future().wait_for(5s), std::future_status::ready);
  EXPECT_EQ(records().front().provenance.ending, Ending::kClientGone);
}

TEST_F(GatewayTest, ErrorsOfTheUpstreamGoThroughAndAreKeptAsRefused) {
  upstream.answers(400, R"({"error":{"message":"no"}})");
  serve();
  EXPECT_EQ(chat().status, 400);
  const auto kept = records().front();
  EXPECT_EQ(kept.provenance.ending, Ending::kRefused);
  EXPECT_EQ(kept.provenance.http_status, 400);
}

TEST_F(GatewayTest, TriesAgainWhereTheUpstreamSaysSo) {
  std::atomic<int> asked = 0;
  upstream.answers([&](net::IncomingRequest&, std::string, net::ResponseWriter& out) -> Task<void> {
    const bool is_first = asked++ == 0;
    return FakeUpstream::send(
        out, is_first ? net::Response{429, {{"Retry-After", "0"}}, "{}"} : net::Response{200, {}, kAnswer});
  });
  serve();
  EXPECT_EQ(chat().status, 200);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(records().front().provenance.ending, Ending::kFinished);
}

TEST_F(GatewayTest, AFallbackAnswersForAnUpstreamThatDoesNot) {
  upstream.answers(200, kAnswer);
  UpstreamSettings gone;
  gone.name = "gone";
  gone.url = "http://127.0.0.1:1/v1";
  gone.max_retries = 0;
  GatewaySettings settings;
  settings.upstreams = {gone, upstream_settings("main", upstream)};
  settings.routes = {
      {.name = "r", .targets = {{.upstream = "gone"}}, .fallbacks = {{.upstream = "main", .variant = "spare"}}}};
  serve(std::move(settings));
  EXPECT_EQ(chat().status, 200);
  EXPECT_EQ(records().front().provenance.variant, "spare");
}

TEST_F(GatewayTest, SaysThatAnUpstreamIsAwayInTheFormClientsRead) {
  UpstreamSettings gone;
  gone.name = "gone";
  gone.url = "http://127.0.0.1:1";
  gone.max_retries = 0;
  GatewaySettings settings;
  settings.upstreams = {gone};
  serve(std::move(settings));
  const auto answer = chat();
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(nlohmann::json::parse(answer.body)["error"]["code"], "upstream_unavailable");
  EXPECT_EQ(records().front().provenance.ending, Ending::kUpstreamDied);
}

TEST_F(GatewayTest, AnotherTableHoldsFromTheNextRequestOn) {
  upstream.answers(200, kAnswer);
  serve();
  chat();
  ASSERT_TRUE(gateway->set_routes({{.name = "new", .targets = {{.upstream = "main", .model = "other-model"}}}}).ok());
  chat(R"({"n":1, "model":"gpt-4o"})");
  EXPECT_EQ(upstream.last().body, R"({"n":1, "model":"other-model"})");
  EXPECT_EQ(records(2).back().request, R"({"n":1, "model":"gpt-4o"})");
  EXPECT_FALSE(gateway->set_routes({{.name = "bad", .targets = {{.upstream = "nobody"}}}}).ok());
  EXPECT_EQ(gateway->routes()->routes().front().name, "new");
}

TEST_F(GatewayTest, OtherPathsAreHandedOnAndNotKept) {
  upstream.answers(200, R"({"data":[]})");
  serve();
  EXPECT_EQ(post("/v1/embeddings", R"({"input":"x"})").status, 200);
  const auto models = run(client.send({.target = url("/v1/models?limit=2")}, Deadline::after(5s)));
  EXPECT_EQ(models->status, 200);
  EXPECT_EQ(upstream.last().target, "/v1/models?limit=2");
  const auto file = run(client.send({.method = net::Method::kPost,
                                     .target = url("/v1/files"),
                                     .headers = {{"Content-Type", "multipart/form-data; boundary=x"}},
                                     .body = std::string(3 << 20, 'f')},
                                    Deadline::after(10s)));
  EXPECT_EQ(file->status, 200);
  EXPECT_EQ(upstream.last().body.size(), 3U << 20);
  EXPECT_TRUE(store.records().empty());
}

TEST_F(GatewayTest, OtherPathsThanTheApisAreRefused) {
  serve();
  EXPECT_EQ(post("/admin", "{}").status, 404);
  EXPECT_EQ(upstream.requests(), 0);
}

TEST_F(GatewayTest, APathThatLeadsOutOfTheBaseUrlDoesNotReachTheUpstreamWithOurKey) {
  upstream.answers(200, "{}");
  GatewaySettings settings;
  settings.upstreams = {upstream_settings("main", upstream)};
  settings.upstreams[0].api_key_env = "OURS";
  serve(std::move(settings));
  for (const char* path : {"/v1/../admin", "/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/x/../../admin", "/v1/.."}) {
    const auto answer = post(path, "{}");
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_THAT(answer.body, HasSubstr("malformed_request")) << path;
  }
  EXPECT_EQ(upstream.requests(), 0);
  EXPECT_EQ(post("/v1/models/gpt-4.1", "{}").status, 200);
  EXPECT_EQ(upstream.last().headers.find("Authorization"), "Bearer ours");
}

TEST_F(GatewayTest, BeforeTheLastByteTheRecordIsOnDisk) {
  upstream.answers(200, kAnswer);
  GatewaySettings settings;
  settings.capture.durability = Durability::kBeforeLastByte;
  serve(std::move(settings));
  for (std::size_t i = 1; i <= 20; ++i) {
    chat();
    EXPECT_EQ(store.records().size(), i);
  }
  upstream.answers(streams(3, true));
  EXPECT_EQ(chat(R"({"stream":true})").body, kPieces[0] + kPieces[1] + kPieces[2]);
  EXPECT_EQ(store.records().size(), 21U);
}

TEST_F(GatewayTest, AStoreThatFailsCostsNobodyAnAnswer) {
  upstream.answers(200, kAnswer);
  store.fail_with(storage_full("the disk is full"));
  GatewaySettings settings;
  settings.capture.durability = Durability::kBeforeLastByte;
  serve(std::move(settings));
  EXPECT_EQ(chat().body, kAnswer);
  EXPECT_THAT(gateway->readiness().error().message, HasSubstr("being lost"));
  EXPECT_EQ(gateway->counters().kept(Kept::kFailed), 1U);
  store.fail_with(std::nullopt);
  EXPECT_EQ(chat().body, kAnswer);
  EXPECT_EQ(store.records().size(), 1U);
}

TEST_F(GatewayTest, WhereToldSoNoAnswerGoesOutWithoutItsRecord) {
  upstream.answers(200, kAnswer);
  store.fail_with(storage_full("the disk is full"));
  GatewaySettings settings;
  settings.capture.durability = Durability::kRequired;
  serve(std::move(settings));
  const auto refused = chat();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("not_stored"));
  upstream.answers(streams(3, true));
  const auto cut = run(client.send(
      net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})"), Deadline::after(10s)));
  EXPECT_FALSE(cut.ok());
  store.fail_with(std::nullopt);
  EXPECT_EQ(chat(R"({"stream":true})").body, kPieces[0] + kPieces[1] + kPieces[2]);
  EXPECT_EQ(store.records().size(), 1U);
}

TEST_F(GatewayTest, AStreamThatSpeaksOfItsEndIsNotHeld) {
  const std::string speaks = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"[DONE]\"}}]}\n\n";
  upstream.answers([&](net::IncomingRequest& in, std::string, net::ResponseWriter& out) -> Task<void> {
    (void)co_await out.start({200, {{"Content-Type", "text/event-stream"}}}, in.deadline);
    (void)co_await out.write(std::string(speaks), in.deadline);
    (void)co_await out.write(std::string(kPieces[0]), in.deadline);
    (void)co_await sleep_for(20s, in.deadline);
  });
  GatewaySettings settings;
  settings.capture.durability = Durability::kBeforeLastByte;
  serve(std::move(settings));
  const auto read_both = [&]() -> Task<Status> {
    FW_CO_ASSIGN(
        const auto stream,
        co_await client.open(net::json_request(net::Method::kPost, url("/v1/chat/completions"), R"({"stream":true})"),
                             Deadline::after(5s)));
    std::string got;
    while (got != speaks + kPieces[0]) {
      FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(5s)));
      if (!piece) co_return internal("it ended after " + got);
      got += *piece;
    }
    co_return Status{};
  };
  EXPECT_TRUE(run(read_both()).ok());
}

TEST_F(GatewayTest, SamplingLeavesOutByWorkload) {
  upstream.answers(200, kAnswer);
  GatewaySettings settings;
  settings.capture.samples = {{"noisy", 0}};
  serve(std::move(settings));
  chat("{}", {{"x-flywheel-workload", "noisy"}});
  chat("{}", {{"x-flywheel-workload", "router"}});
  EXPECT_EQ(*records(1).front().workload, "router");
  EXPECT_EQ(gateway->counters().kept(Kept::kSampledOut), 1U);
}

TEST_F(GatewayTest, ABodyBeyondTheLimitIsRefused) {
  upstream.answers(200, kAnswer);
  GatewaySettings settings;
  settings.max_body_bytes = 1000;
  serve(std::move(settings));
  EXPECT_EQ(chat(std::string(1001, ' ')).status, 413);
  EXPECT_EQ(upstream.requests(), 0);
}

TEST_F(GatewayTest, AnUpstreamThatFailsAgainAndAgainIsSaidUntilItAnswers) {
  auto settings_of_one = upstream_settings("shaky", upstream);
  settings_of_one.max_retries = 0;
  settings_of_one.failures_until_open = 2;
  settings_of_one.open_for = 1ms;
  GatewaySettings settings;
  settings.upstreams = {settings_of_one};
  serve(std::move(settings));
  upstream.answers(503, "{}");
  EXPECT_EQ(chat().status, 503);
  EXPECT_TRUE(gateway->readiness().ok()) << "one failure is none yet";
  EXPECT_EQ(chat().status, 503);
  EXPECT_THAT(gateway->readiness().error().message, HasSubstr("2 requests to upstream shaky failed"));
  std::this_thread::sleep_for(2ms);
  upstream.answers(200, kAnswer);
  EXPECT_EQ(chat().status, 200);
  EXPECT_TRUE(gateway->readiness().ok());
}

TEST_F(GatewayTest, AMissingKeyIsSaidAndNamesItsVariable) {
  auto settings_of_one = upstream_settings("keyed", upstream);
  settings_of_one.api_key_env = "MISSING";
  GatewaySettings settings;
  settings.upstreams = {settings_of_one};
  serve(std::move(settings));
  EXPECT_THAT(gateway->readiness().error().message, HasSubstr("MISSING"));
  EXPECT_THAT(chat().body, HasSubstr("MISSING"));
}

}  // namespace
}  // namespace fw::capture
