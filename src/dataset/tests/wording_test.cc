#include "dataset/impl/wording.h"

#include <gtest/gtest.h>

#include "dataset/impl/tokens.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using testing_traffic::call;
using testing_traffic::say;

TEST(Wording, IsTheSameWhateverTheArguments) {
  const std::string one = wording_of("Where is order A-4711?", call("get_order", {{"id", "A-4711"}}));
  EXPECT_EQ(wording_of("where is  order b12?", call("get_order", {{"id", "b12"}})), one);
  EXPECT_NE(wording_of("where has order b12 gone?", call("get_order", {{"id", "b12"}})), one);
}

TEST(Wording, MasksWholeValuesOnly) {
  const Json blue = call("search", {{"query", "blue shoes"}, {"limit", 3}});
  EXPECT_EQ(wording_of("find Blue Shoes, 3 of them", blue),
            wording_of("find red, 12 of them", call("search", {{"query", "red"}, {"limit", 12}})));
  EXPECT_NE(wording_of("a cat in a category", call("search", {{"query", "cat"}})),
            wording_of("a dog in a dogegory", call("search", {{"query", "dog"}})));
}

TEST(Wording, ReadsEnumerationsWithUnderscoresAsWords) {
  EXPECT_EQ(wording_of("set it to in transit", call("set", {{"state", "in_transit"}})),
            wording_of("set it to lost", call("set", {{"state", "lost"}})));
}

TEST(Wording, MasksTokensWithDigitsWithoutAnyArguments) {
  const Json answer = say("assistant", "ok");
  EXPECT_EQ(wording_of("call me at 10:30 on 2024-05-06.", answer), wording_of("Call me at 9am on 7/8.", answer));
  EXPECT_NE(wording_of("call me at noon.", answer), wording_of("call me at 9.", answer));
}

TEST(Wording, IsQuickOnHostileInput) {
  Json values = Json::array();
  for (int i = 0; i < 20'000; ++i) values.push_back(std::string(50, 'a') + std::to_string(i));
  EXPECT_FALSE(wording_of(std::string(1 << 20, 'a'), call("f", {{"v", values}})).empty());
}

TEST(Tokens, GrowWithTextAndAddAFifth) {
  EXPECT_EQ(estimate_tokens(""), 0u);
  EXPECT_EQ(estimate_tokens("one two three four five"), 6u);
  EXPECT_EQ(estimate_tokens("123456789012345"), 6u);
  EXPECT_EQ(estimate_tokens("\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0"), 6u);
}

}  // namespace
}  // namespace fw::dataset
