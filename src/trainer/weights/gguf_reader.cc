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

}  // namespace

Result<GgufReader> GgufReader::open(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + file.string(), errno);
  struct stat info{};
  const bool readable = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 24;
  void* mapped =
      readable ? ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  ::close(fd);
  if (mapped == MAP_FAILED) return data_loss(file.string() + " is no GGUF file: it is too short or no file at all");
  GgufReader reader;
  reader.data_ = static_cast<const char*>(mapped);
  reader.size_ = static_cast<std::size_t>(info.st_size);
  if (std::memcmp(reader.data_, "GGUF", 4) != 0)
    return data_loss(file.string() + " is no GGUF file: it does not begin with \"GGUF\"");
  LogCapture log;
  reader.context_ = gguf_init_from_file(file.c_str(), {.no_alloc = true, .ctx = nullptr});
  if (reader.context_ == nullptr)
    return data_loss(file.string() + " cannot be read as GGUF (" + log.first_line() +
                     "); it may be truncated, fetch it again");
  if (auto status = reader.check_extents(reader.size_); !status.ok()) return status.error().within(file.string());
  return reader;
}

GgufReader::~GgufReader() {
  if (context_ != nullptr) gguf_free(context_);
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

GgufReader::GgufReader(GgufReader&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Status GgufReader::check_extents(std::uint64_t size) const {
  const std::uint64_t start = gguf_get_data_offset(context_);
  for (std::int64_t i = 0; i < tensor_count(); ++i) {
    const std::uint64_t offset = gguf_get_tensor_offset(context_, i);
    const std::uint64_t bytes = gguf_get_tensor_size(context_, i);
    std::uint64_t end = 0;
    if (__builtin_add_overflow(start, offset, &end) || __builtin_add_overflow(end, bytes, &end) || end > size)
      return data_loss("tensor " + tensor_name(i) +
                       " reaches beyond the end of the file; it may be truncated, fetch it again");
  }
  return {};
}

std::optional<std::int64_t> GgufReader::integer(const std::string& key) const {
  const auto id = gguf_find_key(context_, key.c_str());
  if (id < 0) return std::nullopt;
  switch (gguf_get_kv_type(context_, id)) {
    case GGUF_TYPE_UINT8: return gguf_get_val_u8(context_, id);
    case GGUF_TYPE_INT8: return gguf_get_val_i8(context_, id);
    case GGUF_TYPE_UINT16: return gguf_get_val_u16(context_, id);
    case GGUF_TYPE_INT16: return gguf_get_val_i16(context_, id);
    case GGUF_TYPE_UINT32: return gguf_get_val_u32(context_, id);
    case GGUF_TYPE_INT32: return gguf_get_val_i32(context_, id);
    case GGUF_TYPE_INT64: return gguf_get_val_i64(context_, id);
    case GGUF_TYPE_UINT64: {
      const auto value = gguf_get_val_u64(context_, id);
      return value > INT64_MAX ? std::nullopt : std::optional<std::int64_t>(static_cast<std::int64_t>(value));
    }
    default: return std::nullopt;
  }
}

std::optional<double> GgufReader::number(const std::string& key) const {
  const auto id = gguf_find_key(context_, key.c_str());
  if (id < 0) return std::nullopt;
  if (gguf_get_kv_type(context_, id) == GGUF_TYPE_FLOAT32) return gguf_get_val_f32(context_, id);
  if (gguf_get_kv_type(context_, id) == GGUF_TYPE_FLOAT64) return gguf_get_val_f64(context_, id);
  const auto whole = integer(key);
  return whole ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
}

std::optional<std::string> GgufReader::text(const std::string& key) const {
  const auto id = gguf_find_key(context_, key.c_str());
  if (id < 0 || gguf_get_kv_type(context_, id) != GGUF_TYPE_STRING) return std::nullopt;
  return gguf_get_val_str(context_, id);
}

std::int64_t GgufReader::array_size(const std::string& key) const {
  const auto id = gguf_find_key(context_, key.c_str());
  if (id < 0 || gguf_get_kv_type(context_, id) != GGUF_TYPE_ARRAY) return 0;
  return static_cast<std::int64_t>(gguf_get_arr_n(context_, id));
}

std::int64_t GgufReader::tensor_count() const { return gguf_get_n_tensors(context_); }

std::string GgufReader::tensor_name(std::int64_t index) const { return gguf_get_tensor_name(context_, index); }

GgufReader::Tensor GgufReader::tensor(std::int64_t index) const {
  Tensor tensor;
  tensor.index = index;
  tensor.type = gguf_get_tensor_type(context_, index);
  const std::int64_t* ne = gguf_get_tensor_ne(context_, index);
  int dimensions = GGML_MAX_DIMS;
  while (dimensions > 1 && ne[dimensions - 1] == 1) --dimensions;
  for (int i = dimensions - 1; i >= 0; --i) tensor.shape.push_back(ne[i]);
  tensor.bytes = {data_ + gguf_get_data_offset(context_) + gguf_get_tensor_offset(context_, index),
                  gguf_get_tensor_size(context_, index)};
  return tensor;
}

std::optional<GgufReader::Tensor> GgufReader::find(const std::string& name) const {
  const auto index = gguf_find_tensor(context_, name.c_str());
  if (index < 0) return std::nullopt;
  return tensor(index);
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
