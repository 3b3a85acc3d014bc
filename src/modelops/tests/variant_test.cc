#include "modelops/variant.h"

#include <gtest/gtest.h>

namespace fw::modelops {
namespace {

TEST(Variant, ItsIdSpellsOutItsPartsAndReadsBackIntoThem) {
  for (const auto* prompt : {"", "polite", "very-short-2"}) {
    for (const bool has_examples : {false, true}) {
      for (const bool has_adapter : {false, true}) {
        const Variant variant{.prompt = prompt, .has_examples = has_examples, .has_adapter = has_adapter};
        EXPECT_EQ(find_variant(*variant.id()), variant) << *variant.id();
      }
    }
  }
  EXPECT_EQ(*Variant{}.id(), "base-eval");
  EXPECT_EQ(*(Variant{.prompt = "polite", .has_examples = true, .has_adapter = true}.id()),
            "customized-polite-icl-eval");
}

TEST(Variant, WhatIsNoIdIsNoVariant) {
  for (const auto* id : {"", "eval", "base", "polite", "-eval", "customized-base-eval", "base-icl-eval", "Polite-eval",
                         "icl-icl-eval", "a--b-eval", "icl-polite-eval", "polite-customized-eval", "production"}) {
    EXPECT_FALSE(find_variant(id)) << id;
    EXPECT_EQ(eval_type(VariantId(id)), id);
  }
}

TEST(Variant, TheBlueprintsNamesAreItsLabels) {
  EXPECT_EQ(eval_type(VariantId("polite-eval")), "base-eval");
  EXPECT_EQ(eval_type(VariantId("polite-icl-eval")), "icl-eval");
  EXPECT_EQ(eval_type(VariantId("customized-polite-icl-eval")), "customized-eval");
}

TEST(Variant, HasOneNameForPeople) {
  EXPECT_EQ(title_of(VariantId("base-eval")), "zero-shot");
  EXPECT_EQ(title_of(VariantId("icl-eval")), "few-shot");
  EXPECT_EQ(title_of(VariantId("customized-eval")), "fine-tuned");
  EXPECT_EQ(title_of(VariantId("customized-icl-eval")), "fine-tuned, few-shot");
  EXPECT_EQ(title_of(VariantId("customized-polite-icl-eval")), "fine-tuned, prompt polite, few-shot");
  EXPECT_EQ(title_of(VariantId("strange")), "strange");
}

TEST(Variant, WhatACandidateAnsweredIsToldFromTheNamesOfRoutesTargets) {
  for (const auto& variant : known_variants())
    EXPECT_TRUE(is_candidates_name(answering_name("small 135M", *variant.id()))) << *variant.id();
  for (const auto* name : {"", "production", "base-eval", "cheap", "gpt 4o", "eval eval"})
    EXPECT_FALSE(is_candidates_name(name)) << name;
}

TEST(Variant, APromptsNameCannotBeTakenForAnotherPartOfAnId) {
  for (const auto* name : {"polite", "v2", "short-answers"}) EXPECT_TRUE(check_prompt_name(name).ok()) << name;
  for (const auto* name : {"", "Polite", "a b", "-a", "a-", "a--b", "icl", "base", "my-icl", "customized-a", "eval"})
    EXPECT_FALSE(check_prompt_name(name).ok()) << name;
}

}  // namespace
}  // namespace fw::modelops
