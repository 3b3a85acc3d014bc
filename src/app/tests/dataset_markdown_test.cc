#include "app/cli/dataset_markdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

const Json kCard = Json::parse(R"({
  "job": "67436743674367436743abcd", "workload_id": "router", "client_id": "demo", "workload_type": "tool_calling",
  "seed": 7,
  "steps": [{"step": "validate", "in": 120, "out": 100, "reasons": {"request.messages is empty": 20}}],
  "classes": [{"label": "get_order", "eval": 10, "train": 70, "validation": 20}],
  "datasets": [{"name": "flywheel-eval-router-1", "num_records": 10, "digest": "sha256:ab"}],
  "data_split_config": {"eval_size": 10, "limit": null},
  "leak": {"conversations_on_two_sides": 0, "eval_rows_near_training": 3, "method": "by words",
           "pairs": [{"kind": "request", "likeness": 0.9, "evaluation": {"record_id": "e", "text": "a | b\n# c"},
                      "training": {"record_id": "t", "text": "<b>"}}]},
  "near_duplicates": {"clusters": 2, "rows": 5, "training_and_validation": 1, "not_looked_at": 0,
                      "largest": [{"rows": 3, "train": 2, "validation": 1, "evaluation": 0,
                                   "examples": [{"record_id": "r1", "text": "where is it"}]}]},
  "notes": ["1 class has no evaluation row."]})");

TEST(CardMarkdown, HasStepsClassesFilesSettingsLeaksAndClusters) {
  const std::string page = card_markdown(kCard);
  EXPECT_THAT(page, HasSubstr("# Datasets of run 67436743674367436743abcd\n\nWorkload router, client demo"));
  EXPECT_THAT(page, HasSubstr("| validate | 120 | 100 | request.messages is empty: 20 |"));
  EXPECT_THAT(page, HasSubstr("| get\\_order | 10 | 70 | 20 |"));
  EXPECT_THAT(page, HasSubstr("| flywheel-eval-router-1 | 10 | sha256:ab |"));
  EXPECT_THAT(page, HasSubstr("| data_split_config | eval\\_size | 10 |"));
  EXPECT_THAT(page, HasSubstr("| eval\\_rows\\_near\\_training | 3 |"));
  EXPECT_THAT(page, HasSubstr("5 rows in 2 clusters, 1 of them with rows in training and in validation"));
  EXPECT_THAT(page, HasSubstr("- 3 rows (2 train, 1 validation, 0 evaluation)\n  - r1: where is it\n"));
  EXPECT_THAT(page, HasSubstr("- 1 class has no evaluation row.\n"));
  EXPECT_THAT(page, Not(HasSubstr("erased")));
}

TEST(CardMarkdown, TextsOfTheTrafficAreNoMarkup) {
  const std::string page = card_markdown(kCard);
  EXPECT_THAT(page, HasSubstr("evaluation e: a \\| b \\# c\n"));
  EXPECT_THAT(page, HasSubstr("training t: \\<b\\>\n"));
}

TEST(CardMarkdown, SaysWhatWasErasedSince) {
  Json card = kCard;
  card["erased_since"] = "erased since: records of 2 training rows";
  EXPECT_THAT(card_markdown(card), HasSubstr("**erased since: records of 2 training rows**"));
}

}  // namespace
}  // namespace fw::app
