#include "modelops/local/model_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "modelfile/gguf.h"

namespace fw::modelops {
namespace {

using modelfile::GgufValue;

class ModelFitTest : public testing::Test {
 protected:
  void SetUp() override {
    modelfile::GgufHeader header;
    header.set("general.architecture", GgufValue::string("llama"));
    header.set("llama.context_length", GgufValue::u32(2048));
    header.set("llama.block_count", GgufValue::u32(4));
    header.set("llama.embedding_length", GgufValue::u32(64));
    header.set("llama.attention.head_count", GgufValue::u32(8));
    header.set("llama.attention.head_count_kv", GgufValue::u32(2));
    header.tensors = {{.name = "blk.0.ffn_up.weight", .type = 0, .shape = {64, 1024}}};
    const std::string zeros(64 * 1024 * 4, '\0');
    ASSERT_TRUE(modelfile::write_gguf(file_, header, [&](const auto&, const auto& sink) { return sink(zeros); }).ok());
  }

  io::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "m.gguf";
};

TEST_F(ModelFitTest, CountsWeightsAndTheCacheOfAllSlots) {
  const auto fit = fit_serving(file_, 1000, 3, 64ULL << 20);
  ASSERT_TRUE(fit.ok()) << fit.error();
  EXPECT_EQ(fit->slots, 3);
  EXPECT_EQ(fit->slot_context, 1000);
  EXPECT_EQ(fit->cache_bytes, 4U * 2 * (8 + 8) * 2 * 1000 * 3);  // layers, heads, keys and values, bytes, tokens, slots
  EXPECT_GT(fit->weight_bytes, 0U);
  EXPECT_TRUE(fit->fits());
}

TEST_F(ModelFitTest, GivesUpSlotsBeforeTheirContext) {
  const auto fit = fit_serving(file_, 2048, 64, 8ULL << 20);
  ASSERT_TRUE(fit.ok()) << fit.error();
  EXPECT_EQ(fit->slots, 4);  // of 512 KiB each in a quarter of 8 MiB
  EXPECT_EQ(fit->slot_context, 2048);
}

TEST_F(ModelFitTest, SaysWhereAModelDoesNotFit) {
  const auto fit = fit_serving(file_, 2048, 1, 64 << 10);
  ASSERT_TRUE(fit.ok()) << fit.error();
  EXPECT_FALSE(fit->fits());
}

TEST_F(ModelFitTest, WhatIsFreeNowIsWhatOneMoreModelMayTake) {
  const auto needed = fit_serving(file_, 2048, 1, 64ULL << 20)->needed_bytes();
  io::MachineLimits machine{.processors = 1, .memory_bytes = 64ULL << 20, .available_bytes = needed};
  EXPECT_TRUE(check_free_memory(file_, 2048, 1, machine).ok());
  machine.available_bytes = needed - 1;
  const auto full = check_free_memory(file_, 2048, 1, machine);
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(full.error().message, testing::HasSubstr("MiB are free"));
}

TEST(TrainingPlan, IsReadOutOfTheTrainersLine) {
  const auto fit = parse_training_plan(
      R"({"event":"plan","pass_tokens":4096,"recomputes":true,"pass_bytes":30,"weight_bytes":20,"adapter_bytes":10,"peak_bytes":60})");
  ASSERT_TRUE(fit.ok()) << fit.error();
  EXPECT_EQ(fit->peak_bytes, 60U);
  EXPECT_EQ(fit->pass_tokens, 4096);
  EXPECT_TRUE(fit->recomputes);
  EXPECT_EQ(parse_training_plan(R"({"event":"error","message":"a row needs more"})").error().message,
            "a row needs more");
  EXPECT_FALSE(parse_training_plan("nonsense").ok());
  EXPECT_FALSE(parse_training_plan("{}").ok());
}

}  // namespace
}  // namespace fw::modelops
