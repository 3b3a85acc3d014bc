#include "trainer/loop/memory_plan.h"

#include <gtest/gtest.h>

namespace fw::trainer {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30;

// The shape of Mistral-7B; PyTorch's profiler counts 8.9 MB a token in fp32 and 7.6 MB in bf16 for these layers.
MemoryNeeds mistral(std::uint64_t available) {
  MemoryNeeds needs;
  needs.config = {.architecture = "llama",
                  .vocab = 32000,
                  .hidden = 4096,
                  .feed_forward = 14336,
                  .layers = 32,
                  .heads = 32,
                  .kv_heads = 8,
                  .head_dim = 128,
                  .context = 32768};
  needs.trained_layers = 32;
  needs.rank = 16;
  needs.threads = 2;
  needs.longest_row = 4096;
  needs.largest_step = 16 * 4096;
  needs.available = available;
  return needs;
}

TEST(MemoryPlan, CountsWhatForwardKeeps) {
  auto needs = mistral(256 * kGiB);
  EXPECT_NEAR(static_cast<double>(plan_memory(needs)->bytes_per_token), 8.9e6, 0.1e6);
  needs.precision = Precision::kBf16;
  EXPECT_NEAR(static_cast<double>(plan_memory(needs)->bytes_per_token), 7.7e6, 0.15e6);
}

TEST(MemoryPlan, KeepsLayersWhereTheLongestRowFits) {
  const auto plan = plan_memory(mistral(256 * kGiB));
  ASSERT_TRUE(plan.ok()) << plan.error();
  EXPECT_FALSE(plan->recomputes);
  EXPECT_GE(plan->pass_tokens, 4096);
  EXPECT_LE(plan->pass_bytes, 256 * kGiB * 6 / 10);
}

TEST(MemoryPlan, ComputesLayersAgainWhereItDoesNot) {
  const auto plan = plan_memory(mistral(12 * kGiB));
  ASSERT_TRUE(plan.ok()) << plan.error();
  EXPECT_TRUE(plan->recomputes);
  EXPECT_GE(plan->pass_tokens, 4096);
  EXPECT_LE(plan->pass_bytes, 12 * kGiB);
}

TEST(MemoryPlan, SaysWhatWouldFitBeforeTheFirstStep) {
  const auto plan = plan_memory(mistral(2 * kGiB));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(plan.error().message.find("a row of 4096 tokens needs"), std::string::npos) << plan.error();
  EXPECT_NE(plan.error().message.find("lower max_seq_length"), std::string::npos) << plan.error();
}

TEST(MemoryPlan, TakesLessAfterAKill) {
  auto needs = mistral(256 * kGiB);
  const auto first = plan_memory(needs);
  needs.share = 0.16;
  const auto third = plan_memory(needs);
  EXPECT_LT(third->pass_bytes, first->pass_bytes);
  EXPECT_TRUE(third->recomputes || third->pass_tokens < first->pass_tokens);
}

TEST(MemoryPlan, CutsAStepAlikeWhenMemoryIsNearlyTheSame) {
  EXPECT_EQ(plan_memory(mistral(230 * kGiB))->pass_tokens, plan_memory(mistral(160 * kGiB))->pass_tokens);
}

}  // namespace
}  // namespace fw::trainer
