#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "metastore/sqlite_store.h"

namespace fw::metastore {
namespace {

class SqliteKeysTest : public testing::Test {
 protected:
  void reopen() {
    store_.reset();
    store_ = SqliteStore::open(file_).value();
  }
  KeyStore& keys() { return store_->keys(); }
  static KeyRow key(const std::string& id, std::int64_t second) {
    return {.id = id, .hash = "hash of " + id, .data = "{}", .created_at = from_epoch_seconds(second)};
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "flywheel.db";
  std::unique_ptr<SqliteStore> store_ = SqliteStore::open(file_).value();
};

TEST_F(SqliteKeysTest, KeysAreThereAfterReopeningInTheOrderInWhichTheyWereMade) {
  ASSERT_TRUE(keys().add_key(key("b", 1)).ok());
  ASSERT_TRUE(keys().add_key(key("a", 2)).ok());
  reopen();
  const auto all = keys().keys().value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, "b");
  EXPECT_EQ(all[0].hash, "hash of b");
  EXPECT_FALSE(all[0].last_used);
  EXPECT_FALSE(all[0].revoked_at);
  EXPECT_EQ(keys().add_key(key("a", 3)).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(SqliteKeysTest, ARevokedKeyStaysAndKeepsItsFirstTime) {
  ASSERT_TRUE(keys().add_key(key("a", 1)).ok());
  ASSERT_TRUE(keys().revoke_key("a", from_epoch_seconds(5)).ok());
  ASSERT_TRUE(keys().revoke_key("a", from_epoch_seconds(9)).ok());
  EXPECT_EQ(keys().revoke_key("c", from_epoch_seconds(9)).error().code, ErrorCode::kNotFound);
  reopen();
  EXPECT_EQ(keys().keys().value().front().revoked_at, from_epoch_seconds(5));
}

TEST_F(SqliteKeysTest, UseNeverGoesBack) {
  ASSERT_TRUE(keys().add_key(key("a", 1)).ok());
  ASSERT_TRUE(keys().note_use(std::vector<KeyUse>{{"a", from_epoch_seconds(8)}}).ok());
  ASSERT_TRUE(keys().note_use(std::vector<KeyUse>{{"a", from_epoch_seconds(6)}, {"gone", {}}}).ok());
  EXPECT_EQ(keys().keys().value().front().last_used, from_epoch_seconds(8));
}

}  // namespace
}  // namespace fw::metastore
