#include "evals/text/text_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/unicode_words.h"

namespace fw::evals {
namespace {

using testing::ElementsAre;

TEST(UnicodeWords, AreFoundInEveryScript) {
  EXPECT_THAT(unicode_words("L'été, ÇA va?"), ElementsAre("l'été", "ça", "va"));
  EXPECT_THAT(unicode_words("Привет, мир!"), ElementsAre("привет", "мир"));
  EXPECT_THAT(unicode_words("مرحبا بالعالم"), ElementsAre("مرحبا", "بالعالم"));
  EXPECT_THAT(unicode_words("नमस्ते दुनिया।"), ElementsAre("नमस्ते", "दुनिया"));
  EXPECT_THAT(unicode_words("注文番号は4711です"), ElementsAre("注文", "番号", "は", "4711", "です"));
  EXPECT_THAT(unicode_words("สวัสดีชาวโลก"), ElementsAre("สวัสดี", "ชาว", "โลก"));
  EXPECT_THAT(unicode_words("주문 번호"), ElementsAre("주문", "번호"));
}

TEST(UnicodeWords, FoldCaseAndComposition) {
  EXPECT_EQ(unicode_words("STRASSE e\u0301t\u00c9"), unicode_words("straße ét\u00e9"));
  EXPECT_EQ(folded("\xff"), "\uFFFD");
}

TEST(UnicodeWords, PunctuationAndPictographsAreNone) { EXPECT_THAT(unicode_words("— 👍 ! …。「」"), ElementsAre()); }

TEST(TextScores, GradeOverlapInEveryScript) {
  // Four of the five words, in order: F is 2 * 4/4 * 4/5 / (4/4 + 4/5).
  EXPECT_NEAR(rouge_l_score("注文番号は4711です", "注文番号4711です").value(), 8.0 / 9, 1e-12);
  EXPECT_NEAR(rouge_l_score("ваш заказ уже отправлен", "ваш заказ отправлен").value(), 6.0 / 7, 1e-12);
  EXPECT_NEAR(token_f1_score("ваш заказ уже отправлен", "отправлен заказ ваш").value(), 6.0 / 7, 1e-12);
  EXPECT_EQ(rouge_l_score("ваш заказ", "敏捷的狐狸").value(), 0);
}

TEST(TextScores, OfAsciiTextsAreTheRecordedOnes) {
  EXPECT_NEAR(rouge_l_score("the cat sat on the mat", "The cats sat").value(), 2.0 / 3, 1e-12);
  EXPECT_EQ(exact_match_score("The answer: 42.", "answer 42").value(), 1);
}

TEST(TextScores, AccentsAndLetterCaseOfTheSameWordsDoNotMatter) {
  EXPECT_EQ(exact_match_score("Caf\u00e9 ist geöffnet!", "cafe\u0301 ist GEÖFFNET").value(), 1);
  EXPECT_EQ(exact_match_score("café", "cafe").value(), 0);
  EXPECT_EQ(rouge_l_score("Café", "CAFÉ.").value(), 1);
}

TEST(TextScores, IdenticalTextsScoreOneWhateverTheyAre) {
  for (const char* text : {"", "!", "…", "敏捷的狐狸", "👍", "\xff\xfe", "a"}) {
    EXPECT_EQ(rouge_l_score(text, text).value(), 1) << text;
    EXPECT_EQ(token_f1_score(text, text).value(), 1) << text;
    EXPECT_EQ(exact_match_score(text, text).value(), 1) << text;
  }
  for (const auto score : {rouge_l_score, token_f1_score, exact_match_score}) {
    EXPECT_EQ(score("…", "。").value(), 0);
    EXPECT_EQ(score("👍", "👎").value(), 0);
    EXPECT_EQ(score("да", "").value(), 0);
  }
}

}  // namespace
}  // namespace fw::evals
