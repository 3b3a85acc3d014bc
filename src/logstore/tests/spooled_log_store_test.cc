#include "logstore/spooled_log_store.h"

#include <atomic>
#include <thread>

#include "logstore/tests/log_store_contract.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

/// A store that is away, or refuses a record, when it is told to.
class Elsewhere final : public LogStore {
 public:
  explicit Elsewhere(LogStore& store) : store_(store) {}

  Result<AppendReport> append(std::span<const record::Interaction> batch) override {
    if (is_away) return unavailable("no node answers");
    for (const auto& record : batch) {
      if (*record.id == "bad") return invalid_argument("mapper_parsing_exception");
    }
    return store_.append(batch);
  }
  Result<Page> scan(const Selection& s, Order order, std::size_t limit, const std::optional<Cursor>& after) override {
    return store_.scan(s, order, limit, after);
  }
  Result<std::optional<record::Interaction>> find(const record::RecordId& id) override { return store_.find(id); }
  Result<std::vector<WorkloadSummary>> workloads() override { return store_.workloads(); }
  Result<std::vector<RecordCount>> counts() override { return store_.counts(); }
  Result<std::uint64_t> remove(const Selection& selection) override { return store_.remove(selection); }
  Result<std::uint64_t> remove_records(std::span<const record::RecordId> ids) override {
    return store_.remove_records(ids);
  }

  std::atomic<bool> is_away = false;

 private:
  LogStore& store_;
};

std::unique_ptr<LogStore> open(const std::filesystem::path& folder) {
  auto store = open_rocksdb_log_store(folder);
  EXPECT_TRUE(store.ok()) << store.error();
  return store.ok() ? std::move(store).value() : nullptr;
}

/// A journal in front of a store elsewhere that keeps every promise of a log store, as long as that one is there.
INSTANTIATE_TEST_SUITE_P(Spooled, LogStoreContract,
                         testing::Values(StoreForm{
                             .name = "Spooled",
                             .skipped = "",
                             .tells_known = false,
                             .open = [](const std::filesystem::path& folder) -> Result<std::unique_ptr<LogStore>> {
                               return spool(open(folder / "journal"), open(folder / "far"));
                             },
                             .clean = {}}));

class Spool : public testing::Test {
 protected:
  Spool() : far_(open(folder_.path() / "far")) { start(); }

  void start(SpoolOptions options = {}) {
    store_.reset();
    auto elsewhere = std::make_unique<Elsewhere>(*far_);
    elsewhere_ = elsewhere.get();
    elsewhere_->is_away = is_away_;
    options.first_pause = 5ms;
    options.longest_pause = 20ms;
    options.read_waits = 5s;
    store_ = spool(open(folder_.path() / "journal"), std::move(elsewhere), std::move(options));
  }
  void be_away(bool is_away) { elsewhere_->is_away = is_away_ = is_away; }
  void append(std::vector<record::Interaction> records) {
    const auto report = store_->append(records);
    ASSERT_TRUE(report.ok()) << report.error();
  }
  std::vector<std::string> read() { return ids_of(store_->scan({}, Order::kOldestFirst, 100, {})->records); }
  template <class Condition>
  bool comes(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  }

  io::TemporaryFolder folder_{"spool"};
  std::unique_ptr<LogStore> far_;
  Elsewhere* elsewhere_ = nullptr;
  std::unique_ptr<LogStore> store_;
  bool is_away_ = false;
};

TEST_F(Spool, AStoreThatIsAwayCostsNobodyAnythingAndGetsAllLater) {
  be_away(true);
  const Timestamp before = SystemClock().now();
  append({interaction("a", "w", "c", 1), interaction("b", "w", "c", 2)});
  ASSERT_TRUE(comes([&] { return !store_->backlog().trouble.ok(); }));
  EXPECT_EQ(store_->backlog().records, 2U);
  EXPECT_GE(store_->backlog().oldest, before) << "when it began to wait, not its own time";
  EXPECT_THAT(store_->backlog().trouble.error().message, HasSubstr("no node answers"));
  EXPECT_TRUE(store_->health().ok());
  EXPECT_THAT(read(), ElementsAre());
  EXPECT_TRUE((*store_->find(record::RecordId("a"))).has_value());
  be_away(false);
  EXPECT_TRUE(comes([&] { return store_->backlog().records == 0 && store_->backlog().trouble.ok(); }));
  EXPECT_THAT(read(), ElementsAre("a", "b"));
}

TEST_F(Spool, WhatWasAcknowledgedIsWaitedForUntilReadsSeeIt) {
  be_away(true);
  append({interaction("a", "w", "c", 1)});
  std::jthread comes_back([&] {
    std::this_thread::sleep_for(300ms);
    be_away(false);
  });
  EXPECT_EQ(store_->settle({}, Deadline::after(60s)).records, 0U);
  EXPECT_THAT(ids_of(far_->scan({}, Order::kOldestFirst, 10, {})->records), ElementsAre("a"));
}

TEST_F(Spool, WhatDoesNotComeInTimeIsCountedForTheWorkloadAndClientThatAreAskedFor) {
  append({interaction("there", "w", "c", 1)});
  ASSERT_EQ(store_->settle({}, Deadline::after(60s)).records, 0U);
  be_away(true);
  append({interaction("a", "w", "c", 2), interaction("b", "w", "c", 3), interaction("d", "v", "c", 4)});
  ASSERT_TRUE(comes([&] { return !store_->backlog().trouble.ok(); }));
  const auto lacking = [&](const char* workload, const char* client) {
    const Selection selection{
        .workload = record::WorkloadId(workload), .client = record::ClientId(client), .from = {}, .to = {}};
    return store_->settle(selection, Deadline::after(50ms));
  };
  EXPECT_EQ(lacking("w", "c").records, 2U);
  EXPECT_THAT(lacking("w", "c").trouble.error().message, HasSubstr("no node answers"));
  EXPECT_TRUE(lacking("w", "c").oldest.has_value());
  EXPECT_EQ(lacking("v", "c").records, 1U);
  EXPECT_EQ(store_->settle({}, Deadline::after(50ms)).records, 3U);
  const Instant before = kernel_now();
  const Selection nobody{.workload = record::WorkloadId("x"), .client = {}, .from = {}, .to = {}};
  EXPECT_EQ(store_->settle(nobody, Deadline::after(60s)).records, 0U);
  EXPECT_LT(kernel_now() - before, 30s) << "others' records are not waited for";
}

TEST_F(Spool, AWaitForWhatWasAcknowledgedEndsWithItsCaller) {
  be_away(true);
  append({interaction("a", "w", "c", 1)});
  std::stop_source stop;
  std::jthread ends([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const Instant before = kernel_now();
  EXPECT_EQ(store_->settle({}, Deadline::when_stopped(stop.get_token())).records, 1U);
  EXPECT_LT(kernel_now() - before, 30s);
}

TEST_F(Spool, ABatchIsFoundWhereverItsRecordsLie) {
  append({interaction("there", "w", "c", 1)});
  ASSERT_TRUE(comes([&] { return store_->backlog().records == 0; }));
  be_away(true);
  append({interaction("waits", "w", "c", 2)});
  const std::vector ids{record::RecordId("there"), record::RecordId("waits"), record::RecordId("nobody"),
                        record::RecordId("there")};
  const auto found = store_->find_batch(ids);
  ASSERT_TRUE(found.ok()) << found.error();
  ASSERT_EQ(found->size(), ids.size());
  EXPECT_EQ(found->at(0)->id, ids[0]);
  EXPECT_EQ(found->at(1)->id, ids[1]);
  EXPECT_FALSE(found->at(2).has_value());
  EXPECT_EQ(found->at(3), found->at(0));
}

TEST_F(Spool, WhatAnEarlierProcessLeftIsHandedOn) {
  be_away(true);
  append({interaction("a", "w", "c", 1)});
  start();
  EXPECT_TRUE(comes([&] { return store_->backlog().records == 1; }));
  be_away(false);
  EXPECT_TRUE(comes([&] { return read().size() == 1; }));
}

TEST_F(Spool, ARecordThatIsRefusedForGoodIsKeptAsideAndHoldsUpNothing) {
  std::vector<std::string> aside;
  start({.keep_aside = [&](const record::Interaction& record, const Error& reason) -> Status {
    aside.push_back(*record.id + ": " + reason.message);
    return {};
  }});
  append({interaction("a", "w", "c", 1), interaction("bad", "w", "c", 2), interaction("b", "w", "c", 3)});
  EXPECT_THAT(read(), ElementsAre("a", "b"));
  EXPECT_EQ(store_->backlog().refused, 1U);
  EXPECT_EQ(store_->backlog().records, 0U);
  store_.reset();
  EXPECT_THAT(aside, ElementsAre("bad: mapper_parsing_exception"));
}

TEST_F(Spool, ARecordThatCannotBeKeptAsideStaysInTheJournal) {
  start({.keep_aside = [](const record::Interaction&, const Error&) -> Status { return storage_full("no room"); }});
  append({interaction("bad", "w", "c", 2)});
  EXPECT_TRUE(comes([&] { return !store_->backlog().trouble.ok(); }));
  EXPECT_EQ(store_->backlog().records, 1U);
}

TEST_F(Spool, AnotherRecordOfAKnownIdIsKeptAside) {
  std::vector<std::string> aside;
  start({.keep_aside = [&](const record::Interaction& record, const Error& reason) -> Status {
    aside.push_back(record.request + ": " + std::string(to_string(reason.code)));
    return {};
  }});
  auto known = interaction("a", "w", "c", 1);
  known.request = R"({"messages":[1]})";
  ASSERT_TRUE(far_->append(std::vector{known}).ok());
  auto rewritten = known;
  rewritten.request = R"({ "messages": [1] })";
  append({rewritten});
  EXPECT_EQ(read().size(), 1U);
  auto other = known;
  other.request = R"({"messages":[2]})";
  append({other});
  EXPECT_EQ(read().size(), 1U);
  store_.reset();
  EXPECT_THAT(aside, ElementsAre(R"({"messages":[2]}: )" + std::string(to_string(ErrorCode::kAlreadyExists))));
}

TEST_F(Spool, ABoundIsKeptAndSaid) {
  be_away(true);
  start({.max_bytes = 100});
  append({interaction("a", "w", "c", 1)});
  const auto refused = store_->append(std::vector{interaction("b", "w", "c", 1), interaction("c", "w", "c", 1)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  be_away(false);
  EXPECT_TRUE(comes([&] { return store_->backlog().records == 0 && store_->backlog().trouble.ok(); }));
  EXPECT_TRUE(store_->append(std::vector{interaction("b", "w", "c", 1)}).ok());
}

TEST_F(Spool, WhatIsRemovedDoesNotComeBackOutOfTheJournal) {
  append({interaction("a", "w", "c", 1)});
  EXPECT_THAT(read(), ElementsAre("a"));
  be_away(true);
  append({interaction("b", "w", "c", 2), interaction("c", "w", "c", 3)});
  EXPECT_EQ(*store_->remove_records(std::vector{record::RecordId("a"), record::RecordId("b")}), 2U);
  be_away(false);
  EXPECT_TRUE(comes([&] { return store_->backlog().records == 0 && store_->backlog().trouble.ok(); }));
  EXPECT_THAT(read(), ElementsAre("c"));
}

}  // namespace
}  // namespace fw::logstore
