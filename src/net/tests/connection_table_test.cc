#include "net/impl/connection_table.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace fw::net {
namespace {

using namespace std::chrono_literals;
using State = Activity::State;

struct Connection {
  explicit Connection(Instant now) : its(now) {}
  [[nodiscard]] const Activity& activity() const { return its; }
  Activity its;
};

class ConnectionTableTest : public testing::Test {
 protected:
  using Table = ConnectionTable<Connection>;
  using Pointer = Table::Pointer;

  Instant tick() { return now_ += 20ms; }
  void make(std::size_t max, std::size_t max_per_address = 0) { table_.emplace(max, max_per_address); }
  /// Adds one, whether there is room or not.
  Pointer add(const std::string& address) {
    auto connection = std::make_shared<Connection>(tick());
    table_->add(connection, address);
    return connection;
  }
  std::vector<Pointer> add_many(const std::string& address, int count) {
    std::vector<Pointer> out;
    for (int i = 0; i < count; ++i) out.push_back(add(address));
    return out;
  }
  Table::Room make_room(const std::string& address) { return table_->make_room(address, tick()); }
  void answer(const Pointer& connection) { connection->its.set(State::kAnswering, tick()); }
  void rest(const Pointer& connection) { connection->its.set(State::kIdle, tick()); }

  Instant now_{1h};
  std::optional<Table> table_;
};

TEST_F(ConnectionTableTest, WhoHasBeenIdleForLongestGivesWay) {
  make(4);
  const auto all = add_many("a", 4);
  rest(all[0]);  // it has just answered something
  EXPECT_EQ(make_room("b").gives_way, all[1]);
  EXPECT_EQ(table_->size(), 3U);
  add("b");
  EXPECT_EQ(make_room("b").gives_way, all[2]);
}

TEST_F(ConnectionTableTest, WhoNeverSentAByteIsIdleSinceItCame) {
  make(2);
  const auto silent = add("a");
  const auto used = add("b");
  answer(used);
  rest(used);
  EXPECT_EQ(make_room("c").gives_way, silent);
}

TEST_F(ConnectionTableTest, WhoHasARequestNeverGivesWay) {
  make(2);
  const auto all = add_many("a", 2);
  for (const auto& one : all) answer(one);
  EXPECT_FALSE(make_room("b").is_there);
  EXPECT_EQ(table_->size(), 2U);
  rest(all[1]);
  const auto room = make_room("b");
  EXPECT_TRUE(room.is_there);
  EXPECT_EQ(room.gives_way, all[1]);
}

TEST_F(ConnectionTableTest, AHeadThatIsComingIsARequestForASecond) {
  make(1);
  const auto one = add("a");
  one->its.set(State::kReadingHead, tick());
  EXPECT_FALSE(make_room("b").is_there);
  now_ += Activity::kSlowHead;
  EXPECT_EQ(make_room("b").gives_way, one);
}

TEST_F(ConnectionTableTest, AnIdleOneGivesWayBeforeASlowHead) {
  make(2);
  const auto slow = add("a");
  slow->its.set(State::kReadingHead, tick());
  now_ += 2 * Activity::kSlowHead;
  const auto idle = add("a");
  EXPECT_EQ(make_room("b").gives_way, idle);
}

TEST_F(ConnectionTableTest, OneAddressLeavesAQuarterToOthers) {
  make(8);
  const auto many = add_many("greedy", 6);
  EXPECT_EQ(make_room("greedy").gives_way, many[0]) << "among its own";
  add("greedy");
  for (const char* quiet : {"b", "c"}) {
    const auto room = make_room(quiet);
    EXPECT_TRUE(room.is_there);
    EXPECT_EQ(room.gives_way, nullptr);
    add(quiet);
  }
}

TEST_F(ConnectionTableTest, WhoHasMoreThanItsShareDoesNotDisplaceOthers) {
  make(8);
  const auto quiet = add("quiet");  // idle for longest of all
  const auto many = add_many("greedy", 7);
  EXPECT_EQ(make_room("greedy").gives_way, many[0]);
  for (const auto& one : many) answer(one);
  const auto last = add("greedy");
  EXPECT_EQ(make_room("greedy").gives_way, last);
  answer(add("greedy"));
  EXPECT_EQ(make_room("third").gives_way, quiet);
}

TEST_F(ConnectionTableTest, AnAddressInVainDoesNotCloseTheDoorForOthers) {
  make(8);
  const auto quiet = add_many("quiet", 2);
  for (const auto& one : add_many("greedy", 6)) answer(one);
  tick();
  EXPECT_FALSE(table_->make_room("greedy", now_).is_there);
  EXPECT_EQ(table_->make_room("third", now_).gives_way, quiet[0]);
}

TEST_F(ConnectionTableTest, ALimitOfAnAddressIsItsOwnAffair) {
  make(100, 2);
  const auto a = add_many("a", 2);
  add("b");
  EXPECT_EQ(make_room("a").gives_way, a[0]);
  add("a");
  EXPECT_EQ(make_room("b").gives_way, nullptr);
  make(100, 1);
  answer(add("a"));
  EXPECT_FALSE(make_room("a").is_there);
  EXPECT_TRUE(make_room("b").is_there);
}

TEST_F(ConnectionTableTest, WhoHasGoneIsForgotten) {
  make(2);
  const auto all = add_many("a", 2);
  table_->remove(all[0]);
  table_->remove(all[0]);
  EXPECT_EQ(table_->size(), 1U);
  EXPECT_EQ(make_room("b").gives_way, nullptr);
}

}  // namespace
}  // namespace fw::net
