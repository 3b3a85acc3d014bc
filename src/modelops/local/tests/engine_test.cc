#include "modelops/local/impl/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "modelops/local/impl/serving_type.h"

namespace fw::modelops {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

// SmolLM2-135M: 30 layers, 3 key-value heads of 64, two caches of 16 bits.
const ModelFacts kSmall{.file_type = "Q4_1",
                        .parameters = 134'515'008,
                        .layers = 30,
                        .context_length = 8192,
                        .cache_bytes_per_token = 23'040};

TEST(PlanSlots, OneForEachRequestThatComesAtOnce) {
  const auto slots = plan_slots(kSmall, 4096, 8, std::uint64_t{4} << 30);
  EXPECT_EQ(slots.count, 8);
  EXPECT_EQ(slots.context, 4096);
}

TEST(PlanSlots, GivesUpSlotsRatherThanContext) {
  const auto slots = plan_slots(kSmall, 8192, 8, 23'040ULL * 8192 * 3 + 5);
  EXPECT_EQ(slots.count, 3);
  EXPECT_EQ(slots.context, 8192);
  EXPECT_EQ(plan_slots(kSmall, 8192, 8, 1).count, 1);
}

TEST(PlanSlots, NoLongerThanTheModelWasTrainedFor) {
  EXPECT_EQ(plan_slots(kSmall, 1 << 20, 1, 1ULL << 40).context, 8192);
}

TEST(PlanSlots, TakesNonsenseForOne) {
  const auto slots = plan_slots({}, 0, -3, 0);
  EXPECT_EQ(slots.count, 1);
  EXPECT_EQ(slots.context, 1);
}

TEST(EngineArguments, AContextForAllSlotsAndOnlyTheLoopback) {
  const auto arguments =
      engine_arguments({.model = "/m.gguf", .alias = "id", .threads = 2, .slots = 8, .slot_context = 2048}, 4711);
  const auto value_of = [&](const std::string& name) { return *(std::ranges::find(arguments, name) + 1); };
  EXPECT_EQ(value_of("--ctx-size"), "16384");
  EXPECT_EQ(value_of("--parallel"), "8");
  EXPECT_EQ(value_of("--host"), "127.0.0.1");
  EXPECT_EQ(value_of("--port"), "4711");
  EXPECT_THAT(arguments, Not(Contains("--flash-attn")));
  EXPECT_THAT(arguments, Not(Contains("--lora")));
  EXPECT_THAT(arguments, Not(Contains("--chat-template-file")));
}

TEST(EngineArguments, TheKeyStandsInTheEnvironmentAlone) {
  const EngineSetup setup{.model = "/m.gguf", .alias = "id", .api_key = "s3cret"};
  EXPECT_EQ(engine_environment(setup).at("LLAMA_API_KEY"), "s3cret");
  EXPECT_THAT(engine_arguments(setup, 4711), Each(Not(HasSubstr("s3cret"))));
}

TEST(EngineArguments, VectorsAreMadeOfAWholeTextAndNothingIsSaidOfChats) {
  const EngineSetup setup{.model = "/m.gguf",
                          .slot_states = "/states",
                          .alias = "id",
                          .threads = 2,
                          .slots = 4,
                          .slot_context = 512,
                          .pooling = "cls"};
  const auto arguments = engine_arguments(setup, 4711);
  const auto value_of = [&](const std::string& name) { return *(std::ranges::find(arguments, name) + 1); };
  EXPECT_THAT(arguments, Contains("--embeddings"));
  EXPECT_EQ(value_of("--pooling"), "cls");
  EXPECT_EQ(value_of("--ctx-size"), "2048");
  EXPECT_EQ(value_of("--batch-size"), "512");
  EXPECT_EQ(value_of("--ubatch-size"), "512");
  for (const char* name : {"--jinja", "--reasoning", "--slot-save-path", "--cache-prompt"})
    EXPECT_THAT(arguments, Not(Contains(name)));
}

TEST(ServingType, FollowsTheProcessorsUnits) {
  constexpr std::uint64_t kPlenty = 1ULL << 36;
  EXPECT_EQ(serving_type(kSmall, {.has_amx_int8 = true, .has_f16c = true}, kPlenty), "Q8_0");
  EXPECT_EQ(serving_type(kSmall, {.has_f16c = true}, kPlenty), "F16");
  EXPECT_EQ(serving_type(kSmall, {}, kPlenty), "Q8_0");
}

TEST(ServingType, LeavesAModelAsItIsWhenItsWeightsWouldNotFit) {
  EXPECT_EQ(serving_type(kSmall, {.has_f16c = true}, 200ULL << 20), "Q4_1");
}

// Each token of a large model waits for its weights to be read: 4.1 GiB of a 7B model in Q4_K, 13 GiB in F16.
TEST(ServingType, NeverEnlargesALargeModel) {
  constexpr std::uint64_t kPlenty = 1ULL << 36;
  const ModelFacts quantised{.file_type = "Q4_K", .parameters = 7'241'732'096, .bytes = 4'368'439'584};
  EXPECT_EQ(serving_type(quantised, {.has_f16c = true}, kPlenty), "Q4_K");
  EXPECT_EQ(serving_type(quantised, {.has_amx_int8 = true, .has_f16c = true}, kPlenty), "Q4_K");
  const ModelFacts whole{.file_type = "BF16", .parameters = 7'241'732'096, .bytes = 14'484'731'552};
  EXPECT_EQ(serving_type(whole, {.has_f16c = true}, kPlenty), "F16");
  EXPECT_EQ(serving_type(whole, {.has_amx_int8 = true, .has_f16c = true}, kPlenty), "Q8_0");
}

TEST(EngineArguments, AThinkingModelThinksOnlyWhenAskedTo) {
  const auto value = [](bool enable) {
    const auto arguments = engine_arguments({.enable_thinking = enable}, 1);
    return *(std::ranges::find(arguments, "--reasoning") + 1);
  };
  EXPECT_EQ(value(false), "off");
  EXPECT_EQ(value(true), "on");
}

TEST(ServingType, PlainAttentionIsForShortContexts) {
  EXPECT_TRUE(is_plain_attention_faster(2048));
  EXPECT_FALSE(is_plain_attention_faster(32768));
  EXPECT_THAT(engine_arguments({.plain_attention = true}, 1), Contains("--flash-attn"));
}

TEST(FreeLoopbackPort, IsOneThatMayBeTaken) {
  const auto port = free_loopback_port();
  ASSERT_TRUE(port.ok());
  EXPECT_GT(*port, 1023);
}

}  // namespace
}  // namespace fw::modelops
