#include "logstore/tests/log_store_contract.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;

INSTANTIATE_TEST_SUITE_P(RocksDb, LogStoreContract,
                         testing::Values(StoreForm{
                             .name = "RocksDb",
                             .skipped = "",
                             .open = [](const std::filesystem::path& folder) { return open_rocksdb_log_store(folder); },
                             .clean = {}}));

TEST_F(LogStoreTest, TakesAnyBytes) {
  record::Interaction odd = interaction("a", "router", "demo", 5);
  odd.request = std::string("{ \"x\" :\t1e400, \"\\ud800\": \"\0\xff\" }", 32);
  odd.response = "";
  odd.timestamp = Timestamp(std::chrono::nanoseconds(-1));
  append({odd});
  EXPECT_EQ(**store_->find(odd.id), odd);
  reopen();
  EXPECT_EQ(**store_->find(odd.id), odd);
  EXPECT_THAT(all({}, Order::kOldestFirst), ElementsAre(odd));
}

TEST_F(LogStoreTest, APageWithLargeRecordsEndsEarlyAndGoesOn) {
  std::vector<record::Interaction> records;
  for (int i = 0; i < 5; ++i) {
    records.push_back(interaction(std::to_string(i), "w", "c", i));
    records.back().request.assign(30 << 20, 'x');
  }
  append(records);
  const auto page = store_->scan({}, Order::kOldestFirst, 10, {});
  EXPECT_EQ(page->records.size(), 3U);
  EXPECT_EQ(store_->scan({}, Order::kOldestFirst, 10, page->next)->records.size(), 2U);
}

}  // namespace
}  // namespace fw::logstore
