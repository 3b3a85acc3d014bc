#include "auth/keyring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "auth/secret.h"
#include "auth/tests/memory_key_store.h"

namespace fw::auth {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class KeyringTest : public testing::Test {
 protected:
  static Key shop() {
    Key key;
    key.name = "shop";
    key.tenant = "shop";
    key.listeners = {ListenerName::kGateway};
    key.workloads = {"router"};
    key.limits.requests_per_second = 2;
    return key;
  }
  static Key person(Role role) {
    Key key;
    key.name = "ada";
    key.role = role;
    key.listeners = {ListenerName::kControl};
    return key;
  }
  void reopen() { keyring_ = Keyring::open(store_, clock_).value(); }

  ManualClock clock_{from_epoch_seconds(1000)};
  MemoryKeyStore store_;
  std::unique_ptr<Keyring> keyring_ = Keyring::open(store_, clock_).value();
};

TEST_F(KeyringTest, AKeyIsKnownByItsSecretAlsoAfterARestart) {
  const auto made = keyring_->create(shop()).value();
  EXPECT_TRUE(is_secret(made.secret));
  for (int i = 0; i < 2; ++i) {
    const auto found = keyring_->find(made.secret);
    ASSERT_TRUE(found.ok());
    const Key& key = (*found)->key();
    EXPECT_EQ(key.id, made.key.id);
    EXPECT_EQ(key.tenant, "shop");
    EXPECT_EQ(key.workloads, std::vector<std::string>{"router"});
    EXPECT_EQ(key.limits, shop().limits);
    EXPECT_TRUE(key.is_for(ListenerName::kGateway));
    EXPECT_FALSE(key.is_for(ListenerName::kControl));
    reopen();
  }
}

TEST_F(KeyringTest, NothingThatIsKeptHoldsTheSecret) {
  const auto made = keyring_->create(shop()).value();
  const auto& row = store_.rows.front();
  const std::string half = made.secret.substr(made.secret.size() - 64);
  EXPECT_THAT(row.data, Not(HasSubstr(half)));
  EXPECT_EQ(row.hash, hash_of_secret(made.secret));
  EXPECT_THAT(to_json(made.key).dump(), Not(HasSubstr(half)));
  std::ostringstream metrics;
  keyring_->write_metrics(metrics);
  EXPECT_THAT(metrics.str(), HasSubstr(made.key.id));
  EXPECT_THAT(metrics.str(), Not(HasSubstr(half)));
}

TEST_F(KeyringTest, AWrongSecretOfARightIdIsNotLetIn) {
  auto secret = keyring_->create(shop()).value().secret;
  secret.back() = secret.back() == '0' ? '1' : '0';
  EXPECT_EQ(keyring_->find(secret).error().code, ErrorCode::kUnauthorized);
  EXPECT_EQ(keyring_->find("").error().code, ErrorCode::kUnauthorized);
  EXPECT_EQ(keyring_->find(make_secret().text).error().code, ErrorCode::kUnauthorized);
}

TEST_F(KeyringTest, ARevokedKeyEndsAtOnceAndStaysRevoked) {
  const auto made = keyring_->create(shop()).value();
  const auto in_use = keyring_->find(made.secret).value();
  ASSERT_TRUE(keyring_->revoke(made.key.id).ok());
  EXPECT_FALSE(keyring_->find(made.secret).ok());
  EXPECT_EQ(keyring_->find_by_id(made.key.id), nullptr);
  EXPECT_TRUE(in_use->is_revoked());
  reopen();
  EXPECT_FALSE(keyring_->find(made.secret).ok());
  EXPECT_TRUE(keyring_->list().front().revoked_at);
  EXPECT_TRUE(keyring_->asks_for_key(ListenerName::kGateway)) << "revoking the last one opens nothing";
  EXPECT_FALSE(keyring_->has_key(ListenerName::kGateway));
  EXPECT_EQ(keyring_->revoke("000000000000").error().code, ErrorCode::kNotFound);
}

TEST_F(KeyringTest, WhatIsNotOnDiskIsNotInForce) {
  store_.is_broken = true;
  EXPECT_FALSE(keyring_->create(shop()).ok());
  EXPECT_FALSE(keyring_->asks_for_key(ListenerName::kGateway));
  store_.is_broken = false;
  const auto made = keyring_->create(shop()).value();
  store_.is_broken = true;
  EXPECT_FALSE(keyring_->revoke(made.key.id).ok());
  EXPECT_TRUE(keyring_->find(made.secret).ok());
}

TEST_F(KeyringTest, OnlyAListenerThatAKeyWasMadeForAsksForKeys) {
  ASSERT_TRUE(keyring_->create(shop()).ok());
  EXPECT_TRUE(keyring_->asks_for_key(ListenerName::kGateway));
  EXPECT_FALSE(keyring_->asks_for_key(ListenerName::kOtlp));
  EXPECT_FALSE(keyring_->asks_for_key(ListenerName::kControl));
}

TEST_F(KeyringTest, TheFirstKeyOfTheControlApiIsAnAdmins) {
  EXPECT_EQ(keyring_->create(person(Role::kViewer)).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(keyring_->create(person(Role::kAdmin)).ok());
  EXPECT_TRUE(keyring_->create(person(Role::kViewer)).ok());
}

TEST_F(KeyringTest, TheLastKeyOfAnAdminIsNotRevoked) {
  const auto first = keyring_->create(person(Role::kAdmin)).value();
  const auto viewer = keyring_->create(person(Role::kViewer)).value();
  const auto refused = keyring_->revoke(first.key.id);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("make a key with the role admin first"));
  EXPECT_TRUE(keyring_->find(first.secret).ok());
  EXPECT_TRUE(keyring_->revoke(viewer.key.id).ok());
  const auto second = keyring_->create(person(Role::kAdmin)).value();
  EXPECT_TRUE(keyring_->revoke(first.key.id).ok());
  EXPECT_TRUE(keyring_->revoke(first.key.id).ok()) << "again is no error";
  EXPECT_FALSE(keyring_->revoke(second.key.id).ok());
}

TEST_F(KeyringTest, AKeyThatSeesAllTrafficHasNoTenant) {
  Key key = person(Role::kAdmin);
  key.tenant = "shop";
  EXPECT_THAT(keyring_->create(key).error().message, HasSubstr("no tenant"));
  key = shop();
  key.listeners.clear();
  EXPECT_FALSE(keyring_->create(key).ok());
  key = shop();
  key.name = "a\nb";
  EXPECT_FALSE(keyring_->create(key).ok());
}

TEST_F(KeyringTest, LimitsRefuseWithAWaitAndCountWhatTheyRefused) {
  Key wanted = shop();
  wanted.limits.open_streams = 3;
  const auto made = keyring_->create(wanted).value();
  const auto key = keyring_->find(made.secret).value();
  Duration wait{};
  ASSERT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  ASSERT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  const auto third = key->begin(clock_.now(), clock_.instant(), wait);
  EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(third.error().message, HasSubstr("requests a second"));
  EXPECT_EQ(wait, Duration(500ms));
  clock_.advance(1s);
  ASSERT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  clock_.advance(1s);
  EXPECT_THAT(key->begin(clock_.now(), clock_.instant(), wait).error().message, HasSubstr("streams at a time"));
  key->end();
  EXPECT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  EXPECT_EQ(key->counts().limited, 2U);
  EXPECT_EQ(key->counts().open, 3U);
}

TEST_F(KeyringTest, BytesBeyondTheLimitHoldUpTheNextRequest) {
  Key wanted = shop();
  wanted.limits = {.bytes_per_second = 1000};
  const auto key = keyring_->find(keyring_->create(wanted).value().secret).value();
  Duration wait{};
  ASSERT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  key->count_bytes(5000, clock_.instant());
  key->end();
  EXPECT_FALSE(key->begin(clock_.now(), clock_.instant(), wait).ok());
  EXPECT_GT(wait, Duration(3s));
  clock_.advance(5s);
  EXPECT_TRUE(key->begin(clock_.now(), clock_.instant(), wait).ok());
}

TEST_F(KeyringTest, WhenAKeyWasUsedIsKept) {
  const auto made = keyring_->create(shop()).value();
  Duration wait{};
  clock_.advance(7s);
  ASSERT_TRUE(keyring_->find(made.secret).value()->begin(clock_.now(), clock_.instant(), wait).ok());
  EXPECT_EQ(keyring_->list().front().last_used, from_epoch_seconds(1007));
  ASSERT_TRUE(keyring_->save_use().ok());
  reopen();
  EXPECT_EQ(keyring_->list().front().last_used, from_epoch_seconds(1007));
}

TEST(Key, JsonSaysWhichFieldIsWrong) {
  const auto read = [](const char* text) { return key_of_json(nlohmann::ordered_json::parse(text)); };
  EXPECT_THAT(read(R"({"name": 3})").error().message, HasSubstr("name"));
  EXPECT_THAT(read(R"({"role": "boss"})").error().message, HasSubstr("viewer"));
  EXPECT_THAT(read(R"({"listeners": ["door"]})").error().message, HasSubstr("gateway"));
  EXPECT_THAT(read(R"({"limits": {"open_streams": -1}})").error().message, HasSubstr("open_streams"));
  const auto key = read(R"({"name": "n", "listeners": ["otlp", "gateway", "otlp"], "limits": {"open_streams": 2}})");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->listeners, (std::vector{ListenerName::kGateway, ListenerName::kOtlp}));
  EXPECT_EQ(key->limits.open_streams, 2U);
}

}  // namespace
}  // namespace fw::auth
