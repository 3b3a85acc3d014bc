#include "trainer/weights/gguf_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ggml.h"
#include "gguf.h"
#include "modelfile/gguf_model.h"

namespace fw::trainer {
namespace {

// ggml reports why it refused a file through its log alone.
class LogCapture {
 public:
  LogCapture() { ggml_log_set(&LogCapture::append, this); }
  ~LogCapture() {
    ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  [[nodiscard]] std::string first_line() const { return text_.substr(0, text_.find('\n')); }

 private:
  static void append(ggml_log_level, const char* text, void* self) { static_cast<LogCapture*>(self)->text_ += text; }
  std::string text_;
};

// The model's files. What ggml refuses anyway is left to it: its words are the better ones.
Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& file) {
  const auto header = modelfile::read_gguf_header(file);
  if (!header.ok() || header->find("split.count") == nullptr) return std::vector{file};
  FW_ASSIGN(auto model, modelfile::read_gguf_model(file));
  return std::move(model.files);
}

Status check_extents(const gguf_context* context, std::uint64_t size) {
  const std::uint64_t start = gguf_get_data_offset(context);
  for (std::int64_t i = 0; i < gguf_get_n_tensors(context); ++i) {
    const std::uint64_t offset = gguf_get_tensor_offset(context, i);
    const std::uint64_t bytes = gguf_get_tensor_size(context, i);
    std::uint64_t end = 0;
    if (__builtin_add_overflow(start, offset, &end) || __builtin_add_overflow(end, bytes, &end) || end > size)
      return data_loss("tensor " + std::string(gguf_get_tensor_name(context, i)) +
                       " reaches beyond the end of the file; it may be truncated, fetch it again");
  }
  return {};
}

}  // namespace

Result<GgufReader> GgufReader::open(const std::filesystem::path& file) {
  FW_ASSIGN(const auto files, files_of(file));
  GgufReader reader;
  for (const auto& part : files) {
    if (auto status = reader.add(part); !status.ok()) return std::move(status).error();
  }
  return reader;
}

Status GgufReader::add(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + file.string(), errno);
  struct stat info{};
  const bool readable = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 24;
  void* mapped =
      readable ? ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  ::close(fd);
  if (mapped == MAP_FAILED) return data_loss(file.string() + " is no GGUF file: it is too short or no file at all");
  const std::int64_t first = parts_.empty() ? 0 : tensor_count();
  Part& part = parts_.emplace_back(
      Part{nullptr, static_cast<const char*>(mapped), static_cast<std::size_t>(info.st_size), first});
  if (std::memcmp(part.data, "GGUF", 4) != 0)
    return data_loss(file.string() + " is no GGUF file: it does not begin with \"GGUF\"");
  LogCapture log;
  part.context = gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = nullptr});
  if (part.context == nullptr)
    return data_loss(file.string() + " cannot be read as GGUF (" + log.first_line() +
                     "); it may be truncated, fetch it again");
  if (auto status = check_extents(part.context, part.size); !status.ok()) return status.error().within(file.string());
  return {};
}

GgufReader::~GgufReader() {
  for (const auto& part : parts_) {
    if (part.context != nullptr) gguf_free(part.context);
    ::munmap(const_cast<char*>(part.data), part.size);
  }
}

GgufReader::GgufReader(GgufReader&& other) noexcept : parts_(std::exchange(other.parts_, {})) {}

const GgufReader::Part& GgufReader::part_of(std::int64_t index) const {
  std::size_t part = parts_.size() - 1;
  while (part > 0 && index < parts_[part].first_tensor) --part;
  return parts_[part];
}

bool GgufReader::has(const std::string& key) const { return gguf_find_key(keys(), key.c_str()) >= 0; }

std::optional<std::int64_t> GgufReader::integer(const std::string& key) const {
  const auto id = gguf_find_key(keys(), key.c_str());
  if (id < 0) return std::nullopt;
  switch (gguf_get_kv_type(keys(), id)) {
    case GGUF_TYPE_UINT8: return gguf_get_val_u8(keys(), id);
    case GGUF_TYPE_INT8: return gguf_get_val_i8(keys(), id);
    case GGUF_TYPE_UINT16: return gguf_get_val_u16(keys(), id);
    case GGUF_TYPE_INT16: return gguf_get_val_i16(keys(), id);
    case GGUF_TYPE_UINT32: return gguf_get_val_u32(keys(), id);
    case GGUF_TYPE_INT32: return gguf_get_val_i32(keys(), id);
    case GGUF_TYPE_INT64: return gguf_get_val_i64(keys(), id);
    case GGUF_TYPE_UINT64: {
      const auto value = gguf_get_val_u64(keys(), id);
      return value > INT64_MAX ? std::nullopt : std::optional<std::int64_t>(static_cast<std::int64_t>(value));
    }
    default: return std::nullopt;
  }
}

std::optional<double> GgufReader::number(const std::string& key) const {
  const auto id = gguf_find_key(keys(), key.c_str());
  if (id < 0) return std::nullopt;
  if (gguf_get_kv_type(keys(), id) == GGUF_TYPE_FLOAT32) return gguf_get_val_f32(keys(), id);
  if (gguf_get_kv_type(keys(), id) == GGUF_TYPE_FLOAT64) return gguf_get_val_f64(keys(), id);
  const auto whole = integer(key);
  return whole ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
}

std::optional<std::string> GgufReader::text(const std::string& key) const {
  const auto id = gguf_find_key(keys(), key.c_str());
  if (id < 0 || gguf_get_kv_type(keys(), id) != GGUF_TYPE_STRING) return std::nullopt;
  return gguf_get_val_str(keys(), id);
}

std::int64_t GgufReader::array_size(const std::string& key) const {
  const auto id = gguf_find_key(keys(), key.c_str());
  if (id < 0 || gguf_get_kv_type(keys(), id) != GGUF_TYPE_ARRAY) return 0;
  return static_cast<std::int64_t>(gguf_get_arr_n(keys(), id));
}

std::vector<std::int64_t> GgufReader::integers(const std::string& key) const {
  std::vector<std::int64_t> out;
  const auto id = gguf_find_key(keys(), key.c_str());
  if (id < 0 || gguf_get_kv_type(keys(), id) != GGUF_TYPE_ARRAY) return out;
  const auto append = [&]<class T>(T) {
    const T* values = static_cast<const T*>(gguf_get_arr_data(keys(), id));
    for (std::size_t i = 0; i < gguf_get_arr_n(keys(), id); ++i) out.push_back(static_cast<std::int64_t>(values[i]));
  };
  switch (gguf_get_arr_type(keys(), id)) {
    case GGUF_TYPE_BOOL:
    case GGUF_TYPE_UINT8: append(std::uint8_t{}); break;
    case GGUF_TYPE_INT8: append(std::int8_t{}); break;
    case GGUF_TYPE_UINT32: append(std::uint32_t{}); break;
    case GGUF_TYPE_INT32: append(std::int32_t{}); break;
    default: break;
  }
  return out;
}

std::int64_t GgufReader::tensor_count() const {
  return parts_.back().first_tensor +
         (parts_.back().context == nullptr ? 0 : gguf_get_n_tensors(parts_.back().context));
}

std::string GgufReader::tensor_name(std::int64_t index) const {
  const Part& part = part_of(index);
  return gguf_get_tensor_name(part.context, index - part.first_tensor);
}

GgufReader::Tensor GgufReader::tensor(std::int64_t index) const {
  const Part& part = part_of(index);
  const std::int64_t own = index - part.first_tensor;
  Tensor tensor;
  tensor.index = index;
  tensor.type = gguf_get_tensor_type(part.context, own);
  const std::int64_t* ne = gguf_get_tensor_ne(part.context, own);
  int dimensions = GGML_MAX_DIMS;
  while (dimensions > 1 && ne[dimensions - 1] == 1) --dimensions;
  for (int i = dimensions - 1; i >= 0; --i) tensor.shape.push_back(ne[i]);
  tensor.bytes = {part.data + gguf_get_data_offset(part.context) + gguf_get_tensor_offset(part.context, own),
                  gguf_get_tensor_size(part.context, own)};
  return tensor;
}

std::optional<GgufReader::Tensor> GgufReader::find(const std::string& name) const {
  for (const Part& part : parts_) {
    const auto index = gguf_find_tensor(part.context, name.c_str());
    if (index >= 0) return tensor(part.first_tensor + index);
  }
  return std::nullopt;
}

Status GgufReader::dequantize(const Tensor& tensor, std::vector<float>& out) const {
  std::size_t elements = 1;
  for (const auto dimension : tensor.shape) elements *= static_cast<std::size_t>(dimension);
  out.resize(elements);
  if (tensor.type == GGML_TYPE_F32) {
    std::memcpy(out.data(), tensor.bytes.data(), elements * sizeof(float));
    return {};
  }
  const auto* traits = ggml_get_type_traits(static_cast<ggml_type>(tensor.type));
  if (traits == nullptr || traits->to_float == nullptr)
    return unimplemented("tensor " + tensor_name(tensor.index) + " has type " +
                         ggml_type_name(static_cast<ggml_type>(tensor.type)) + ", which ggml does not dequantise");
  traits->to_float(tensor.bytes.data(), out.data(), static_cast<std::int64_t>(elements));
  return {};
}

}  // namespace fw::trainer
