#include "modelops/openai/impl/request_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::modelops {
namespace {

using Kind = RequestChange::Kind;
using testing::HasSubstr;

constexpr const char* kBody =
    R"({"model":"m","messages":[{"role":"user","content":"1.0e2"}],"tools":[1],"tool_choice":"auto","temperature":0,"max_tokens":9})";

class RequestFormTest : public testing::Test {
 protected:
  std::string apply(RequestForm& form, std::vector<RequestChange> tentative = {}) {
    return form.apply(kBody, tentative, sent_);
  }
  SentParameters sent_;
};

TEST_F(RequestFormTest, WithoutChangesTheBodyGoesOutAsItIs) {
  RequestForm form({});
  EXPECT_EQ(apply(form), kBody);
}

TEST_F(RequestFormTest, OverridesRenameThenRemoveThenSet) {
  RequestForm form({.rename = {{"max_tokens", "max_completion_tokens"}},
                    .remove = {"temperature", "tools", "tool_choice", "absent"},
                    .set = {{"top_p", "0.5"}, {"model", "\"n\""}}});
  EXPECT_EQ(apply(form),
            R"({"model":"n","messages":[{"role":"user","content":"1.0e2"}],"max_completion_tokens":9,"top_p":0.5})");
}

TEST_F(RequestFormTest, ToolsTakeTheirParametersWithThem) {
  RequestForm form({});
  EXPECT_EQ(apply(form, {{"tools"}}),
            R"({"model":"m","messages":[{"role":"user","content":"1.0e2"}],"temperature":0,"max_tokens":9})");
}

TEST_F(RequestFormTest, WhatLedToAnAnswerHoldsForAllLaterRequests) {
  RequestForm form({});
  const std::vector<RequestChange> tried{{"max_tokens", "", Kind::kRename, "max_completion_tokens"}, {"temperature"}};
  (void)apply(form, tried);
  form.accept(tried, sent_);
  const auto later = apply(form);
  EXPECT_THAT(later, HasSubstr("max_completion_tokens\":9"));
  EXPECT_EQ(later.find("temperature"), std::string::npos);
}

TEST_F(RequestFormTest, AParameterThatWasTakenOnceIsNotLearntAsRefused) {
  RequestForm form({});
  (void)apply(form);
  EXPECT_TRUE(form.may_try({"tools"}, {}, sent_));
  form.accept({}, sent_);
  EXPECT_FALSE(form.may_try({"tools"}, {}, sent_));
  sent_["tool_choice"] = "\"required\"";
  EXPECT_TRUE(form.may_try({"tool_choice", "required", Kind::kSet, "\"auto\""}, {}, sent_));
  EXPECT_TRUE(form.may_try({"max_tokens", "", Kind::kLower, "5"}, {}, sent_));
}

TEST_F(RequestFormTest, WhatTheConfigurationSetsIsNotTakenBack) {
  RequestForm form({.set = {{"seed", "3"}}});
  (void)apply(form);
  EXPECT_FALSE(form.may_try({"seed"}, {}, sent_));
}

TEST_F(RequestFormTest, OnlyHigherLimitsAreLowered) {
  RequestForm form({});
  EXPECT_THAT(apply(form, {{"max_tokens", "", Kind::kLower, "5"}}), HasSubstr("\"max_tokens\":5"));
  EXPECT_THAT(apply(form, {{"max_tokens", "", Kind::kLower, "50"}}), HasSubstr("\"max_tokens\":9"));
}

TEST_F(RequestFormTest, AStreamAsksForItsUsage) {
  RequestForm form({});
  EXPECT_THAT(apply(form, {{"stream", "", Kind::kSet, "true"}}),
              HasSubstr(R"("stream":true,"stream_options":{"include_usage":true})"));
}

TEST_F(RequestFormTest, SentencesSayWhatWasSentInstead) {
  EXPECT_EQ(sentence_of({"max_tokens", "", Kind::kRename, "max_completion_tokens"}),
            "refuses \"max_tokens\"; \"max_completion_tokens\" was sent instead");
  EXPECT_THAT(sentence_of({"tools"}), HasSubstr("could call none"));
  EXPECT_THAT(sentence_of({"temperature"}), HasSubstr("differ from time to time"));
}

}  // namespace
}  // namespace fw::modelops
