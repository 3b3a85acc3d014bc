// The real model, cut down, in the real engine. Needs both in the cache that scripts/setup fills; skipped without.

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "io/input_file.h"
#include "modelfile/keep_layers.h"
#include "modelfile/summary.h"
#include "modelfile/tests/llama_server.h"

namespace fw::modelfile {
namespace {

namespace fs = std::filesystem;

fs::path model_path() {
  const char* named = std::getenv("FLYWHEEL_MODEL");
  return named != nullptr ? fs::path(named) : fs::path(FW_CACHE) / "models/SmolLM2-135M-Instruct.Q4_1.gguf";
}

// Layers 9 to 18 of the 30 dropped: the demo's second candidate.
std::vector<int> twenty_layers() {
  std::vector<int> layers;
  for (int i = 0; i < 30; ++i) {
    if (i < 9 || i > 18) layers.push_back(i);
  }
  return layers;
}

class RealModel : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(model_path())) GTEST_SKIP() << "no model at " << model_path() << "; scripts/setup fetches it";
  }
  io::TemporaryFolder folder_;
};

TEST_F(RealModel, IsInspectedAsItIsPublished) {
  const auto summary = inspect(model_path());
  ASSERT_TRUE(summary.ok()) << summary.error();
  EXPECT_EQ(summary->architecture, "llama");
  EXPECT_EQ(summary->layers, 30U);
  EXPECT_EQ(summary->parameters, 134'515'008U);
  EXPECT_EQ(summary->vocabulary, 49'152U);
  EXPECT_EQ(summary->context_length, 8'192U);
  EXPECT_EQ(summary->types.at("Q4_1").tensors, 210U);
  EXPECT_TRUE(summary->tied_embeddings);
}

TEST_F(RealModel, KeepsTheBytesOfTheLayersThatStay) {
  const fs::path out = folder_.path() / "small.gguf";
  ASSERT_TRUE(keep_layers(model_path(), out, twenty_layers()).ok());
  const auto before = read_gguf_header(model_path());
  const auto after = read_gguf_header(out);
  ASSERT_TRUE(after.ok()) << after.error();
  EXPECT_EQ(after->tensors.size(), 2 + 20 * 9U);
  const std::string old_bytes = *io::read_file(model_path());
  const std::string new_bytes = *io::read_file(out);
  const std::vector<int> kept = twenty_layers();
  for (const GgufTensor& tensor : after->tensors) {
    std::string name = tensor.name;
    if (name.starts_with("blk.")) {
      const auto dot = name.find('.', 4);
      name = "blk." + std::to_string(kept[std::stoul(name.substr(4))]) + name.substr(dot);
    }
    const GgufTensor* old = before->find_tensor(name);
    ASSERT_NE(old, nullptr) << name;
    EXPECT_TRUE(std::string_view(new_bytes).substr(after->data_offset + tensor.offset, tensor.bytes) ==
                std::string_view(old_bytes).substr(before->data_offset + old->offset, old->bytes))
        << name;
  }
}

TEST_F(RealModel, AnswersInTheEngineWithTwentyOfItsLayers) {
  const fs::path server = fs::path(FW_LLAMA_DIR) / "build/bin/llama-server";
  if (!fs::exists(server)) GTEST_SKIP() << "no llama-server at " << server << "; scripts/setup builds it";
  const fs::path out = folder_.path() / "small.gguf";
  ASSERT_TRUE(keep_layers(model_path(), out, twenty_layers()).ok());
  LlamaServer engine(server, {"-m", out.string(), "-c", "512", "-t", "1"});
  ASSERT_TRUE(engine.ready());
  const nlohmann::json request{{"prompt", "The capital of France is"}, {"n_predict", 8}, {"temperature", 0}};
  const std::string answer = engine.post("/completion", request.dump());
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << answer;
  EXPECT_FALSE(json["content"].get<std::string>().empty()) << answer;
  EXPECT_EQ(json["tokens_predicted"], 8);
}

}  // namespace
}  // namespace fw::modelfile
