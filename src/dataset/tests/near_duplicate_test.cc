#include "dataset/impl/near_duplicate.h"

#include <gtest/gtest.h>

namespace fw::dataset {
namespace {

TEST(NearDuplicates, AreFoundWhateverCaseAndPunctuation) {
  NearDuplicates texts;
  texts.add("Please cancel my reservation and refund the money to the card that I paid with.");
  EXPECT_TRUE(texts.has_near("please cancel my reservation, and refund the money to the card that I paid with"));
  EXPECT_TRUE(texts.has_near("Please cancel my reservation and refund the money to the card that I paid with. Thanks"));
  EXPECT_FALSE(texts.has_near("Please cancel my flight and send the money to the account of my wife instead."));
  EXPECT_FALSE(texts.has_near(""));
}

TEST(NearDuplicates, AreToldByAllOfAShortText) {
  NearDuplicates texts;
  texts.add("yes please");
  EXPECT_TRUE(texts.has_near("Yes, please!"));
  EXPECT_FALSE(texts.has_near("yes"));
}

TEST(NearDuplicates, AreEstimatedForLongTexts) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "word" + std::to_string(i) + ' ';
  NearDuplicates texts;
  texts.add(text);
  EXPECT_TRUE(texts.has_near(text + "and an end"));
  EXPECT_FALSE(texts.has_near(text.substr(0, text.size() / 3)));
}

}  // namespace
}  // namespace fw::dataset
