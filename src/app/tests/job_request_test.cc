#include "api/job_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JobRequestTest : public testing::Test {
 protected:
  SplitRequest read(const char* split) {
    problems_.clear();
    return read_split_request(Json{{"data_split_config", Json::parse(split)}}, app::parse_split_overrides, problems_);
  }
  std::vector<FieldProblem> problems_;
};

TEST_F(JobRequestTest, LiesOverTheBlueprintsDefaults) {
  const auto request = read(R"({"eval_size": 7})");
  ASSERT_TRUE(request.settings.has_value());
  EXPECT_EQ(request.settings->eval_size, 7U);
  EXPECT_EQ(request.settings->min_total_records, 50U);
  EXPECT_EQ(request.settings->limit, 10'000U);
  EXPECT_EQ(request.settings->val_ratio, 0.1);
  EXPECT_FALSE(request.settings->random_seed.has_value());
}

TEST_F(JobRequestTest, LimitAndMinimumAreComparedOnceBothAreRead) {
  EXPECT_TRUE(read(R"({"limit": 30, "min_total_records": 20})").settings.has_value());
  EXPECT_TRUE(read(R"({"min_total_records": 20000, "limit": null})").settings.has_value());
  EXPECT_FALSE(read(R"({"limit": 30})").settings.has_value());
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_[0].message, HasSubstr("min_total_records"));
}

TEST_F(JobRequestTest, AWrongValueIsToldOfItsKey) {
  EXPECT_FALSE(read(R"({"eval_size": "many", "val_ratio": 2})").settings.has_value());
  ASSERT_EQ(problems_.size(), 2U);
  EXPECT_THAT(problems_[0].location, ElementsAre("body", "data_split_config", "eval_size"));
  EXPECT_EQ(problems_[0].type, "int_parsing");
  EXPECT_EQ(problems_[0].input, "many");
  EXPECT_THAT(problems_[1].location, ElementsAre("body", "data_split_config", "val_ratio"));
}

TEST_F(JobRequestTest, NumbersMayBeTextOrHaveAFractionOfZero) {
  const auto request = read(R"({"eval_size": "25", "min_total_records": 60.0, "val_ratio": "0.2", "limit": null})");
  ASSERT_TRUE(request.settings.has_value());
  EXPECT_EQ(request.settings->eval_size, 25U);
  EXPECT_EQ(request.settings->min_total_records, 60U);
  EXPECT_EQ(request.settings->val_ratio, 0.2);
  EXPECT_FALSE(read(R"({"eval_size": 1.5, "random_seed": "7 "})").settings.has_value());
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_EQ(problems_[0].type, "int_from_float");
  EXPECT_FALSE(read(R"({"eval_size": "-1"})").settings.has_value());
  EXPECT_EQ(problems_.at(0).input, "-1");
}

TEST_F(JobRequestTest, AnUnknownKeyIsLetPassAndNamed) {
  const auto request = read(R"({"evalsize": 7, "eval_size": 8})");
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_EQ(request.settings->eval_size, 8U);
  EXPECT_THAT(said_of(request.ignored),
              HasSubstr("evalsize is no known key and was ignored (did you mean \"eval_size\""));
}

TEST_F(JobRequestTest, TemplatesMayBeSplit) {
  const auto request = read(R"({"keep_templates_together": false})");
  ASSERT_TRUE(request.settings.has_value());
  EXPECT_FALSE(request.settings->keep_templates_together);
  EXPECT_THAT(request.ignored, IsEmpty());
}

TEST_F(JobRequestTest, WithoutASplitTheConfigurationHolds) {
  EXPECT_FALSE(read("null").settings.has_value());
  EXPECT_THAT(problems_, IsEmpty());
}

}  // namespace
}  // namespace fw::api
