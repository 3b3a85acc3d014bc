#include "modelops/local/impl/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "modelops/local/impl/chat_template.h"
#include "modelops/local/impl/serving_type.h"

namespace fw::modelops {
namespace {

using testing::Contains;
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

TEST(ServingType, FollowsTheProcessorsUnits) {
  constexpr std::uint64_t kPlenty = 1ULL << 36;
  EXPECT_EQ(serving_type(kSmall, {.has_amx_int8 = true, .has_f16c = true}, kPlenty), "Q8_0");
  EXPECT_EQ(serving_type(kSmall, {.has_f16c = true}, kPlenty), "F16");
  EXPECT_EQ(serving_type(kSmall, {}, kPlenty), "Q8_0");
}

TEST(ServingType, LeavesAModelAsItIsWhenItsWeightsWouldNotFit) {
  EXPECT_EQ(serving_type(kSmall, {.has_f16c = true}, 200ULL << 20), "Q4_1");
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

TEST(KnowsTools, MeansTheVariableAndNotPartOfAWord) {
  EXPECT_TRUE(knows_tools("{% if tools %}{{ tools | tojson }}{% endif %}"));
  EXPECT_TRUE(knows_tools("{%- for t in tools-%}"));
  EXPECT_FALSE(knows_tools("{{ my_tools }} toolset toolsmith"));
  EXPECT_FALSE(knows_tools(""));
  EXPECT_TRUE(knows_tools(tools_template()));
}

TEST(WriteToolsTemplate, WritesWhatWasCompiledInUnderANameOfItsContent) {
  const io::TemporaryFolder folder;
  const auto path = write_tools_template(folder.path());
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(*io::read_file(*path), tools_template());
  EXPECT_EQ(*write_tools_template(folder.path()), *path);
  EXPECT_THAT(std::string(tools_template()), HasSubstr("<tool_call>{\"name\":\""));
}

}  // namespace
}  // namespace fw::modelops
