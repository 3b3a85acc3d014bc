#include "record/finish_reason.h"

#include <gtest/gtest.h>

namespace fw::record {
namespace {

TEST(FinishReason, IsReadInTheWordsOfEveryServer) {
  for (const char* cut : {"length", "max_tokens", "MAX_TOKENS", "model_length", "ERROR_LIMIT"})
    EXPECT_EQ(answer_end(cut), AnswerEnd::kCut) << cut;
  for (const char* filtered :
       {"content_filter", "content-filter", "SAFETY", "guardrail_intervened", "refusal", "RECITATION"})
    EXPECT_EQ(answer_end(filtered), AnswerEnd::kFiltered) << filtered;
  for (const char* broken : {"error", "abort", "insufficient_system_resource", "MALFORMED_FUNCTION_CALL"})
    EXPECT_EQ(answer_end(broken), AnswerEnd::kBroken) << broken;
  for (const char* whole : {"", "stop", "STOP", "end_turn", "tool_calls", "tool_use", "COMPLETE", "eos", "lengthy"})
    EXPECT_EQ(answer_end(whole), AnswerEnd::kWhole) << whole;
}

}  // namespace
}  // namespace fw::record
