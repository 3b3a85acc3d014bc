#include "dataset/impl/comparison_words.h"

#include <gtest/gtest.h>

#include "dataset/impl/dates.h"
#include "dataset/impl/template.h"

namespace fw::dataset {
namespace {

bool are_equal(const std::string& a, const std::string& b) { return hash_of_words(a) == hash_of_words(b); }

TEST(ComparisonWords, FoldWhatDoesNotCount) {
  EXPECT_TRUE(are_equal("Where is it", "WHERE, is... it?"));
  EXPECT_TRUE(are_equal("Где мой заказ", "ГДЕ МОЙ ЗАКАЗ"));
  EXPECT_TRUE(are_equal("réservé à tous", "RÉSERVÉ À TOUS"));
  EXPECT_TRUE(are_equal("rése\u0301rvé", "résérve\u0301"));
  EXPECT_TRUE(are_equal("Straße", "STRASSE"));
  EXPECT_TRUE(are_equal("where is it", "where\u00A0is\u00A0it"));
  EXPECT_TRUE(are_equal("where is it 4", "ｗｈｅｒｅ\u3000ＩＳ\u3000ｉｔ\u3000４"));
  EXPECT_TRUE(are_equal("my reservation", "my reser\u00ADva\u200Btion\uFEFF"));
  EXPECT_TRUE(are_equal("where is it", "«where» is „it“"));
  EXPECT_TRUE(are_equal("where is it", "where\U0001F642 is\u2764\uFE0F it\U0001F469\u200D\U0001F4BB"));
  EXPECT_TRUE(are_equal("it's", "it\u2019s"));
  EXPECT_FALSE(are_equal("réservé", "reserve"));
  EXPECT_FALSE(are_equal("where is it", "whereis it"));
  EXPECT_FALSE(are_equal("где", "кде"));
}

TEST(ComparisonWords, ReadWhatJsonEscapes) {
  EXPECT_TRUE(are_equal("Dear Zoé\nwe are", R"(Dear Zo\u00e9\nwe are)"));
  EXPECT_TRUE(are_equal("Dear Zoé\nwe are", R"(Dear Zo\\u00e9\\nwe are)"));
  EXPECT_TRUE(are_equal("say \"hi\"", R"(say \"hi\")"));
  EXPECT_TRUE(are_equal("\U0001D400b", R"(\ud835\udc00b)")) << "a bold A";
  EXPECT_EQ(comparison_words("a\\").words.size(), 1U);
  EXPECT_EQ(comparison_words(R"(a \ud835 \u12 b)").words.size(), 3U);
}

TEST(ComparisonWords, OfATextWithoutLettersAreOne) {
  EXPECT_EQ(comparison_words("\U0001F44D").words.size(), 1U);
  EXPECT_FALSE(are_equal("\U0001F44D", "\U0001F44E"));
  EXPECT_FALSE(are_equal("?", "!"));
  EXPECT_TRUE(comparison_words(" \n").words.empty());
}

TEST(ComparisonWords, NameWhatHasADigit) {
  EXPECT_EQ(comparison_words("order 4711, order A-4711").names.size(), 1U);
  EXPECT_EQ(comparison_words("order ４７１１ 4711").names.size(), 1U);
}

TEST(Dates, FallAway) {
  for (const char* date :
       {"2025-06-01", "1.6.2025", "06/01/25", "2025/06/01", "10:00", "10:00:11Z", "9:05 pm",
        "2025-06-01T10:00:11.5+02:00", "2025-06-01 10:00:11 UTC", "June 1st, 2025", "Jun. 1 2025", "1. Juni 2025",
        "1 de junio de 2025", "Monday", "Montag, 1. Juni 2025", "Monday, June 1, 2025, 10:15", "1st of June 2025"}) {
    std::string text = without_dates(std::string("Today is ") + date + ". Be kind");
    EXPECT_TRUE(are_equal(text, "Today is Be kind")) << date << ": " << text;
  }
  for (const char* text : {"order 4711", "version 1.6.2", "call 555-1234", "12 apples of 2025 kilos", "A-2025-06-01x",
                           "127.0.0.1", "10:0", "page 3 of 2025x"}) {
    EXPECT_EQ(without_dates(text), text);
  }
}

TEST(MaskedTexts, ThatAreWhollyQuotedAreToldByWhatTheQuotesHold) {
  const auto hash = [](const char* text) { return mask_text(text).hash; };
  EXPECT_NE(hash("\"where is my order\""), hash("\"I need a lawyer\""));
  EXPECT_EQ(hash("\"where is my order\""), hash("where is my order"));
  EXPECT_NE(hash("`a b c` \"d e\""), hash("`a b d` \"d e\""));
  EXPECT_EQ(hash("find \"blue hoses\" please"), hash("find \"red lamps\" please")) << "a slot of a text";
  EXPECT_EQ(mask_text("\"where is my order\"").words, 4U);
}

TEST(MaskedTexts, FoldAsComparedTextsDo) {
  EXPECT_EQ(mask_text("ГДЕ МОЙ ЗАКАЗ").hash, mask_text("где\u00A0мой заказ").hash);
  EXPECT_EQ(mask_text("«where» is it").hash, mask_text("where is it").hash);
}

}  // namespace
}  // namespace fw::dataset
