#include "trainer/tests/golden_support.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace fw::trainer {

std::filesystem::path golden_folder() {
  if (const char* folder = std::getenv("FLYWHEEL_GOLDEN_DIR")) return folder;
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : FW_SOURCE_DIR) / "tests" / "golden";
}

std::vector<std::string> folders_in(const std::filesystem::path& parent) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error))
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

namespace {
template <class T>
T or_throw(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}
}  // namespace

Vectors::Vectors(const std::filesystem::path& file) : file_(or_throw(modelfile::SafetensorsFile::open(file))) {}

at::Tensor Vectors::floats(const std::string& name) const {
  const auto* entry = file_.find(name);
  if (entry == nullptr) throw std::runtime_error("no tensor " + name);
  auto tensor = at::empty(entry->shape, at::kFloat);
  const auto status =
      file_.read_floats(*entry, {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  if (!status.ok()) throw std::runtime_error(status.error().message);
  return tensor;
}

at::Tensor Vectors::integers(const std::string& name) const {
  const auto* entry = file_.find(name);
  if (entry == nullptr) throw std::runtime_error("no tensor " + name);
  const auto values = or_throw(file_.read_integers(*entry));
  auto tensor = at::empty(entry->shape, at::kLong);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

ModelWeights load_or_throw(const std::filesystem::path& model) {
  const auto source = or_throw(open_weights(model));
  return or_throw(load_weights(*source));
}

std::vector<TrainingRow> rows_of(const at::Tensor& ids, const at::Tensor& mask) {
  std::vector<TrainingRow> rows;
  for (std::int64_t r = 0; r < ids.size(0); ++r) {
    TrainingRow row;
    for (std::int64_t i = 0; i < ids.size(1); ++i)
      if (mask.const_data_ptr<std::int64_t>()[r * ids.size(1) + i] != 0)
        row.tokens.push_back(static_cast<Token>(ids.const_data_ptr<std::int64_t>()[r * ids.size(1) + i]));
    row.tokens.push_back(0);
    row.answer_begin = static_cast<std::int64_t>(row.tokens.size()) - 1;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<at::Tensor> packed_logits(const ModelWeights& weights, const Adapter* adapter,
                                      const std::vector<TrainingRow>& rows, std::int64_t shortest_shared) {
  at::NoGradGuard no_grad;
  std::vector<const TrainingRow*> pointers;
  std::size_t longest = 1;
  for (const auto& row : rows) {
    pointers.push_back(&row);
    longest = std::max(longest, row.tokens.size());
  }
  const auto input = prepare(weights.config, pack(pointers, shortest_shared));
  const auto flat = PackedModel(weights, adapter, static_cast<std::int64_t>(longest)).logits(input);
  std::vector<at::Tensor> out;
  for (const int leaf : input.tree->leaves) {
    std::vector<at::Tensor> pieces;
    for (const int s : input.tree->path(leaf)) {
      const auto& segment = input.tree->segments[static_cast<std::size_t>(s)];
      pieces.push_back(flat.narrow(0, segment.start, segment.length));
    }
    out.push_back(at::cat(pieces, 0));
  }
  return out;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) throw std::runtime_error("compared tensors have other shapes");
  return a.numel() == 0 ? 0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace fw::trainer
