// The real model, dequantised from its GGUF file, against logits that transformers recorded in fp32.
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/tensor.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "trainer/tests/golden_support.h"
#include "trainer/tests/model_file.h"

namespace fw::trainer {
namespace {

constexpr double kTolerance = 1e-3;

TEST(SmolLm2, LogitsAreTheRecordedOnes) {
  const auto file = model_file();
  if (!std::filesystem::exists(file))
    GTEST_SKIP() << file << " is not there (scripts/setup fetches it, or set FLYWHEEL_MODEL)";
  const auto weights = load_or_throw(file);
  const Vectors recorded(golden_folder() / "smollm2" / "logits.safetensors");
  const auto text = io::read_file(golden_folder() / "smollm2" / "cases.json");
  ASSERT_TRUE(text.ok()) << text.error();
  const auto cases = nlohmann::json::parse(*text).at("cases");
  for (std::size_t c = 0; c < cases.size(); ++c) {
    TrainingRow row;
    for (const auto& id : cases[c].at("ids")) row.tokens.push_back(id);
    const auto prompt = static_cast<std::int64_t>(row.tokens.size());
    for (const auto& id : cases[c].at("greedy")) row.tokens.push_back(id);
    row.answer_begin = prompt;
    const auto all = packed_logits(weights, nullptr, {row}).at(0);
    const auto logits = all.narrow(0, 0, prompt);
    const std::string stem = std::to_string(c) + ".";
    EXPECT_LE(
        largest_difference(logits.gather(1, recorded.integers(stem + "top_ids")), recorded.floats(stem + "top_logits")),
        kTolerance);
    EXPECT_LE(largest_difference(at::logsumexp(logits, 1), recorded.floats(stem + "logsumexp")), kTolerance);
    const std::vector<std::int64_t> next(row.tokens.begin() + 1, row.tokens.begin() + prompt);
    const auto chosen = at::log_softmax(logits.narrow(0, 0, prompt - 1), 1)
                            .gather(1, at::tensor(at::IntArrayRef(next), at::kLong).unsqueeze(1));
    EXPECT_LE(largest_difference(chosen.squeeze(1), recorded.floats(stem + "next_token_logprobs")), kTolerance);
    const auto best = all.argmax(1);
    for (std::size_t i = static_cast<std::size_t>(prompt); i < row.tokens.size(); ++i)
      EXPECT_EQ(best[static_cast<std::int64_t>(i) - 1].item<std::int64_t>(), row.tokens[i])
          << "case " << c << " greedy token";
  }
}

}  // namespace
}  // namespace fw::trainer
