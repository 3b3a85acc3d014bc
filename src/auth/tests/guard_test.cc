#include "auth/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "async/run_blocking.h"
#include "auth/tests/memory_key_store.h"

namespace fw::auth {
namespace {

using testing::HasSubstr;

/// What a client got.
struct Answer {
  net::ResponseHead head{.status = 0, .headers = {}};
  std::string body;
  bool is_cut = false;
};

class KeepingWriter final : public net::ResponseWriter {
 public:
  Task<Status> send(net::Response response, Deadline) override {
    answer.head.status = response.status;
    answer.body = std::move(response.body);
    co_return Status{};
  }
  Task<Status> start(net::ResponseHead head, Deadline) override {
    answer.head = std::move(head);
    answer.is_cut = true;
    co_return Status{};
  }
  Task<Status> write(std::string piece, Deadline) override {
    answer.body += piece;
    co_return Status{};
  }
  Task<Status> finish(Deadline) override {
    answer.is_cut = false;
    co_return Status{};
  }
  [[nodiscard]] bool has_started() const override { return answer.head.status != 0; }

  Answer answer;
};

class GuardTest : public testing::Test {
 protected:
  GuardTest() {
    Key key;
    key.name = "shop";
    key.tenant = "acme";
    key.listeners = {ListenerName::kGateway};
    key.workloads = {"router"};
    made_ = keyring_->create(key).value();
    handler_ =
        guard_.guarded([this](net::IncomingRequest& request, net::ResponseWriter& out) { return handle(request, out); },
                       [this](const net::IncomingRequest&, const Refusal& why) -> std::optional<net::Response> {
                         if (cuts_) return std::nullopt;
                         return net::detail_response(why.status, why.message);
                       });
  }

  Task<void> handle(net::IncomingRequest& request, net::ResponseWriter& out) {
    seen_ = request.headers;
    caller_ = caller_of(request);
    sharer_ = request.sharer;
    auto body = co_await net::read_all(*request.body, 1000, Deadline::never());
    (void)co_await out.send(net::text_response(200, "echo " + *body), Deadline::never());
  }

  Answer ask(net::Headers headers) {
    KeepingWriter writer;
    net::StringBody body("hello");
    net::IncomingRequest request{.headers = std::move(headers), .sharer = "192.0.2.7", .body = &body};
    run_blocking(handler_(request, writer));
    return writer.answer;
  }

  SystemClock clock_;
  MemoryKeyStore store_;
  std::unique_ptr<Keyring> keyring_ = Keyring::open(store_, clock_).value();
  Guard guard_{ListenerName::kGateway, *keyring_, clock_, 100};
  Keyring::Made made_;
  net::Handler handler_;
  net::Headers seen_;
  Caller caller_;
  std::string sharer_;
  bool cuts_ = false;
};

TEST_F(GuardTest, WhoHasAKeyComesInKnownAndWithoutIt) {
  const auto answer = ask({{"x-flywheel-key", made_.secret}, {"Authorization", "Bearer sk-upstream"}});
  EXPECT_EQ(answer.body, "echo hello");
  EXPECT_EQ(seen_, (net::Headers{{"Authorization", "Bearer sk-upstream"}}));
  EXPECT_EQ(caller_.via, Via::kKey);
  EXPECT_EQ(caller_.tenant, "acme");
  EXPECT_EQ(sharer_, "acme");
  EXPECT_EQ(caller_.key_id, made_.key.id);
  EXPECT_FALSE(caller_.may_write("other"));
  const auto counts = keyring_->find(made_.secret).value()->counts();
  EXPECT_EQ(counts.admitted, 1U);
  EXPECT_EQ(counts.open, 0U);
  EXPECT_EQ(counts.bytes, 5U + 10U);
}

TEST_F(GuardTest, WithoutAKeyWithAWrongOneAndWithARevokedOneNobodyComesIn) {
  EXPECT_EQ(ask({}).head.status, 401);
  EXPECT_EQ(ask({{"Authorization", "Bearer sk-other"}}).head.status, 401);
  auto wrong = made_.secret;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(ask({{"Authorization", "Bearer " + wrong}}).head.status, 401);
  ASSERT_EQ(ask({{"Authorization", "Bearer " + made_.secret}}).head.status, 200);
  ASSERT_TRUE(keyring_->revoke(made_.key.id).ok());
  EXPECT_EQ(ask({{"Authorization", "Bearer " + made_.secret}}).head.status, 401);
  std::ostringstream metrics;
  guard_.write_metrics(metrics);
  EXPECT_THAT(metrics.str(), HasSubstr(R"({listener="gateway",why="no_key"} 2)"));
  EXPECT_THAT(metrics.str(), HasSubstr(R"({listener="gateway",why="unknown_key"} 2)"));
}

TEST_F(GuardTest, AKeyForAnotherListenerIsNotEnough) {
  Key key = made_.key;
  key.listeners = {ListenerName::kOtlp};
  const auto other = keyring_->create(key).value();
  const auto answer = ask({{"Authorization", "Bearer " + other.secret}});
  EXPECT_EQ(answer.head.status, 403);
  EXPECT_THAT(answer.body, HasSubstr("--listener gateway"));
}

TEST_F(GuardTest, WhereNoKeyWasMadeEverybodyComesInAndAKeyTravelsNoFurther) {
  Guard open{ListenerName::kOtlp, *keyring_, clock_, 100};
  handler_ =
      open.guarded([this](net::IncomingRequest& request, net::ResponseWriter& out) { return handle(request, out); },
                   [](const net::IncomingRequest&, const Refusal& why) -> std::optional<net::Response> {
                     return net::detail_response(why.status, why.message);
                   });
  EXPECT_EQ(ask({{"Authorization", "Bearer " + made_.secret}}).head.status, 200);
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(caller_.via, Via::kNothing);
  EXPECT_EQ(sharer_, "192.0.2.7");
}

TEST_F(GuardTest, AClientThatDropsWhatIsRefusedIsCutOff) {
  cuts_ = true;
  EXPECT_TRUE(ask({}).is_cut);
}

TEST_F(GuardTest, OneTenantCannotTakeTheRoomOfTheOthers) {
  Guard small{ListenerName::kGateway, *keyring_, clock_, 4};
  Key key = made_.key;
  key.tenant = "other";
  const auto other = keyring_->create(key).value();
  const auto greedy = keyring_->find(made_.secret).value();
  std::vector<Pass> held(4);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(small.admit(greedy, held.at(i)));
  const auto refused = small.admit(greedy, held.at(3));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_FALSE(small.admit(keyring_->find(other.secret).value(), held.at(3)));
  held.clear();
  EXPECT_EQ(greedy->counts().open, 0U);
}

}  // namespace
}  // namespace fw::auth
