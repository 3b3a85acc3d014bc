#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

constexpr const char* kTwo = R"(
training_config: {epochs: 3, learning_rate: 0.001, device: cuda}
lora_config: {adapter_dim: 8}
nims:
  - model_name: first
    path: a.gguf
    customization_enabled: true
    customizer_configs: {max_seq_length: 512, training_precision: fp32}
    training_config: {epochs: 5, device: cpu, best_by: exact}
  - model_name: second
    path: b.gguf
    customization_enabled: true
    customizer_configs: {max_seq_length: 1024}
    lora_config: {adapter_dim: 64}
)";

TEST(TrainingSection, EachCandidateHasSettingsOfItsOwn) {
  const auto config = parse_config(kTwo, "c.yaml", "/", [](const std::string&) { return ""; });
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto& first = config->run.candidates.at(0).training;
  const auto& second = config->run.candidates.at(1).training;
  EXPECT_EQ(first.max_seq_length, 512);
  EXPECT_EQ(second.max_seq_length, 1024);
  EXPECT_EQ(first.precision, modelops::TrainingPrecision::kFp32);
  EXPECT_EQ(second.precision, modelops::TrainingPrecision::kFastest);
  EXPECT_EQ(first.device, modelops::TrainingDevice::kCpu);
  EXPECT_EQ(second.device, modelops::TrainingDevice::kCuda);
  EXPECT_EQ(first.best_by, modelops::BestBy::kExact);
  EXPECT_EQ(second.best_by, modelops::BestBy::kLoss);
  EXPECT_EQ(first.epochs, 5);
  EXPECT_EQ(second.epochs, 3);
  EXPECT_EQ(first.adapter_dim, 8);
  EXPECT_EQ(second.adapter_dim, 64);
  EXPECT_EQ(second.learning_rate, 0.001);
}

TEST(TrainingSection, MistakesOfACandidateNameIt) {
  const auto config = parse_config("nims: [{model_name: a, path: b, lora_config: {adapter_dim: 0}}]", "c.yaml", "/",
                                   [](const std::string&) { return ""; });
  EXPECT_THAT(config.error().message, testing::HasSubstr("nims[0].lora_config.adapter_dim"));
}

TEST(TrainingSection, AGpuDoesNotMultiplyInFp32) {
  const auto config = parse_config(
      "nims: [{model_name: a, path: b, customizer_configs: {training_precision: fp32}, training_config: {device: "
      "cuda}}]",
      "c.yaml", "/", [](const std::string&) { return ""; });
  EXPECT_THAT(config.error().message, testing::HasSubstr("nims[0].customizer_configs"));
}

}  // namespace
}  // namespace fw::app
