#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>

#include "ggml.h"
#include "gguf.h"
#include "io/file.h"
#include "trainer/lora/adapter_files.h"
#include "trainer/model/gemm.h"
#include "trainer/weights/gguf_reader.h"

namespace fw::trainer {
namespace {

struct GgufDeleter {
  void operator()(gguf_context* c) const { gguf_free(c); }
};
struct GgmlDeleter {
  void operator()(ggml_context* c) const { ggml_free(c); }
};

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
  const auto a = adapter.reader.find(name + ".lora_a");
  const auto b = adapter.reader.find(name + ".lora_b");
  if (!a || !b) return data_loss("the adapter lacks one half of " + name);
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

Status write_durably(const gguf_context* gguf, const std::filesystem::path& out) {
  const std::filesystem::path stage = out.string() + ".partial";
  std::error_code error;
  bool written = gguf_write_to_file(gguf, stage.c_str(), false);
  if (written) {
    const int fd = ::open(stage.c_str(), O_RDONLY | O_CLOEXEC);
    written = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
  }
  if (written) std::filesystem::rename(stage, out, error);
  if (written && !error) return io::sync_folder(out.parent_path().empty() ? "." : out.parent_path());
  std::filesystem::remove(stage, error);
  return resource_exhausted("cannot write " + out.string() + "; is the disk full?");
}

Result<LowRankFiles> open_adapter(const std::filesystem::path& file) {
  FW_ASSIGN(auto reader, GgufReader::open(file));
  const auto alpha = reader.number("adapter.lora.alpha");
  if (reader.text("general.type") != "adapter" || reader.text("adapter.type") != "lora" || !alpha)
    return data_loss(file.string() + " is no LoRA adapter in GGUF form");
  return LowRankFiles{std::move(reader), *alpha};
}

}  // namespace

Status write_merged_model(const std::filesystem::path& model, const std::filesystem::path& gguf_adapter,
                          std::span<const int> keep_layers, MergedType type, const std::filesystem::path& out) {
  FW_ASSIGN(const auto reader, GgufReader::open(model));
  FW_ASSIGN(const auto adapter, open_adapter(gguf_adapter));
  const auto architecture = reader.text("general.architecture").value_or("");
  if (architecture != adapter.reader.text("general.architecture"))
    return invalid_argument("the adapter was trained on another architecture than " + architecture);
  std::map<int, int> new_number;
  for (const int layer : keep_layers) new_number.emplace(layer, static_cast<int>(new_number.size()));

  const std::unique_ptr<gguf_context, GgufDeleter> result(gguf_init_empty());
  gguf_set_kv(result.get(), reader.raw());
  gguf_set_val_u32(result.get(), "general.file_type", file_type_number(type));
  if (!keep_layers.empty())
    gguf_set_val_u32(result.get(), (architecture + ".block_count").c_str(),
                     static_cast<std::uint32_t>(keep_layers.size()));
  const auto count = static_cast<std::size_t>(reader.tensor_count());
  const std::unique_ptr<ggml_context, GgmlDeleter> tensors(
      ggml_init({ggml_tensor_overhead() * (count + 1), nullptr, true}));
  std::vector<std::string> merged;
  merged.reserve(count);
  std::size_t touched = 0;
  for (std::int64_t i = 0; i < reader.tensor_count(); ++i) {
    const auto name = renumbered(reader.tensor_name(i), new_number);
    if (!name) continue;
    const auto source = reader.tensor(i);
    std::vector<std::int64_t> ne(source.shape.rbegin(), source.shape.rend());
    const bool adapted = adapter.reader.find(*name + ".lora_a") || adapter.reader.find(*name + ".lora_b");
    const bool is_matrix = ne.size() == 2;
    const auto target = is_matrix ? to_ggml(type, ne[0]) : static_cast<ggml_type>(source.type);
    ggml_tensor* tensor = ggml_new_tensor(tensors.get(), target, static_cast<int>(ne.size()), ne.data());
    ggml_set_name(tensor, name->c_str());
    if (adapted || target != source.type) {
      std::vector<float> weight;
      FW_TRY(reader.dequantize(source, weight));
      if (adapted) {
        FW_TRY(add_low_rank(adapter, *name, source.shape, weight));
        touched += 2;
      }
      merged.push_back(encode(weight, ne[0], target));
      tensor->data = merged.back().data();
    } else {
      tensor->data = const_cast<char*>(source.bytes.data());
    }
    gguf_add_tensor(result.get(), tensor);
  }
  if (touched != static_cast<std::size_t>(adapter.reader.tensor_count()))
    return invalid_argument(
        "the adapter has tensors that the model does not have; was it trained with other keep_layers?");
  return write_durably(result.get(), out);
}

}  // namespace fw::trainer
