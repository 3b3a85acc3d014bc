#include "capture/bulk/impl/bulk_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::capture::elastic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string document(const std::string& workload = "router", int second = 1) {
  return R"({"timestamp":)" + std::to_string(second) + R"(,"workload_id":")" + workload +
         R"(","client_id":"dev","request":{"messages":[]},"response":{"choices":[]}})";
}

/// Everything that a body holds, as one batch; the error that ended the reading, if one did.
struct Outcome {
  BulkBatch all;
  std::size_t batches = 0;
  std::string error;
};

Outcome read(const std::string& body, const std::string& path_index = "flywheel", std::size_t max_items = 100) {
  codec::StringSource source(body, 5);
  BulkReader reader(source, {.path_index = path_index, .whole_index = "flywheel", .read = {}});
  Outcome out;
  while (true) {
    auto batch = reader.next(1 << 20, max_items);
    if (!batch.ok()) {
      out.error = batch.error().message;
      return out;
    }
    if (!*batch) return out;
    ++out.batches;
    for (auto& item : (*batch)->items) out.all.items.push_back(std::move(item));
    for (auto& record : (*batch)->records) out.all.records.push_back(std::move(record));
    for (auto& line : (*batch)->bad_lines) out.all.bad_lines.push_back(std::move(line));
  }
}

std::vector<int> statuses(const Outcome& outcome) {
  std::vector<int> out;
  for (const BulkItem& item : outcome.all.items) out.push_back(item.status);
  return out;
}

TEST(BulkReader, ReadsActionsWithAndWithoutAnIndexOfTheirOwn) {
  const auto outcome =
      read("{\"index\":{}}\n" + document() + "\n{\"create\": {\"_index\": \"other\", \"_id\": \"7\"}}\r\n" +
           document("support") + "\r\n");
  ASSERT_THAT(outcome.all.items, SizeIs(2));
  EXPECT_EQ(outcome.all.items[0].index, "flywheel");
  EXPECT_EQ(outcome.all.items[0].id, *outcome.all.records[0].id);
  EXPECT_EQ(outcome.all.items[1].index, "other");
  EXPECT_EQ(outcome.all.items[1].id, "7");
  EXPECT_THAT(statuses(outcome), ElementsAre(201, 201));
}

TEST(BulkReader, TakesALastLineWithoutItsEnd) {
  EXPECT_THAT(read("{\"index\":{}}\n" + document()).all.records, SizeIs(1));
}

TEST(BulkReader, GivesTheSameBodyTheSameIdsAndTwoEqualDocumentsTwo) {
  const std::string body = "{\"index\":{}}\n" + document() + "\n{\"index\":{}}\n" + document() + "\n";
  const auto first = read(body);
  const auto again = read(body);
  ASSERT_THAT(first.all.records, SizeIs(2));
  EXPECT_NE(first.all.records[0].id, first.all.records[1].id);
  EXPECT_EQ(first.all.records[0].id, again.all.records[0].id);
  EXPECT_EQ(first.all.records[1].id, again.all.records[1].id);
}

TEST(BulkReader, TagsWhatIsOfAnIndexOfItsOwnOrHasAnIdOfItsOwn) {
  const auto outcome =
      read("{\"index\":{\"_index\":\"a\",\"_id\":\"7\"}}\n" + document() + "\n{\"index\":{}}\n" + document() + "\n");
  EXPECT_THAT(outcome.all.records[0].provenance.tags, ElementsAre(record::Tag{"_id", "7"}, record::Tag{"_index", "a"}));
  EXPECT_THAT(outcome.all.records[1].provenance.tags, ElementsAre());
}

TEST(BulkReader, KeepsAsideWhatIsNoTrafficAndGoesOn) {
  const auto outcome =
      read("{\"index\":{}}\n{\"message\":\"x\"}\n{\"index\":{}}\nnonsense\n{\"index\":{}}\n" + document() + "\n");
  EXPECT_THAT(statuses(outcome), ElementsAre(400, 400, 201));
  EXPECT_EQ(outcome.all.items[0].error_type, "document_parsing_exception");
  ASSERT_THAT(outcome.all.bad_lines, SizeIs(2));
  EXPECT_EQ(outcome.all.bad_lines[1].line, 2U);
  EXPECT_EQ(outcome.all.bad_lines[1].bytes, "nonsense");
}

TEST(BulkReader, ADocumentBehindOneThatIsTooLongIsTakenAsTheOther) {
  const std::string body = "{\"index\":{\"_id\":\"big\"}}\n{\"message\":\"" + std::string(1 << 20, 'z') +
                           "\"}\n{\"index\":{\"_id\":\"next\"}}\n" + document() + "\n";
  codec::StringSource source(body);
  BulkReader reader(source, {.path_index = "flywheel", .whole_index = "flywheel", .read = {}, .line_limit = 500});
  const auto batch = reader.next(8 << 20, 100);
  ASSERT_TRUE(batch.ok() && *batch);
  ASSERT_THAT((*batch)->items, SizeIs(2));
  EXPECT_EQ((*batch)->items[0].status, 400);
  EXPECT_EQ((*batch)->items[1].status, 201);
  ASSERT_THAT((*batch)->bad_lines, SizeIs(1));
  EXPECT_THAT((*batch)->bad_lines[0].reason, HasSubstr("longer than the limit"));
  ASSERT_THAT((*batch)->records, SizeIs(1));
  EXPECT_THAT((*batch)->records[0].provenance.tags, ElementsAre(record::Tag{"_id", "next"}));
}

TEST(BulkReader, RefusesUpdatesAndDeletesAndBadNamesByItem) {
  const auto outcome = read(
      "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"delete\":{\"_id\":\"1\"}}\n{\"index\":{\"_index\":\"UP\"}}\n" +
      document() + "\n{\"index\":{}}\n" + document() + "\n");
  EXPECT_THAT(statuses(outcome), ElementsAre(400, 400, 400, 201));
  EXPECT_EQ(outcome.all.items[2].error_type, "invalid_index_name_exception");
  EXPECT_THAT(outcome.all.bad_lines, SizeIs(0));
}

TEST(BulkReader, EndsAtALineThatIsNoAction) {
  EXPECT_THAT(read("{\"index\":{}}\n" + document() + "\n" + document() + "\n").error,
              HasSubstr("Malformed action/metadata line [3]"));
  EXPECT_THAT(read("{\"upsert\":{}}\n{}\n").error, HasSubstr("expected field"));
  EXPECT_THAT(read("{\"index\":{}}\n", "").error, HasSubstr("index is missing"));
  EXPECT_THAT(read("{\"index\":{}}\n").error, HasSubstr("needs a document"));
}

TEST(BulkReader, StopsAfterAsManyItemsAsAreWanted) {
  std::string body;
  for (int i = 0; i < 10; ++i) body += "{\"index\":{}}\n" + document("router", i) + "\n";
  const auto outcome = read(body, "flywheel", 3);
  EXPECT_EQ(outcome.batches, 4U);
  EXPECT_THAT(outcome.all.records, SizeIs(10));
}

TEST(BulkReader, ADocumentThatLooksLikeAnActionIsNone) {
  const auto outcome = read("{\"index\":{}}\n{\"index\":{}}\n{\"index\":{}}\n" + document() + "\n");
  EXPECT_THAT(statuses(outcome), ElementsAre(400, 201));
}

}  // namespace
}  // namespace fw::capture::elastic
