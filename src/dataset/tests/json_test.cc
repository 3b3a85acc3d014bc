#include "dataset/impl/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace fw::dataset {
namespace {

std::string oracle_dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Both are to agree with nlohmann's own parser and writer, which other folders read and write rows with.
void expect_as_nlohmann(const std::string& text) {
  const Json expected = Json::parse(text, nullptr, false);
  const auto value = parse_json(text);
  ASSERT_EQ(value.has_value(), !expected.is_discarded()) << text;
  if (!value) return;
  EXPECT_EQ(oracle_dump(*value), oracle_dump(expected)) << text;
  EXPECT_EQ(to_line(*value), oracle_dump(expected)) << text;
}

TEST(DatasetJson, IsReadAndWrittenAsByNlohmann) {
  const std::vector<std::string> texts{
      R"({})",
      R"([])",
      R"([[],{},[{}]])",
      R"(null)",
      R"("")",
      R"({"b":1,"a":2,"b":3})",
      R"({"a":{"a":1,"a":[1]},"b":true,"a":false})",
      R"([0,-0,1,-1,9223372036854775807,-9223372036854775808,18446744073709551615])",
      R"([18446744073709551616,-9223372036854775809,123456789012345678901234567890])",
      R"([0.1,-0.0,1.0,1e5,1E-7,1.7976931348623157e308,5e-324,3.141592653589793,1e21,123456789.125])",
      R"([1e400])",
      R"(["\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\u20ac\ud83d\ude00"])",
      R"(["\ud800"])",
      R"(["\udc00x"])",
      R"(["\ud800\u0041"])",
      "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"]",
      "[\"\xC3\"]",
      "[\"\x01\"]",
      "\xEF\xBB\xBF{\"a\":1}",
      R"({"a":1} x)",
      R"({"a":})",
      R"({'a':1})",
      R"([01])",
      R"([1,])",
      R"(nul)",
      "",
      " \t\r\n{ \"a\" : [ 1 , 2 ] } \n"};
  for (const std::string& text : texts) expect_as_nlohmann(text);
}

TEST(DatasetJson, BrokenDocumentsAreJudgedAsByNlohmann) {
  const std::string whole = R"({"messages":[{"role":"user","content":"caf\u00e9 \"x\" \ud83d\ude00 )"
                            "\xE2\x82\xAC"
                            R"("}],"tools":[{"a":1.5e3,"b":[true,null,-7]}],"n":12345678901234567890})";
  for (std::uint64_t round = 0; round < 3000; ++round) {
    Random random = Random::for_purpose(round, "json");
    std::string text = whole;
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      static constexpr std::string_view kBytes = "\"\\{}[],:0e-.u\x01\xC3\x80 ";
      text[random.below(text.size())] = kBytes[random.below(kBytes.size())];
    }
    expect_as_nlohmann(text);
  }
}

TEST(DatasetJson, BytesThatAreNoTextAreReplaced) {
  for (const std::string bad : {"a\xC3", "\xFF\xFE", "ok\xE2\x82 then \xC0\x80", "\xED\xA0\x80"}) {
    EXPECT_EQ(to_line(Json{{"key", bad}}), oracle_dump(Json{{"key", bad}}));
    EXPECT_EQ(to_line(Json{{bad, 1}}), oracle_dump(Json{{bad, 1}}));
  }
}

}  // namespace
}  // namespace fw::dataset
