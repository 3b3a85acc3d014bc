#include "dataset/impl/template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "dataset/impl/tokens.h"

namespace fw::dataset {
namespace {

std::uint64_t mask(std::string_view text) { return mask_text(text).hash; }

/// Templates of texts, in their order.
std::vector<std::uint64_t> templates_of(const std::vector<std::string>& texts) {
  Templates templates;
  for (const auto& text : texts) {
    const MaskedText masked = mask_text(text);
    templates.add(masked.hash, masked.tokens);
  }
  EXPECT_TRUE(templates.resolve(Deadline::never()).ok());
  std::vector<std::uint64_t> out;
  for (const auto& text : texts) out.push_back(templates.of(mask(text)));
  return out;
}

TEST(MaskedText, IsTheSameWhateverNumbersIdsDatesAddressesAndQuotesItHolds) {
  EXPECT_EQ(mask("Where is order A-4711?"), mask("where is  order b12"));
  EXPECT_EQ(mask("call me at 10:30 on 2024-05-06."), mask("Call me at 9am on 7/8."));
  EXPECT_EQ(mask("write to jo@example.com"), mask("write to x.y@z.org"));
  EXPECT_EQ(mask("open https://a.example/x?y=1"), mask("open http://b.example"));
  EXPECT_EQ(mask("find \"red shoes\" for me"), mask("find \"a\" for me"));
  EXPECT_NE(mask("where is order 1"), mask("where has order 1 gone"));
  EXPECT_NE(mask("call me at noon."), mask("call me at 9."));
}

TEST(MaskedText, OfAMessageThatIsQuotedAsAWholeTheWordsCount) {
  EXPECT_NE(mask("\"Where is my parcel?\""), mask("\"Who won the cup in May?\""));
  EXPECT_EQ(mask(" \"Where is order A-4711?\" "), mask("where is order b12"));
  EXPECT_EQ(mask_text("\"where is it\"").words, 3u);
  EXPECT_EQ(mask("\"4711\""), mask("\"4712\""));
  EXPECT_EQ(mask("find \"red shoes\""), mask("find \"a\""));
}

TEST(MaskedText, InScriptsWithoutSpacesTheWordsAroundANumberCount) {
  EXPECT_EQ(mask("订单4711在哪里？"), mask("订单 4712 在哪里"));
  EXPECT_NE(mask("订单4711在哪里"), mask("取消订单4711"));
  EXPECT_EQ(mask("注文A-17はどこですか。"), mask("注文B-2はどこですか"));
  EXPECT_NE(mask("注文A-17はどこですか"), mask("注文A-17を取り消してください"));
  EXPECT_NE(mask("คำสั่งซื้อ 5 อยู่ที่ไหน"), mask("ยกเลิกคำสั่งซื้อ 5"));
  EXPECT_EQ(mask("Где заказ 15?"), mask("Где заказ 16"));
  EXPECT_EQ(mask_text("订单4711在哪里").words, 5u);
}

TEST(MaskedText, NamesTheIdsThatTellACase) {
  EXPECT_EQ(mask_text("I am mia_li_3668 with XEHM4B, flying on May 20th at 10:30").named_ids.size(), 2u);
  EXPECT_TRUE(mask_text("order 12 on 2024-05-20").named_ids.empty());
}

TEST(MaskedText, IsQuickOnLongTexts) {
  EXPECT_TRUE(mask_text(std::string(1 << 24, 'a')).hash != 0);
  EXPECT_TRUE(mask_text(std::string(1 << 20, '"')).hash != 0);
}

TEST(Templates, HaveSlotsWhereTextsOfEqualWordsVary) {
  const auto found = templates_of({"Do you sell red garden hoses?", "Do you sell lamps?", "do you sell a rug?",
                                   "Where can I park my car today", "Is it in stock in Leeds?"});
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
  EXPECT_NE(found[0], found[3]);
  EXPECT_NE(found[3], found[4]);
}

TEST(Templates, MayHaveTwoSuchSlots) {
  std::vector<std::string> texts;
  for (const char* who : {"Anna", "Bert", "Cleo", "Dirk"}) {
    for (const char* what : {"rent", "lunch", "gas", "paint"}) {
      texts.push_back("please write " + std::string(who) + " an invoice about the " + what + " of last month");
    }
  }
  for (const std::uint64_t found : templates_of(texts)) EXPECT_EQ(found, templates_of(texts).front());
}

TEST(Templates, NeedSeveralTextsAndWordsAroundTheSlot) {
  const auto two = templates_of({"do you sell lamps", "do you sell rugs"});
  EXPECT_NE(two[0], two[1]);
  const auto bare = templates_of({"and lamps", "and rugs", "and hoses", "and carpets"});
  EXPECT_NE(bare[0], bare[1]);
}

TEST(Templates, DoNotDependOnTheOrderOfTexts) {
  const std::vector<std::string> texts{"is it in stock in Leeds", "is it in stock in York", "is it in stock in Cardiff",
                                       "do you sell red lamps",   "do you sell rugs",       "do you sell hoses"};
  const auto one = templates_of(texts);
  auto reversed = templates_of({texts.rbegin(), texts.rend()});
  std::ranges::reverse(reversed);
  EXPECT_EQ(one, reversed);
}

TEST(Tokens, GrowWithTextAndAddAFifth) {
  EXPECT_EQ(estimate_tokens(""), 0u);
  EXPECT_EQ(estimate_tokens("one two three four five"), 6u);
  EXPECT_EQ(estimate_tokens("123456789012345"), 6u);
  EXPECT_EQ(estimate_tokens("\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0"), 6u);
}

}  // namespace
}  // namespace fw::dataset
