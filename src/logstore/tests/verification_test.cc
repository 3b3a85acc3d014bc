// The check of a whole store: nothing in one that is whole, and each fault by its name.

#include "logstore/verification.h"

#include <fstream>
#include <map>

#include "base/hash.h"
#include "logstore/rocksdb/impl/database.h"
#include "logstore/rocksdb/impl/layout.h"
#include "logstore/rocksdb/impl/rocksdb_log_store.h"
#include "logstore/tests/log_store_fixture.h"

namespace fw::logstore {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

Verified to_the_end(Verification& verification) {
  while (true) {
    const auto goes_on = verification.step();
    EXPECT_TRUE(goes_on.ok()) << goes_on.error();
    if (!goes_on.ok() || !*goes_on) return verification.found();
  }
}

Verified verified(LogStore& store) {
  const auto verification = store.verification();
  EXPECT_TRUE(verification.ok()) << verification.error();
  return to_the_end(**verification);
}

record::Interaction refused(std::string id, std::int64_t seconds) {
  auto record = interaction(std::move(id), "router", "demo", seconds);
  record.provenance.origin = record::Origin::kGateway;
  record.provenance.ending = record::Ending::kRefused;
  return record;
}

/// A store whose families a test may change one by one.
class VerificationTest : public testing::Test {
 protected:
  VerificationTest() {
    auto database = Database::open(folder_.path() / "store", {});
    EXPECT_TRUE(database.ok()) << database.error();
    database_ = database->get();
    store_ = std::make_unique<RocksDbLogStore>(std::move(database).value());
    EXPECT_TRUE(store_->append(std::vector{at_1_, at_2_, at_3_, other_}).ok());
  }

  static layout::Location place_of(const record::Interaction& record) {
    return {record.workload, record.client, record.timestamp, record.id};
  }
  void put(rocksdb::ColumnFamilyHandle* family, const std::string& key, const std::string& value) {
    ASSERT_TRUE(database_->db().Put({}, family, key, value).ok());
  }
  void take(rocksdb::ColumnFamilyHandle* family, const std::string& key) {
    ASSERT_TRUE(database_->db().Delete({}, family, key).ok());
  }

  io::TemporaryFolder folder_{"logstore"};
  record::Interaction at_1_ = interaction("a", "router", "demo", 1);
  record::Interaction at_2_ = refused("b", 2);
  record::Interaction at_3_ = interaction("c", "router", "demo", 3);
  record::Interaction other_ = interaction("d", "other", "demo", 4);
  Database* database_ = nullptr;
  std::unique_ptr<RocksDbLogStore> store_;
};

TEST_F(VerificationTest, AWholeStoreHasNoFault) {
  ASSERT_EQ(store_->expire_contents(std::vector{outlined(at_3_)}).value(), 1U);
  ASSERT_EQ(store_->relabel(std::vector{at_1_.id}, record::WorkloadId("other")).value(), 1U);
  for (const auto& found : {verified(*store_), to_the_end(**verify_by_scan(*store_))}) {
    EXPECT_EQ(found.records, 4U);
    EXPECT_EQ(found.expired, 1U);
    EXPECT_EQ(found.workloads, 2U);
    EXPECT_EQ(found.bytes, 3 * (at_1_.request.size() + at_1_.response.size()));
    EXPECT_THAT(found.faults, IsEmpty());
  }
}

TEST_F(VerificationTest, WhatComesAndGoesMeanwhileDoesNotMatter) {
  const auto verification = store_->verification();
  ASSERT_TRUE(verification.ok());
  ASSERT_TRUE((*verification)->step().ok());
  ASSERT_EQ(store_->remove_records(std::vector{at_1_.id, at_2_.id}).value(), 2U);
  ASSERT_TRUE(store_->append(std::vector{interaction("new", "new", "demo", 9)}).ok());
  const Verified found = to_the_end(**verification);
  EXPECT_EQ(found.records, 4U);
  EXPECT_THAT(found.faults, IsEmpty());
}

TEST_F(VerificationTest, ManyRecordsAreReadInSteps) {
  std::vector<record::Interaction> many;
  for (int i = 0; i < 30'000; ++i) many.push_back(interaction("m" + std::to_string(i), "many", "demo", i));
  ASSERT_TRUE(store_->append(many).ok());
  const auto verification = store_->verification();
  ASSERT_TRUE((*verification)->step().value());
  EXPECT_LT((*verification)->found().records, 30'000U);
  const Verified found = to_the_end(**verification);
  EXPECT_EQ(found.records, 30'004U);
  EXPECT_THAT(found.faults, IsEmpty());
}

TEST_F(VerificationTest, FamiliesThatDoNotAgreeAreNamedWithTheirRecords) {
  take(database_->ids(), "a");
  take(database_->times(), layout::index_key(layout::Index::kWorkload, place_of(at_2_)));
  take(database_->records(), layout::record_key(place_of(other_)));
  put(database_->ids(), "c", layout::id_value(place_of(at_3_), {record::Origin::kBulk, record::Ending::kFinished}));
  const Verified found = verified(*store_);
  EXPECT_THAT(found.faults,
              ElementsAre(Pair("a count that is not the number of its records", 1U),
                          Pair("a record that an order by time leaves out", 1U), Pair("a record without its id", 1U),
                          Pair("an entry of an order without its record", 3U),
                          Pair("an id with another way in or ending than its record", 1U),
                          Pair("an id without its record", 1U)));
  std::map<std::string, std::string> where;
  for (const auto& fault : found.first_faults) where[fault.what] = fault.where;
  EXPECT_EQ(where["a record without its id"], "a");
  EXPECT_EQ(where["a record that an order by time leaves out"], "b");
  EXPECT_EQ(where["an id without its record"], "d");
  EXPECT_EQ(where["a count that is not the number of its records"],
            "workload other, client demo: 1 are counted, 0 are there");
}

TEST_F(VerificationTest, CountsAreHeldAgainstTheRecords) {
  put(database_->meta(), layout::count_key(at_1_.workload, at_1_.client), layout::count_value(7));
  take(database_->meta(), layout::count_key(other_.workload, other_.client));
  put(database_->meta(), layout::count_key(record::WorkloadId("none"), record::ClientId("demo")), "x");
  const Verified found = verified(*store_);
  EXPECT_THAT(found.faults, ElementsAre(Pair("a count that cannot be read", 1U),
                                        Pair("a count that is not the number of its records", 2U)));
  EXPECT_EQ(found.records, 4U);
  EXPECT_EQ(found.workloads, 2U);
}

TEST_F(VerificationTest, WhatCannotBeDecodedIsNamed) {
  put(database_->records(), layout::record_key(place_of(at_1_)), "\x07");
  put(database_->ids(), "z", "no place");
  put(database_->times(), "tx", "y");
  put(database_->records(), "no key", "value");
  const Verified found = verified(*store_);
  EXPECT_THAT(
      found.faults,
      ElementsAre(Pair("a record that cannot be decoded", 1U), Pair("a record's key that cannot be read", 1U),
                  Pair("an entry of an order that cannot be read", 1U), Pair("an id's entry that cannot be read", 1U)));
  EXPECT_EQ(found.records, 3U);
}

TEST_F(VerificationTest, OfMoreFaultsThanFitTheFirstAreNamedAndAllAreCounted) {
  std::vector<record::Interaction> many;
  for (int i = 0; i < 50; ++i) many.push_back(interaction("m" + std::to_string(i), "many", "demo", i));
  ASSERT_TRUE(store_->append(many).ok());
  for (const auto& record : many) take(database_->ids(), *record.id);
  const Verified found = verified(*store_);
  EXPECT_THAT(found.faults, ElementsAre(Pair("a record without its id", 50U)));
  EXPECT_EQ(found.first_faults.size(), Verified::kMostNamed);
}

TEST_F(VerificationTest, ABlockThatGivesOtherBytesIsAFault) {
  auto large = interaction("large", "router", "demo", 5);  // so that the records' table is the largest
  for (int i = 0; i < 2000; ++i) large.request += std::to_string(hash64(std::to_string(i)));
  ASSERT_TRUE(store_->append(std::vector{large}).ok());
  ASSERT_TRUE(database_->flush().ok());
  store_.reset();
  std::filesystem::path largest;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "store")) {
    const bool is_table = file.path().extension() == ".sst";
    if (is_table && (largest.empty() || file.file_size() > std::filesystem::file_size(largest))) largest = file.path();
  }
  std::string bytes = *io::read_file(largest);
  bytes[10] ^= 1;  // in the first block of data
  std::ofstream(largest, std::ios::binary) << bytes;
  auto store = open_rocksdb_log_store(folder_.path() / "store");
  ASSERT_TRUE(store.ok()) << store.error();
  const Verified found = verified(**store);
  EXPECT_THAT(found.faults, ElementsAre(Pair("a part of the store that cannot be read", 1U)));
  EXPECT_THAT(found.first_faults.at(0).where, HasSubstr("Corruption"));
}

TEST_F(VerificationTest, AScanHoldsTheRecordsAgainstTheStoresCounts) {
  put(database_->meta(), layout::count_key(other_.workload, other_.client), layout::count_value(7));
  const Verified found = to_the_end(**verify_by_scan(*store_));
  EXPECT_THAT(found.faults, ElementsAre(Pair("a count that is not the number of its records", 1U)));
  EXPECT_EQ(found.first_faults.at(0).where, "workload other, client demo: 7 are counted, 1 can be read");
}

}  // namespace
}  // namespace fw::logstore
