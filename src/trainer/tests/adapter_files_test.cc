#include "trainer/lora/adapter_files.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>

#include "io/file.h"
#include "trainer/model/reference.h"
#include "trainer/tests/tiny_gguf.h"
#include "trainer/tests/tiny_model.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

class AdapterFiles : public testing::Test {
 protected:
  double loss(const ModelWeights& weights, const Adapter* adapter) const {
    Random random(8);
    return reference_loss(weights, adapter, random_rows(3, 4, 9, weights.config.vocab, random)).item<double>();
  }

  io::TemporaryFolder folder_;
  ModelWeights weights_ = TinyModel::make(TinyModel::config(), 3);
  Adapter adapter_ = random_adapter(weights_.config, {.rank = 4, .alpha = 6, .first_layer = 1}, 5);
};

TEST_F(AdapterFiles, InPeftsFormatReadBackTheSame) {
  ASSERT_TRUE(write_peft_adapter(adapter_, weights_.config, "base", 0.1, folder_.path() / "peft").ok());
  const auto read = read_peft_adapter(weights_.config, folder_.path() / "peft");
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(loss(weights_, &adapter_), loss(weights_, &*read));
}

TEST_F(AdapterFiles, MergedIntoAModelGiveTheAdaptedModelsLoss) {
  write_gguf_model(weights_, folder_.path() / "model.gguf");
  const auto paths = write_adapter(adapter_, weights_.config, "base", 0, folder_.path() / "out");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const auto merged = folder_.path() / "merged.gguf";
  const auto status = write_merged_model(folder_.path() / "model.gguf", paths->gguf, {}, MergedType::kF32, merged);
  ASSERT_TRUE(status.ok()) << status.error();
  const auto source = open_weights(merged);
  ASSERT_TRUE(source.ok()) << source.error();
  const auto loaded = load_weights(**source);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  const double expected = loss(weights_, &adapter_);
  EXPECT_NE(expected, loss(weights_, nullptr));
  EXPECT_NEAR(loss(*loaded, nullptr), expected, 1e-5 * expected);
}

TEST_F(AdapterFiles, MergedIntoEightBitsKeepTheAdaptedModelsLossButForRounding) {
  auto config = TinyModel::config();
  config.hidden = 32;  // rows of 32 become blocks of Q8_0; those of 40 in the down projection F16
  const auto weights = TinyModel::make(config, 3);
  const auto adapter = random_adapter(config, {.rank = 4, .alpha = 6}, 5);
  write_gguf_model(weights, folder_.path() / "model.gguf");
  const auto paths = write_adapter(adapter, config, "base", 0, folder_.path() / "out");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const auto merged = folder_.path() / "merged.gguf";
  ASSERT_TRUE(write_merged_model(folder_.path() / "model.gguf", paths->gguf, {}, MergedType::kQ8_0, merged).ok());
  EXPECT_LT(std::filesystem::file_size(merged), std::filesystem::file_size(folder_.path() / "model.gguf") / 2);
  const auto source = open_weights(merged);
  ASSERT_TRUE(source.ok()) << source.error();
  const auto loaded = load_weights(**source);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  const double expected = loss(weights, &adapter);
  EXPECT_NEAR(loss(*loaded, nullptr), expected, 0.01 * expected);
  EXPECT_GT(std::abs(loss(weights, nullptr) - expected), 0.03 * expected);
}

TEST_F(AdapterFiles, MergedIntoFewerLayersCountTheKeptOnes) {
  auto pruned = weights_;
  pruned.layers = {weights_.layers[0], weights_.layers[2]};
  pruned.config.layers = 2;
  const auto adapter = random_adapter(pruned.config, {.rank = 4, .alpha = 6}, 5);
  write_gguf_model(weights_, folder_.path() / "model.gguf");
  const auto paths = write_adapter(adapter, pruned.config, "base", 0, folder_.path() / "out");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const std::vector<int> keep{0, 2};
  const auto merged = folder_.path() / "merged.gguf";
  ASSERT_TRUE(write_merged_model(folder_.path() / "model.gguf", paths->gguf, keep, MergedType::kF32, merged).ok());
  const auto source = open_weights(merged);
  const auto loaded = load_weights(**source);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_NEAR(loss(*loaded, nullptr), loss(pruned, &adapter), 1e-5 * loss(pruned, &adapter));
}

TEST_F(AdapterFiles, OfAnotherModelAreNotMerged) {
  auto config = TinyModel::config();
  config.hidden = 32;
  write_gguf_model(TinyModel::make(config, 3), folder_.path() / "other.gguf");
  const auto paths = write_adapter(adapter_, weights_.config, "base", 0, folder_.path() / "out");
  const auto merged = folder_.path() / "merged.gguf";
  EXPECT_FALSE(write_merged_model(folder_.path() / "other.gguf", paths->gguf, {}, MergedType::kBF16, merged).ok());
  EXPECT_FALSE(std::filesystem::exists(merged));
}

TEST_F(AdapterFiles, ReplaceWhatStoodThereAndLeaveNothingBeside) {
  const auto out = folder_.path() / "out";
  ASSERT_TRUE(write_adapter(adapter_, weights_.config, "base", 0, out).ok());
  std::ofstream(out / "stale") << "x";
  ASSERT_TRUE(write_adapter(adapter_, weights_.config, "base", 0, out).ok());
  EXPECT_FALSE(std::filesystem::exists(out / "stale"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(AdapterFiles, ThatCannotBeWrittenLeaveTheOldOnes) {
  const auto status = write_adapter(adapter_, weights_.config, "base", 0, "/proc/nothing/out");
  EXPECT_FALSE(status.ok());
}

// Each of these is another model than the low-rank pairs alone make.
TEST_F(AdapterFiles, InPeftsFormatWithMoreThanLowRankPairsAreRefusedByName) {
  ASSERT_TRUE(write_peft_adapter(adapter_, weights_.config, "base", 0.1, folder_.path()).ok());
  const auto config = *io::read_file(folder_.path() / "adapter_config.json");
  for (const std::string setting :
       {R"("use_dora": true)", R"("alpha_pattern": {"q_proj": 8})", R"("rank_pattern": {"q_proj": 8})",
        R"("lora_bias": true)", R"("modules_to_save": ["lm_head"])"}) {
    ASSERT_TRUE(
        io::write_file_atomically(folder_.path() / "adapter_config.json", "{" + setting + "," + config.substr(1)).ok());
    const auto read = read_peft_adapter(weights_.config, folder_.path());
    ASSERT_FALSE(read.ok()) << setting;
    EXPECT_NE(read.error().message.find(setting.substr(1, setting.find('"', 1) - 1)), std::string::npos)
        << read.error();
  }
  const std::string harmless =
      R"({"use_dora": false, "alpha_pattern": {}, "modules_to_save": null, "lora_bias": false,)";
  ASSERT_TRUE(io::write_file_atomically(folder_.path() / "adapter_config.json", harmless + config.substr(1)).ok());
  EXPECT_TRUE(read_peft_adapter(weights_.config, folder_.path()).ok());
}

TEST_F(AdapterFiles, WithValuesThatAreNoNumbersAreNotWritten) {
  const_cast<float*>(adapter_.named()[0].tensor.const_data_ptr<float>())[3] = std::nanf("");
  const auto written = write_adapter(adapter_, weights_.config, "base", 0, folder_.path() / "out");
  ASSERT_FALSE(written.ok());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out"));
}

TEST_F(AdapterFiles, OfRankOneAreMergedToo) {
  const auto adapter = random_adapter(weights_.config, {.rank = 1, .alpha = 2}, 5);
  write_gguf_model(weights_, folder_.path() / "model.gguf");
  const auto paths = write_adapter(adapter, weights_.config, "base", 0, folder_.path() / "out");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const auto merged = folder_.path() / "merged.gguf";
  const auto status = write_merged_model(folder_.path() / "model.gguf", paths->gguf, {}, MergedType::kF32, merged);
  ASSERT_TRUE(status.ok()) << status.error();
  const auto loaded = load_weights(**open_weights(merged));
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_NEAR(loss(*loaded, nullptr), loss(weights_, &adapter), 1e-5 * loss(weights_, &adapter));
}

TEST_F(AdapterFiles, OfAFullDiskAreAnErrorAndLeaveNothing) {
  write_gguf_model(weights_, folder_.path() / "model.gguf");
  const auto paths = write_adapter(adapter_, weights_.config, "base", 0, folder_.path() / "out");
  ASSERT_TRUE(paths.ok()) << paths.error();
  const auto merged = folder_.path() / "merged.gguf";
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small{std::filesystem::file_size(folder_.path() / "model.gguf") / 2, before.rlim_max};
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto status = write_merged_model(folder_.path() / "model.gguf", paths->gguf, {}, MergedType::kF32, merged);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(status.ok());
  EXPECT_FALSE(std::filesystem::exists(merged));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(AdapterFiles, DamagedInPeftsFormatAreRefused) {
  ASSERT_TRUE(write_peft_adapter(adapter_, weights_.config, "base", 0.1, folder_.path()).ok());
  for (const char* json : {"{}", "{\"peft_type\":\"LORA\",\"r\":\"x\"}", "{\"peft_type\":\"LORA\",\"r\":0}",
                           "{\"peft_type\":\"LORA\",\"r\":5}"}) {
    ASSERT_TRUE(io::write_file_atomically(folder_.path() / "adapter_config.json", json).ok());
    EXPECT_FALSE(read_peft_adapter(weights_.config, folder_.path()).ok()) << json;
  }
}

}  // namespace
}  // namespace fw::trainer
