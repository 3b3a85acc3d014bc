// Replays the recorded trainings of golden/training step by step: loss, gradient norm, final logits and final weights.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/file.h"
#include "trainer/loop/optimizer.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/model/reference.h"
#include "trainer/tests/golden_support.h"

namespace fw::trainer {
namespace {

constexpr double kRelative = 1e-5;
constexpr double kLogits = 2e-4;

std::vector<std::string> runs() {
  std::vector<std::string> names;
  for (const auto& model : folders_in(golden_folder() / "training"))
    for (const auto& run : folders_in(golden_folder() / "training" / model)) names.push_back(model + "/" + run);
  return names;
}

class GoldenTraining : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = golden_folder() / "training" / GetParam();
    const auto text = io::read_file(folder_ / "run.json");
    ASSERT_TRUE(text.ok()) << text.error();
    run_ = nlohmann::json::parse(*text);
    batches_.emplace(folder_ / "batches.safetensors");
    weights_ = load_or_throw(golden_folder() / "models" / run_.at("model").get<std::string>());
    if (run_.at("lora").is_null()) {
      for (auto& p : weights_.parameters()) trained_.push_back(p.requires_grad_(true));
    } else {
      read_adapter();
    }
    const auto& o = run_.at("optimizer");
    optimizer_.emplace(trained_, Optimizer::Settings{o.at("betas")[0], o.at("betas")[1], o.at("eps"),
                                                     o.at("weight_decay"), o.at("clip_grad_norm")});
  }

  void read_adapter() {
    auto adapter = read_peft_adapter(weights_.config, folder_ / "initial", SavedModules::kLeftToCaller);
    ASSERT_TRUE(adapter.ok()) << adapter.error();
    adapter_ = std::move(adapter).value();
    for (const auto& item : adapter_->named()) trained_.push_back(item.tensor);
    // modules_to_save: trained whole beside the adapter.
    const Vectors initial(folder_ / "initial" / "adapter_model.safetensors");
    const auto saved = [&](const std::string& name, at::Tensor& weight) {
      if (initial.has(name)) trained_.push_back(weight = initial.floats(name).requires_grad_(true));
    };
    saved("base_model.model.model.embed_tokens.weight", weights_.embedding);
    saved("base_model.model.lm_head.weight", weights_.head);
  }

  [[nodiscard]] const Adapter* adapter() const { return adapter_ ? &*adapter_ : nullptr; }

  std::vector<TrainingRow> rows(const std::string& stem) const {
    const auto ids = batches_->integers(stem + ".ids"), mask = batches_->integers(stem + ".mask");
    const auto labels = batches_->integers(stem + ".labels");
    std::vector<TrainingRow> out;
    for (std::int64_t r = 0; r < ids.size(0); ++r) {
      TrainingRow row;
      row.answer_begin = -1;
      for (std::int64_t i = 0; i < ids.size(1); ++i) {
        if (mask[r][i].item<std::int64_t>() == 0) continue;
        row.tokens.push_back(static_cast<Token>(ids[r][i].item<std::int64_t>()));
        const bool has_loss = labels[r][i].item<std::int64_t>() != -100;
        if (has_loss && row.answer_begin < 0) row.answer_begin = i;
        EXPECT_EQ(has_loss, row.answer_begin >= 0) << "a loss that stops before the row does";
      }
      out.push_back(std::move(row));
    }
    return out;
  }

  double backward(const std::string& stem, double label_tokens) const {
    const auto batch = rows(stem);
    std::vector<const TrainingRow*> pointers;
    for (const auto& row : batch) pointers.push_back(&row);
    const auto input = prepare(weights_.config, pack(pointers));
    const PackedModel model(weights_, adapter(), 64);
    const auto loss = model.loss(model.embed(*input.tree), input, 0).loss / label_tokens;
    loss.backward();
    return loss.item<double>();
  }

  at::Tensor probe() const {
    const auto ids = batches_->integers("probe.ids");
    return packed_logits(weights_, adapter(), rows_of(ids, at::ones_like(ids))).at(0);
  }

  // b a added to the rows of the joined matrices, as merging does.
  void merge() {
    at::NoGradGuard no_grad;
    const auto& c = weights_.config;
    for (const auto& item : adapter_->named()) {
      if (!item.is_a) continue;
      auto& w = weights_.layers[static_cast<std::size_t>(item.layer)];
      const auto& pair = adapter_->at(item.layer, item.projection);
      const auto delta = at::matmul(pair.b, pair.a) * adapter_->settings.scale();
      const auto add = [&](at::Tensor& weight, std::int64_t from) {
        weight.narrow(0, from, delta.size(0)).add_(delta);
      };
      switch (item.projection) {
        case Projection::kQuery: add(w.qkv, 0); break;
        case Projection::kKey: add(w.qkv, c.q_size()); break;
        case Projection::kValue: add(w.qkv, c.q_size() + c.kv_size()); break;
        case Projection::kOutput: add(w.out, 0); break;
        case Projection::kGate: add(w.gate_up, 0); break;
        case Projection::kUp: add(w.gate_up, c.feed_forward); break;
        case Projection::kDown: add(w.down, 0); break;
      }
    }
    adapter_.reset();
  }

  std::filesystem::path folder_;
  nlohmann::json run_;
  std::optional<Vectors> batches_;
  ModelWeights weights_;
  std::optional<Adapter> adapter_;
  std::vector<at::Tensor> trained_;
  std::optional<Optimizer> optimizer_;
};

std::string two_digits(int n) { return (n < 10 ? "0" : "") + std::to_string(n); }

TEST_P(GoldenTraining, EveryStepHasTheRecordedLossAndNorm) {
  const int micro = run_.at("micro_batches");
  for (int step = 0; step < run_.at("steps").get<int>(); ++step) {
    const auto& expected = run_.at("log").at(static_cast<std::size_t>(step));
    double loss = 0;
    for (int m = 0; m < micro; ++m)
      loss += backward(two_digits(step) + "." + std::to_string(m), expected.at("label_tokens"));
    const double norm = optimizer_->step(expected.at("lr"));
    ASSERT_NEAR(loss, expected.at("loss").get<double>(), kRelative * expected.at("loss").get<double>())
        << "step " << step;
    ASSERT_NEAR(norm, expected.at("grad_norm").get<double>(), kRelative * expected.at("grad_norm").get<double>())
        << "step " << step;
  }
  EXPECT_LE(largest_difference(probe(), batches_->floats("probe.logits").squeeze(0)), kLogits);
  if (!adapter_) return;
  const Vectors final(folder_ / "final" / "adapter_model.safetensors");
  for (const auto& item : adapter_->named())
    EXPECT_LE(largest_difference(item.tensor.detach(), final.floats("base_model.model.model.layers." + item.name)),
              kLogits)
        << item.name;
  merge();
  EXPECT_LE(largest_difference(probe(), batches_->floats("probe.merged_logits").squeeze(0)), kLogits);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTraining, testing::ValuesIn(runs()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace fw::trainer
