#include "runs/impl/prompt_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::runs {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;

std::string row(const Json& messages, const std::string& id = "r") {
  const Json request{{"messages", messages}, {"seed", 1}};
  return Json{{"record_id", id}, {"request", request}, {"response", {{"id", 12345678901234567890u}}}}.dump() + "\n";
}
Json said(const char* role, const char* text) { return {{"role", role}, {"content", text}}; }

Json messages_of(const Result<std::string>& rows) {
  EXPECT_TRUE(rows.ok()) << rows.error();
  return rows.ok() ? Json::parse(*rows)["request"]["messages"] : Json();
}

TEST(PromptRows, TheirPromptTakesThePlaceOfTheRowsOwn) {
  const auto rows = row({said("system", "Old."), said("developer", "And more."), said("user", "hi")});
  const auto out = with_system_prompt(rows, rows, "New.");
  EXPECT_EQ(messages_of(out), Json({said("system", "New."), said("user", "hi")}));
  EXPECT_THAT(*out, HasSubstr("12345678901234567890")) << "the rest keeps its bytes";
  EXPECT_THAT(*out, HasSubstr("\"seed\":1"));
}

TEST(PromptRows, ARequestWithoutASystemPromptGetsOne) {
  const auto rows = row({said("user", "hi"), said("system", "later")});
  EXPECT_EQ(messages_of(with_system_prompt(rows, rows, "New.")),
            Json({said("system", "New."), said("user", "hi"), said("system", "later")}));
}

TEST(PromptRows, ExamplesStayBeforeIt) {
  const auto plain = row({said("system", "Old."), said("user", "hi")});
  const auto with = row({said("system", "Example 1\n\nuser: hey\n\nOld."), said("user", "hi")});
  EXPECT_EQ(messages_of(with_system_prompt(with, plain, "New."))[0]["content"], "Example 1\n\nuser: hey\n\nNew.");
  const auto bare = row(Json::array({said("user", "hi")})),
             bare_with = row({said("system", "Example 1"), said("user", "hi")});
  EXPECT_EQ(messages_of(with_system_prompt(bare_with, bare, "New.")),
            Json({said("system", "Example 1\n\nNew."), said("user", "hi")}));
}

TEST(PromptRows, RowsThatDoNotBelongTogetherAreRefused) {
  const auto a = row(Json::array({said("user", "hi")}), "a"), b = row(Json::array({said("user", "hi")}), "b");
  EXPECT_EQ(with_system_prompt(a + b, b + a, "New.").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(with_system_prompt("{}\n", "{}\n", "New.").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(with_system_prompt("<html>\n", "<html>\n", "New.").error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace fw::runs
