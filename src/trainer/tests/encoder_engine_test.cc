// An encoder in the real engine: the GGUF file that we make of its folder gives the ids and the vectors recorded for it
// (tests/golden/make/encoder.py).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/tests/llama_server.h"
#include "trainer/convert/convert.h"
#include "trainer/tests/golden_support.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::json;

// The engine has GELU in a table of half precision, and approximated by tanh.
constexpr double kTolerance = 1e-3;
constexpr std::size_t kMostTokens = 63;

TEST(EncoderInTheEngine, CutsTextsAndGivesVectorsAsRecorded) {
  const io::TemporaryFolder temporary;
  const auto recorded = golden_folder() / "encoders" / "bert", file = temporary.path() / "bert.gguf";
  const auto status = convert_to_gguf(recorded, file);
  ASSERT_TRUE(status.ok()) << status.error();
  modelfile::LlamaServer server(FW_LLAMA_SERVER, {"-m", file.string(), "--embeddings", "-c", "256", "-np", "1"});
  ASSERT_TRUE(server.ready()) << "llama-server did not become ready";
  const auto cases = Json::parse(io::read_file(recorded / "cases.json").value_or("[]"));
  ASSERT_GT(cases.size(), 10U);
  for (const auto& one : cases) {
    const auto tokens =
        Json::parse(server.post("/tokenize", Json{{"content", one["text"]}, {"add_special", true}}.dump()));
    EXPECT_EQ(tokens["tokens"], one["ids"]) << one["text"];
    auto ids = one["ids"].get<std::vector<int>>();
    if (ids.size() > kMostTokens) ids.erase(ids.begin() + kMostTokens - 1, ids.end() - 1);
    const auto answer = Json::parse(server.post("/v1/embeddings", Json{{"input", Json::array({ids})}}.dump()));
    const auto vector = answer.at("data").at(0).at("embedding").get<std::vector<double>>();
    ASSERT_EQ(vector.size(), one["vector"].size());
    for (std::size_t i = 0; i < vector.size(); ++i)
      EXPECT_NEAR(vector[i], one["vector"][i].get<double>(), kTolerance) << one["text"] << " " << i;
  }
}

}  // namespace
}  // namespace fw::trainer
