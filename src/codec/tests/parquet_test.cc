#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <numeric>

#include "codec/impl/parquet_levels.h"
#include "codec/impl/thrift_compact.h"
#include "codec/parquet_writer.h"

namespace fw::codec {
namespace {

using namespace std::string_literals;
using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

using Numbers = std::vector<std::uint32_t>;

const std::vector<ParquetField> kText{ParquetField::text("t")};
const std::vector<ParquetField> kList{ParquetField::list_of_groups("l", {ParquetField::text("t")})};

std::string with_length(const std::string& bytes) {
  std::string out;
  for (unsigned bit = 0; bit < 32; bit += 8) out += static_cast<char>(bytes.size() >> bit);
  return out + bytes;
}

std::string written(const std::vector<ParquetField>& columns, const std::vector<Json>& rows,
                    ParquetLimits limits = {}) {
  std::string file;
  ParquetWriter writer(
      columns,
      [&](std::string_view bytes) -> Status {
        file += bytes;
        return {};
      },
      limits);
  for (const Json& row : rows) EXPECT_TRUE(writer.add(row).ok());
  EXPECT_TRUE(writer.finish().ok());
  return file;
}

/// What stands in the pages of a file, in their order: each is a frame of zstd.
std::vector<std::string> pages(const std::string& file) {
  std::vector<std::string> out;
  for (auto at = file.find("\x28\xB5\x2F\xFD"); at != std::string::npos; at = file.find("\x28\xB5\x2F\xFD", at)) {
    const std::size_t size = ZSTD_findFrameCompressedSize(file.data() + at, file.size() - at);
    std::string page(ZSTD_getFrameContentSize(file.data() + at, size), '\0');
    EXPECT_EQ(ZSTD_decompress(page.data(), page.size(), file.data() + at, size), page.size());
    out.push_back(std::move(page));
    at += size;
  }
  return out;
}

/// The plain reference path: reads what encode_hybrid wrote.
Numbers decode_hybrid(std::string_view bytes, int width, std::size_t count) {
  Numbers out;
  std::size_t at = 0;
  const auto byte = [&] { return static_cast<unsigned char>(bytes.at(at++)); };
  while (out.size() < count) {
    std::uint64_t head = 0;
    for (unsigned shift = 0, last = 0x80; (last & 0x80U) != 0; shift += 7) {
      last = byte();
      head |= std::uint64_t{last & 0x7FU} << shift;
    }
    std::uint32_t value = 0;
    if ((head & 1U) == 0) {
      for (int bit = 0; bit < width; bit += 8) value |= std::uint32_t{byte()} << static_cast<unsigned>(bit);
      out.insert(out.end(), head >> 1U, value);
      continue;
    }
    const std::size_t from = at * 8;
    for (std::size_t i = 0; i < (head >> 1U) * 8; ++i, value = 0) {
      for (int bit = 0; bit < width; ++bit) {
        const std::size_t place = from + i * static_cast<std::size_t>(width) + static_cast<std::size_t>(bit);
        value |= (static_cast<std::uint32_t>(bytes.at(place / 8)) >> (place % 8) & 1U) << static_cast<unsigned>(bit);
      }
      out.push_back(value);
    }
    at += (head >> 1U) * static_cast<std::size_t>(width);
  }
  EXPECT_EQ(at, bytes.size());
  out.resize(count);
  return out;
}

TEST(ThriftCompact, NumbersAreAsTheSpecificationHasThem) {
  std::string varint;
  append_varint(varint, 50399);
  EXPECT_EQ(varint, "\xDF\x89\x03");
  ThriftCompactWriter writer;
  writer.i32(1, -1);
  writer.i64(3, 1);
  writer.list_i32(4, std::vector<std::int32_t>(15, 0));
  writer.begin_struct(5);
  writer.text(1, "ab");
  writer.end_struct();
  EXPECT_EQ(std::move(writer).finish(),
            "\x15\x01\x26\x02\x19\xF5\x0F"s + std::string(15, '\0') + "\x1C\x18\x02"s + "ab\0\0"s);
}

TEST(ParquetLevels, ArePackedAsTheSpecificationHasThem) {
  EXPECT_EQ(encode_hybrid(Numbers{0, 1, 2, 3, 4, 5, 6, 7}, 3), "\x03\x88\xC6\xFA");
  EXPECT_EQ(encode_hybrid(Numbers(100, 5), 3), "\xC8\x01\x05");
  EXPECT_EQ(encode_hybrid(Numbers(9, 0), 0), "\x12");
  EXPECT_EQ(encode_hybrid({}, 1), "");
}

TEST(ParquetLevels, ARunBeginsWhereAGroupIsFull) {
  Numbers values(21, 0);
  values[0] = 1;
  EXPECT_EQ(encode_hybrid(values, 1), "\x03\x01\x1A\0"s);
}

TEST(ParquetLevels, AreReadAsTheyWereWrittenInEveryWidth) {
  std::uint32_t state = 1;
  for (int width = 1; width <= 32; ++width) {
    Numbers values;
    while (values.size() < 2000) {
      state = state * 1664525U + 1013904223U;
      values.insert(values.end(), 1 + (state >> 8U) % 19, state >> static_cast<unsigned>(32 - width));
      EXPECT_EQ(decode_hybrid(encode_hybrid(values, width), width, values.size()), values);
      if (values.size() > 200) state += static_cast<std::uint32_t>(values.size());
    }
  }
}

TEST(ParquetWriter, AFileOfNoRowsHasItsColumns) {
  // Read by pyarrow 26.0.1 and DuckDB 2.0.1 as a table of one column of texts.
  EXPECT_EQ(written(kText, {}),
            "PAR1\x15\x04\x19\x2C\x48\x06schema\x15\x02\x00\x15\x0C\x25\x02\x18\x01t\x25\x00\x4C\x1C\x00\x00\x00"
            "\x16\x00\x19\x0C\x28\x25"
            "flywheel-parquet-writer version 1.0.0\x00\x49\x00\x00\x00PAR1"s);
}

TEST(ParquetWriter, LevelsTellAnEmptyListFromOneThatIsNotThere) {
  const auto file = written(kList, {Json::parse(R"({"l": [{"t": "a"}, {"t": null}]})"), Json::parse(R"({"l": []})"),
                                    Json::parse(R"({"l": null})"), Json::parse(R"({"l": [null, {"t": ""}]})")});
  const auto body = with_length(encode_hybrid(Numbers{0, 1, 0, 0, 0, 1}, 1)) +
                    with_length(encode_hybrid(Numbers{4, 3, 1, 0, 2, 4}, 3)) + with_length("a") + with_length("");
  EXPECT_THAT(pages(file), ElementsAre(body));
}

TEST(ParquetWriter, ListsInListsRepeatAtTheirOwnLevel) {
  const std::vector<ParquetField> columns{
      ParquetField::list_of_groups("m", {ParquetField::list_of_groups("c", {ParquetField::text("t")})})};
  const auto file =
      written(columns, {Json::parse(R"({"m": [{"c": [{"t": "a"}, {"t": "b"}]}, {"c": [{"t": "c"}]}, {}]})")});
  const auto body = with_length(encode_hybrid(Numbers{0, 2, 1, 1}, 2)) +
                    with_length(encode_hybrid(Numbers{7, 7, 7, 3}, 3)) + with_length("a") + with_length("b") +
                    with_length("c");
  EXPECT_THAT(pages(file), ElementsAre(body));
}

TEST(ParquetWriter, IntegersHaveEightBytesAndASign) {
  const auto file = written({ParquetField::integer("n")}, {Json{{"n", -2}}, Json{{"n", INT64_MAX}}, Json::object()});
  EXPECT_THAT(pages(file), ElementsAre(with_length(encode_hybrid(Numbers{1, 1, 0}, 1)) +
                                       "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s + "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s));
}

TEST(ParquetWriter, ADictionaryStandsBeforeValuesThatRepeat) {
  std::vector<Json> rows;
  for (int i = 0; i < 60; ++i) rows.push_back({{"t", i % 3 == 0 ? "yes" : "no"}});
  const auto found = pages(written(kText, rows));
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0], with_length("yes") + with_length("no"));
  const auto levels = with_length(encode_hybrid(Numbers(60, 1), 1));
  ASSERT_THAT(found[1], StartsWith(levels + '\x01'));
  const auto indices = decode_hybrid(found[1].substr(levels.size() + 1), 1, 60);
  EXPECT_EQ(std::accumulate(indices.begin(), indices.end(), 0U), 40U);
}

TEST(ParquetWriter, ValuesThatDifferHaveNoDictionary) {
  EXPECT_THAT(pages(written(kText, {Json{{"t", "a"}}, Json{{"t", "b"}}, Json{{"t", "a"}}})), SizeIs(1));
  EXPECT_THAT(pages(written(kText, {Json::object(), Json::object()})), SizeIs(1));
}

TEST(ParquetWriter, PagesAndRowGroupsEndWithARow) {
  std::vector<Json> rows;
  for (int i = 0; i < 4; ++i) {
    Json list = Json::array();
    for (int k = 0; k < 9; ++k) list.push_back({{"t", std::to_string(10 * i + k)}});
    rows.push_back({{"l", std::move(list)}});
  }
  const std::string nine = with_length(encode_hybrid(Numbers{0, 1, 1, 1, 1, 1, 1, 1, 1}, 1));
  const auto small_pages = pages(written(kList, rows, {.page = 1}));
  EXPECT_THAT(small_pages, SizeIs(4));
  for (const auto& page : small_pages) EXPECT_THAT(page, StartsWith(nine));
  EXPECT_EQ(pages(written(kList, rows, {.row_group = 1})), small_pages);
  EXPECT_THAT(pages(written(kList, rows, {.row_group = 120})), SizeIs(2));
  EXPECT_THAT(pages(written(kList, rows)), SizeIs(1));
}

TEST(ParquetWriter, WhatHasNoColumnIsNamedAndTakesNothingWithIt) {
  std::string file;
  ParquetWriter writer(kList, [&](std::string_view bytes) -> Status {
    file += bytes;
    return {};
  });
  const auto refused = [&](const Json& row) { return writer.add(row).error().message; };
  EXPECT_EQ(refused(Json::parse(R"({"l": [{"t": "a"}, {"t": "b", "x": 1}]})")), "there is no column for l.x");
  EXPECT_EQ(refused(Json::parse(R"({"l": [{"t": "a"}, {"t": 1}]})")), "l.t is not a text");
  EXPECT_EQ(refused(Json{{"l", "a"}}), "l is not a list");
  EXPECT_EQ(refused(Json{{"l", {1}}}), "l is not an object");
  EXPECT_EQ(refused(Json{{"l", {{{"t", "\xFF"}}}}}), "l.t is not UTF-8");
  EXPECT_EQ(refused(Json(1)), "a row is not an object");
  EXPECT_TRUE(writer.finish().ok());
  EXPECT_EQ(file, written(kList, {}));
  ParquetWriter numbers({ParquetField::integer("n")}, [](std::string_view) { return Status(); });
  EXPECT_EQ(numbers.add(Json{{"n", UINT64_MAX}}).error().message, "n is not an integer of 64 bits");
  EXPECT_EQ(numbers.add(Json{{"n", 0.5}}).error().message, "n is not an integer of 64 bits");
}

TEST(ParquetWriter, ADiskThatIsFullEndsIt) {
  int calls = 0;
  ParquetWriter writer(
      kText, [&](std::string_view) -> Status { return ++calls < 3 ? Status() : storage_full("no space left"); },
      {.row_group = 1});
  EXPECT_EQ(writer.add(Json{{"t", "a"}}).error().code, ErrorCode::kStorageFull);
}

}  // namespace
}  // namespace fw::codec
