// What power loss leaves of the write that was under way: pages of it, in any order.

#include <fstream>

#include "logstore/rocksdb/impl/torn_log.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPage = 4096;

class TornLog : public LogStoreTest {
 protected:
  /// Ten acknowledged records, and one of 200 kB whose write is the one under way.
  void SetUp() override {
    for (int i = 0; i < 10; ++i) append({interaction(std::to_string(i), "w", "c", i)});
    before_ = fs::file_size(log());
    auto large = interaction("last", "w", "c", 10);
    large.response.append(200 << 10, 'x');
    append({large});
    store_.reset();
    bytes_ = *io::read_file(log());
  }

  [[nodiscard]] fs::path log() const {
    for (const auto& entry : fs::directory_iterator(folder_.path() / "store")) {
      if (entry.path().extension() == ".log") return entry.path();
    }
    return {};
  }

  /// The store as it is with these bytes for its log.
  Result<std::unique_ptr<LogStore>> open_with(const std::string& log_bytes) {
    fs::remove_all(copy());
    copy_as_killed(folder_.path() / "store", copy());
    std::ofstream(copy() / log().filename(), std::ios::binary) << log_bytes;
    return open_rocksdb_log_store(copy());
  }
  [[nodiscard]] fs::path copy() const { return folder_.path() / "copy"; }

  /// The log with zeros in place of page `number` (from 0) of the write that was under way.
  [[nodiscard]] std::string without_page(std::size_t number) const {
    std::string torn = bytes_;
    const std::size_t begin = std::max(before_, (before_ / kPage + number) * kPage);
    const std::size_t end = std::min(torn.size(), (before_ / kPage + number + 1) * kPage);
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(begin), torn.begin() + static_cast<std::ptrdiff_t>(end), '\0');
    return torn;
  }

  std::size_t before_ = 0;
  std::string bytes_;
};

TEST_F(TornLog, WhicheverPageIsMissingTheStoreOpensWithAllThatWasAcknowledged) {
  for (const std::size_t page : {0, 1, 7, 8, 9, 25, 49, 50}) {
    const auto store = open_with(without_page(page));
    ASSERT_TRUE(store.ok()) << "page " << page << ": " << store.error();
    EXPECT_EQ((*store)->workloads()->at(0).records, 10U) << "page " << page;
    EXPECT_EQ((*store)->append(std::vector{interaction("next", "w", "c", 11)})->appended, 1U);
  }
}

TEST_F(TornLog, WhatIsCutOffIsKept) {
  ASSERT_TRUE(open_with(without_page(8)).ok());
  const auto kept = copy() / ("torn-" + log().filename().string() + "-" + std::to_string(before_));
  EXPECT_EQ(io::read_file(kept)->size(), bytes_.size() - before_);
}

TEST_F(TornLog, DamageBeforeARecordIsNoTornEnd) {
  std::string damaged = bytes_;
  damaged[before_ / 2] ^= 1;
  EXPECT_EQ(torn_end(damaged), std::nullopt);
  const auto store = open_with(damaged);
  ASSERT_TRUE(store.ok()) << store.error();
  EXPECT_EQ((*store)->workloads()->at(0).records, 10U) << "what follows the damage is there";
}

TEST_F(TornLog, AWholeLogAndOneThatIsOnlyShortAreLeftAlone) {
  EXPECT_EQ(torn_end(bytes_), std::nullopt);
  EXPECT_EQ(torn_end(""), std::nullopt);
  EXPECT_EQ((*open_with(bytes_))->workloads()->at(0).records, 11U);
  EXPECT_EQ((*open_with(bytes_.substr(0, bytes_.size() - 5000)))->workloads()->at(0).records, 10U);
}

}  // namespace
}  // namespace fw::logstore
