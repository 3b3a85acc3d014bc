#include "app/cli/report_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/file.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

std::string printed(const Json& report) {
  std::string text;
  Terminal out(text, 0);
  print_report(report, out);
  return text;
}

Json example() {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  const auto text =
      io::read_file(std::filesystem::path(source == nullptr ? "." : source) / "web/tests/report_example.json");
  return text.ok() ? Json::parse(*text) : Json();
}

TEST(ReportText, SaysWhatALeadDecidesBy) {
  const std::string text = printed(example());
  EXPECT_THAT(text, HasSubstr("llama-3.2-1b"));
  EXPECT_THAT(text, HasSubstr("293/300"));
  EXPECT_THAT(text, HasSubstr("threshold 95.0 %"));
  EXPECT_THAT(text, HasSubstr("expected wrong answers per 1,000 requests"));
  EXPECT_THAT(text, HasSubstr("template"));
}

TEST(ReportText, AGradeIsNotCalledAShareOfAnswers) {
  Json graded = example();
  graded["scoring"]["leading"]["kind"] = "graded";
  const std::string text = printed(graded);
  EXPECT_THAT(text, HasSubstr("agreement lost, in answers per 1,000 requests"));
  EXPECT_THAT(text, testing::Not(HasSubstr("wrong answers")));
}

TEST(ReportText, TheJobsErrorIsNotRepeatedByTheCandidatesItTookDown) {
  const Json report{
      {"job", {{"error", "datasets: 12 records are too few"}}},
      {"candidates",
       {{{"model_name", "a"}, {"error", "datasets: 12 records are too few"}, {"evaluations", Json::array()}},
        {{"model_name", "b"}, {"error", "datasets: 12 records are too few"}, {"evaluations", Json::array()}}}},
      {"trust",
       {{"checks", {{{"name", "evaluations"}, {"ok", false}, {"text", "a: datasets: 12 records are too few"}}}}}},
      {"summary", {{"headline", "no candidate"}, {"reasons", {"datasets: 12 records are too few"}}}}};
  const std::string text = printed(report);
  EXPECT_EQ(text.find("too few"), text.rfind("too few"));
  EXPECT_NE(text.find("too few"), std::string::npos);
  std::string followed;
  Terminal out(followed, 0);
  print_report(report, out, Errors::kToldAlready);
  EXPECT_EQ(followed.find("too few"), std::string::npos);
}

TEST(ReportText, RepairsAreCounted) {
  const Json step{
      {"step", "validate"}, {"in", 9}, {"out", 9}, {"reasons", Json::object()}, {"repaired", {{"no ids", 4}}}};
  EXPECT_THAT(printed({{"dataset", {{"steps", {step}}}}}), HasSubstr("repaired: 4 no ids"));
}

TEST(ReportText, ARunWithoutResultsSaysSo) {
  EXPECT_THAT(printed({{"job", {{"error", "too few records"}}}}), HasSubstr("too few records"));
  EXPECT_THAT(printed(Json::object()), HasSubstr("No candidate was evaluated"));
}

}  // namespace
}  // namespace fw::app
