// Logits of every model in golden/models against what transformers recorded, by the packed and by the reference path.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/file.h"
#include "trainer/model/reference.h"
#include "trainer/tests/golden_support.h"

namespace fw::trainer {
namespace {

// Recorded in fp32, off a double-precision run by 1.2e-5; bf16 weights were multiplied in bf16 there and in fp32 here.
double tolerance_of(const std::string& name) { return name.find("bf16") != std::string::npos ? 0.25 : 1e-4; }

class GoldenModel : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto folder = golden_folder() / "models" / GetParam();
    const auto text = io::read_file(folder / "config.json");
    ASSERT_TRUE(text.ok()) << text.error();
    if (nlohmann::json::parse(*text).value("model_type", "") == "bert")
      GTEST_SKIP() << "an encoder, not a decoder that this program trains";
    weights_ = load_or_throw(folder);
    vectors_.emplace(folder / "vectors.safetensors");
  }

  void expect_near(const at::Tensor& actual, const at::Tensor& expected) const {
    EXPECT_LE(largest_difference(actual, expected), tolerance_of(GetParam()));
  }

  ModelWeights weights_;
  std::optional<Vectors> vectors_;
};

TEST_P(GoldenModel, PackedPathGivesTheRecordedLogits) {
  for (const std::string key : {"a", "b", "long"}) {
    const auto ids = vectors_->integers(key + ".ids");
    const auto expected = vectors_->floats(key + ".logits");
    const auto logits = packed_logits(weights_, nullptr, rows_of(ids, at::ones_like(ids))).at(0);
    const auto kept = expected.size(1);
    expect_near(logits.narrow(0, logits.size(0) - kept, kept), expected.squeeze(0));
  }
}

TEST_P(GoldenModel, PackedPathGivesTheRecordedLogitsOfABatch) {
  const auto mask = vectors_->integers("batch.mask");
  const auto rows = rows_of(vectors_->integers("batch.ids"), mask);
  const auto logits = packed_logits(weights_, nullptr, rows);
  const auto expected = vectors_->floats("batch.logits");
  for (std::size_t r = 0; r < rows.size(); ++r)
    expect_near(logits[r], expected[static_cast<std::int64_t>(r)].narrow(0, 0, logits[r].size(0)));
}

TEST_P(GoldenModel, ReferencePathGivesTheRecordedLogits) {
  at::NoGradGuard no_grad;
  const auto ids = vectors_->integers("batch.ids"), mask = vectors_->integers("batch.mask");
  const auto seen = mask.to(at::kFloat).unsqueeze(-1);
  expect_near(reference_logits(weights_, nullptr, ids, mask) * seen, vectors_->floats("batch.logits") * seen);
  const auto long_ids = vectors_->integers("long.ids");
  const auto expected = vectors_->floats("long.logits");
  const auto logits = reference_logits(weights_, nullptr, long_ids, at::ones_like(long_ids));
  expect_near(logits.narrow(1, logits.size(1) - expected.size(1), expected.size(1)), expected);
}

TEST_P(GoldenModel, GreedyTokensAreTheRecordedOnesWhereThereIsNoTie) {
  const auto text = io::read_file(golden_folder() / "models" / GetParam() / "greedy.json");
  ASSERT_TRUE(text.ok()) << text.error();
  const auto cases = nlohmann::json::parse(*text);
  for (const auto& [key, value] : cases.items()) {
    if (value.at("smallest_margin").get<double>() < 1e-3 || tolerance_of(GetParam()) > 1e-3) continue;
    TrainingRow row;
    for (const auto& list : {value.at("prompt"), value.at("continuation")})
      for (const auto& id : list) row.tokens.push_back(id);
    row.answer_begin = static_cast<std::int64_t>(value.at("prompt").size());
    const auto best = packed_logits(weights_, nullptr, {row}).at(0).argmax(-1);
    for (std::size_t i = value.at("prompt").size(); i < row.tokens.size(); ++i)
      EXPECT_EQ(best[static_cast<std::int64_t>(i) - 1].item<std::int64_t>(), row.tokens[i]) << key << " token " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenModel, testing::ValuesIn(folders_in(golden_folder() / "models")),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
                           return name;
                         });

}  // namespace
}  // namespace fw::trainer
