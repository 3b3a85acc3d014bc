#include "traffic/search.h"

#include "traffic/tests/traffic_fixture.h"

namespace fw::traffic {
namespace {

class SearchTest : public TrafficTest {
 protected:
  FoundPage find(const Filter& filter, std::size_t limit, const std::optional<logstore::Cursor>& after = {}) {
    auto page = search(*log_, {}, filter, after, {.found = limit}, clock_);
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(page).value() : FoundPage{};
  }
  /// The ids of all pages of a search.
  std::vector<std::string> all(const Filter& filter, std::size_t limit) {
    std::vector<std::string> ids;
    std::optional<logstore::Cursor> after;
    do {
      const auto page = find(filter, limit, after);
      for (const auto& each : page.found) ids.push_back(*each.interaction.id);
      after = page.next;
    } while (after);
    return ids;
  }
};

TEST_F(SearchTest, FindsTheNewestFirstAPageAtATime) {
  for (int i = 0; i < 7; ++i) append(record(i, "get"));
  EXPECT_EQ(find({}, 3).found.front().interaction.id, record::RecordId("r6"));
  EXPECT_EQ(all({}, 3), (std::vector<std::string>{"r6", "r5", "r4", "r3", "r2", "r1", "r0"}));
}

TEST_F(SearchTest, PagesOfAFilterMissNothingAndRepeatNothing) {
  std::vector<std::string> wanted;
  for (int i = 0; i < 40; ++i) append(record(i, i % 7 == 3 ? "rare" : "get"));
  for (int i = 39; i >= 0; --i) {
    if (i % 7 == 3) wanted.push_back("r" + std::to_string(i));
  }
  for (const std::size_t limit : {1, 2, 5, 100}) EXPECT_EQ(all({.label = "rare"}, limit), wanted) << limit;
}

TEST_F(SearchTest, ASearchThatFindsNothingComesBackWhenItsTimeIsUp) {
  for (int i = 0; i < 40; ++i) append(record(i, "get"));
  const auto page = search(*log_, {}, {.tool = "never"}, {}, {.found = 10, .time = Duration::zero()}, clock_).value();
  EXPECT_TRUE(page.found.empty());
  EXPECT_EQ(page.scanned, 10u);
  EXPECT_TRUE(page.next);
}

TEST_F(SearchTest, FiltersByTextModelToolAndError) {
  append(record(1, "get", "Where is my PARCEL"));
  append(record(2, "put"));
  EXPECT_EQ(all({.text = "my parcel"}, 5), std::vector<std::string>{"r1"});
  EXPECT_EQ(all({.tool = "put"}, 5), std::vector<std::string>{"r2"});
  EXPECT_EQ(all({.model = "big"}, 5).size(), 2u);
  EXPECT_TRUE(all({.is_error = true}, 5).empty());
}

}  // namespace
}  // namespace fw::traffic
