#include <algorithm>
#include <map>
#include <optional>

#include "ggml.h"
#include "modelfile/gguf_model.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/model/gemm.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

// `blk.7.attn_q.weight` under its number among the kept layers; nullopt for a layer that is dropped.
std::optional<std::string> renumbered(const std::string& name, const std::map<int, int>& new_number) {
  if (!name.starts_with("blk.") || new_number.empty()) return name;
  const auto dot = name.find('.', 4);
  if (dot == std::string::npos || dot == 4 || dot > 9) return name;
  const std::string number = name.substr(4, dot - 4);
  if (!std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) return name;
  const auto it = new_number.find(std::stoi(number));
  if (it == new_number.end()) return std::nullopt;
  return "blk." + std::to_string(it->second) + name.substr(dot);
}

struct LowRankFiles {
  GgufReader reader;
  double alpha;
};

// weight += alpha / rank * b a; the rows of GGUF adapter and GGUF model are in one order.
Status add_low_rank(const LowRankFiles& adapter, const std::string& name, const std::vector<std::int64_t>& shape,
                    std::vector<float>& weight) {
  auto a = adapter.reader.find(name + ".lora_a");
  const auto b = adapter.reader.find(name + ".lora_b");
  if (!a || !b) return data_loss("the adapter lacks one half of " + name);
  if (a->shape.size() == 1) a->shape.insert(a->shape.begin(), 1);  // of rank 1, which the reader cannot tell
  if (shape.size() != 2 || a->shape.size() != 2 || b->shape.size() != 2 || a->shape[1] != shape[1] ||
      b->shape[0] != shape[0] || a->shape[0] != b->shape[1])
    return data_loss("the adapter's shape of " + name + " does not fit the model");
  std::vector<float> a_values, b_values;
  FW_TRY(adapter.reader.dequantize(*a, a_values));
  FW_TRY(adapter.reader.dequantize(*b, b_values));
  const std::int64_t rank = a->shape[0];
  gemm(shape[0], shape[1], rank, static_cast<float>(adapter.alpha / static_cast<double>(rank)),
       plain(b_values.data(), rank), plain(a_values.data(), shape[1]), 1, weight.data(), shape[1]);
  return {};
}

// Of a matrix with rows of `width`.
ggml_type to_ggml(MergedType type, std::int64_t width) {
  switch (type) {
    case MergedType::kF32: return GGML_TYPE_F32;
    case MergedType::kF16: return GGML_TYPE_F16;
    case MergedType::kBF16: return GGML_TYPE_BF16;
    case MergedType::kQ8_0: return width % ggml_blck_size(GGML_TYPE_Q8_0) == 0 ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
  }
  return GGML_TYPE_F32;
}

// llama.cpp's number for a file of which most is of a type (its header enumerates them as LLAMA_FTYPE_...).
std::uint32_t file_type_number(MergedType type) {
  switch (type) {
    case MergedType::kF32: return 0;
    case MergedType::kF16: return 1;
    case MergedType::kBF16: return 32;
    case MergedType::kQ8_0: return 7;
  }
  return 0;
}

std::string encode(const std::vector<float>& values, std::int64_t width, ggml_type type) {
  const auto rows = static_cast<std::int64_t>(values.size()) / width;
  std::string bytes(static_cast<std::size_t>(rows) * ggml_row_size(type, width), '\0');
  if (type == GGML_TYPE_F32) {
    std::copy_n(reinterpret_cast<const char*>(values.data()), bytes.size(), bytes.data());
  } else {
    ggml_quantize_chunk(type, values.data(), bytes.data(), 0, rows, width, nullptr);
  }
  return bytes;
}

Result<LowRankFiles> open_adapter(const std::filesystem::path& file) {
  FW_ASSIGN(auto reader, GgufReader::open(file));
  const auto alpha = reader.number("adapter.lora.alpha");
  if (reader.text("general.type") != "adapter" || reader.text("adapter.type") != "lora" || !alpha)
    return data_loss(file.string() + " is no LoRA adapter in GGUF form");
  return LowRankFiles{std::move(reader), *alpha};
}

// The merged model's header, and for each of its tensors the index of the one it is made of.
struct Plan {
  modelfile::GgufHeader header;
  std::vector<std::int64_t> source_of;
  std::size_t adapted = 0;  ///< tensors of the adapter that have their place
};

bool is_adapted(const LowRankFiles& adapter, const std::string& name) {
  return adapter.reader.find(name + ".lora_a") || adapter.reader.find(name + ".lora_b");
}

Plan plan_merge(const GgufReader& reader, const LowRankFiles& adapter, const modelfile::GgufModel& model,
                std::span<const int> keep_layers, MergedType type) {
  std::map<int, int> new_number;
  for (const int layer : keep_layers) new_number.emplace(layer, static_cast<int>(new_number.size()));
  const auto architecture = reader.text("general.architecture").value_or("");
  Plan plan;
  plan.header.alignment = model.header.alignment;
  plan.header.metadata = model.header.metadata;
  plan.header.set("general.file_type", modelfile::GgufValue::u32(file_type_number(type)));
  if (!keep_layers.empty())
    plan.header.set(architecture + ".block_count",
                    modelfile::GgufValue::u32(static_cast<std::uint32_t>(keep_layers.size())));
  for (std::int64_t i = 0; i < reader.tensor_count(); ++i) {
    const auto name = renumbered(reader.tensor_name(i), new_number);
    if (!name) continue;
    const auto source = reader.tensor(i);
    const bool is_matrix = source.shape.size() == 2;
    const auto target = is_matrix ? to_ggml(type, source.shape[1]) : static_cast<ggml_type>(source.type);
    plan.header.tensors.push_back(
        {*name, static_cast<std::uint32_t>(target), {source.shape.rbegin(), source.shape.rend()}});
    plan.source_of.push_back(i);
    if (is_adapted(adapter, *name)) plan.adapted += 2;
  }
  return plan;
}

// One tensor of the merged model's bytes.
Status write_tensor(const GgufReader& reader, const LowRankFiles& adapter, const modelfile::GgufTensor& tensor,
                    std::int64_t index, const std::function<Status(std::string_view)>& sink) {
  const auto source = reader.tensor(index);
  const auto target = static_cast<ggml_type>(tensor.type);
  const bool adapted = is_adapted(adapter, tensor.name);
  if (!adapted && target == source.type) return sink(source.bytes);
  std::vector<float> weight;
  FW_TRY(reader.dequantize(source, weight));
  if (adapted) FW_TRY(add_low_rank(adapter, tensor.name, source.shape, weight));
  return sink(encode(weight, source.shape.back(), target));
}

}  // namespace

Status write_merged_model(const std::filesystem::path& model, const std::filesystem::path& gguf_adapter,
                          std::span<const int> keep_layers, MergedType type, const std::filesystem::path& out) {
  FW_ASSIGN(const auto reader, GgufReader::open(model));
  FW_ASSIGN(const auto gguf, modelfile::read_gguf_model(model));
  FW_ASSIGN(const auto adapter, open_adapter(gguf_adapter));
  const auto architecture = reader.text("general.architecture").value_or("");
  if (architecture != adapter.reader.text("general.architecture"))
    return invalid_argument("the adapter was trained on another architecture than " + architecture);
  auto plan = plan_merge(reader, adapter, gguf, keep_layers, type);
  if (plan.adapted != static_cast<std::size_t>(adapter.reader.tensor_count()))
    return invalid_argument(
        "the adapter has tensors that the model does not have; was it trained with other keep_layers?");
  std::size_t next = 0;
  return modelfile::write_gguf(std::filesystem::absolute(out), std::move(plan.header),
                               [&](const modelfile::GgufTensor& tensor, const auto& sink) {
                                 return write_tensor(reader, adapter, tensor, plan.source_of[next++], sink);
                               });
}

}  // namespace fw::trainer
