#include "trainer/device/cuda/cuda_device.h"

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "base/assert.h"
#include "trainer/device/cuda/kernels.h"
#include "trainer/device/memory.h"

namespace fw::trainer {
namespace {

constexpr std::size_t kStagingBytes = 4ULL << 20;
constexpr std::size_t kWorkspaceBytes = 32ULL << 20;  // what cuBLAS asks for on sm_90

void check(cudaError_t error) {
  if (error == cudaErrorMemoryAllocation) throw DeviceMemoryExhausted();
  if (error != cudaSuccess) throw std::runtime_error(std::string("the GPU failed: ") + cudaGetErrorString(error));
}
void check(cublasStatus_t status) {
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw DeviceMemoryExhausted();
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string("the GPU failed in a matrix product: ") + cublasGetStatusString(status));
}

cudaDataType_t type_of(Element element) { return element == Element::kBf16 ? CUDA_R_16BF : CUDA_R_32F; }

// A view of contiguous rows as [rows, heads, head_dim].
at::Tensor heads_of(const View& view, std::int64_t heads) {
  return at::from_blob(view.data, {view.rows, heads, view.columns / heads}, {view.stride, view.columns / heads, 1},
                       at::TensorOptions().dtype(at::kBFloat16).device(at::kCUDA));
}
at::Tensor starts_of(const std::int32_t* starts, std::int64_t segments) {
  return at::from_blob(const_cast<std::int32_t*>(starts), {segments + 1},
                       at::TensorOptions().dtype(at::kInt).device(at::kCUDA));
}
View view_of(const at::Tensor& heads) {
  const std::int64_t width = heads.size(1) * heads.size(2);
  return {heads.data_ptr(), heads.size(0), width, width, Element::kBf16};
}

struct AttentionResults {
  at::Tensor out, log_sums, random_state, unused;
};

struct CudaParameters final : ParameterSet {
  cuda::Parameters set{};
};

class CudaRecording final : public Device::Recording {
 public:
  void replay() override { graph.replay(); }
  at::cuda::CUDAGraph graph;
  std::shared_ptr<int> sharing;  ///< by all recordings of a pool: it is gone with the last of them
};

// cuBLAS on one stream, with a workspace of its own.
class Products {
 public:
  explicit Products(cudaStream_t stream) {
    check(cublasCreate(&handle_));
    check(cudaMalloc(&workspace_, kWorkspaceBytes));
    check(cublasSetStream(handle_, stream));
    check(cublasSetWorkspace(handle_, workspace_, kWorkspaceBytes));
  }
  ~Products() {
    cublasDestroy(handle_);
    cudaFree(workspace_);
  }
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  // cuBLAS counts columns first: what is written here as out = left right is out^T = right^T left^T to it.
  void multiply(const View& out, float alpha, const Factor& left, const Factor& right, float beta) {
    const std::int64_t depth = left.transposed ? left.matrix.rows : left.matrix.columns;
    FW_ASSERT(depth == (right.transposed ? right.matrix.columns : right.matrix.rows));
    FW_ASSERT(out.rows == (left.transposed ? left.matrix.columns : left.matrix.rows));
    FW_ASSERT(out.columns == (right.transposed ? right.matrix.rows : right.matrix.columns));
    const auto side = [](const Factor& f) { return f.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const auto number = [](std::int64_t n) { return static_cast<int>(n); };
    check(cublasGemmEx(handle_, side(right), side(left), number(out.columns), number(out.rows), number(depth), &alpha,
                       right.matrix.data, type_of(right.matrix.element), number(right.matrix.stride), left.matrix.data,
                       type_of(left.matrix.element), number(left.matrix.stride), &beta, out.data, type_of(out.element),
                       number(out.stride), CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  }

 private:
  cublasHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
};

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(std::string name)
      : name_(std::move(name)),
        stream_(prepared_stream()),
        aside_(c10::cuda::getStreamFromPool().stream()),
        main_(stream_),
        beside_(aside_) {
    for (auto* event : {&forked_, &joined_}) check(cudaEventCreateWithFlags(event, cudaEventDisableTiming));
    check(cudaMallocHost(&staging_, kStagingBytes));
  }
  ~CudaDevice() override {
    cudaStreamSynchronize(stream_);
    for (void* memory : owned_) cudaFree(memory);
    cudaEventDestroy(forked_);
    cudaEventDestroy(joined_);
    cudaFreeHost(staging_);
  }
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] Element activation() const override { return Element::kBf16; }
  [[nodiscard]] std::int64_t head_width(std::int64_t head_dim) const override { return (head_dim + 7) / 8 * 8; }

  [[nodiscard]] std::uint64_t free_bytes() const override {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total));
    return free;
  }
  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const std::size_t size = std::max<std::size_t>(bytes, 16);
    auto error = cudaMalloc(&memory, size);
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      c10::cuda::CUDACachingAllocator::emptyCache();
      error = cudaMalloc(&memory, size);
    }
    if (error == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      return nullptr;
    }
    check(error);
    check(cudaMemsetAsync(memory, 0, size, stream_));
    return memory;
  }
  void release(void* memory) override {
    check(cudaStreamSynchronize(stream_));
    check(cudaFree(memory));
  }
  void upload(void* to, const void* from, std::size_t bytes) override {
    const bool is_staged = bytes <= kStagingBytes;
    if (is_staged) {
      check(cudaStreamSynchronize(stream_));  // what was staged before has left
      std::memcpy(staging_, from, bytes);
    }
    check(cudaMemcpyAsync(to, is_staged ? staging_ : from, bytes, cudaMemcpyHostToDevice, stream_));
    if (!is_staged) check(cudaStreamSynchronize(stream_));
  }
  void upload_rows(const View& to, const void* from) override {
    const auto width = static_cast<std::size_t>(bytes_of(to.element));
    const std::size_t row = static_cast<std::size_t>(to.columns) * width;
    check(cudaMemcpy2DAsync(to.data, static_cast<std::size_t>(to.stride) * width, from, row, row,
                            static_cast<std::size_t>(to.rows), cudaMemcpyHostToDevice, stream_));
    check(cudaStreamSynchronize(stream_));
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_));
    check(cudaStreamSynchronize(stream_));
  }
  void clear(void* memory, std::size_t bytes) override { check(cudaMemsetAsync(memory, 0, bytes, stream_)); }
  void synchronise() override { check(cudaStreamSynchronize(stream_)); }

  void multiply(const View& out, float alpha, const Factor& left, const Factor& right, float beta) override {
    main_.multiply(out, alpha, left, right, beta);
  }
  void multiply_aside(const View& out, float alpha, const Factor& left, const Factor& right, float beta) override {
    check(cudaEventRecord(forked_, stream_));
    check(cudaStreamWaitEvent(aside_, forked_));
    beside_.multiply(out, alpha, left, right, beta);
    is_forked_ = true;
  }
  void join() override {
    if (!is_forked_) return;
    check(cudaEventRecord(joined_, aside_));
    check(cudaStreamWaitEvent(stream_, joined_));
    is_forked_ = false;
  }

  void drop(const Drop& op) override {
    cuda::drop(op, stream_);
    launched();
  }
  void embed(const Embedding& op) override {
    cuda::embed(op, stream_);
    launched();
  }
  void norm(const Norm& op) override {
    cuda::norm(op, stream_);
    launched();
  }
  void norm_gradient(const NormGradient& op) override {
    cuda::norm_gradient(op, stream_);
    launched();
  }
  void gate(const Gate& op) override {
    cuda::gate(op, stream_);
    launched();
  }
  void gate_gradient(const GateGradient& op) override {
    cuda::gate_gradient(op, stream_);
    launched();
  }
  void cross_entropy(const CrossEntropy& op) override {
    cuda::cross_entropy(op, stream_);
    launched();
  }
  void take_rows(const View& in, const std::int32_t* index, const View& out) override {
    cuda::take_rows(in, index, out, stream_);
    launched();
  }
  void sum_rows(const View& in, const std::int32_t* starts, const View& out) override {
    cuda::sum_rows(in, starts, out, stream_);
    launched();
  }

  void attend(const Attention& op, AttentionState& state, const View& out) override {
    cuda::form_heads(op, state, stream_);
    launched();
    const auto& r = *op.rows;
    auto results = std::make_shared<AttentionResults>();
    try {
      const auto found = at::_flash_attention_forward(
          heads_of(state.q.rows_from(0, r.tokens), op.sizes.heads),
          heads_of(state.k.rows_from(0, r.gathered), op.sizes.kv_heads),
          heads_of(state.v.rows_from(0, r.gathered), op.sizes.kv_heads), starts_of(r.query_starts, r.segments),
          starts_of(r.key_starts, r.segments), r.longest_query, r.longest_key, 0.0, true, false,
          static_cast<double>(op.sizes.scale), window_of(op));
      *results = {std::get<0>(found), std::get<1>(found), std::get<2>(found), std::get<3>(found)};
    } catch (const c10::OutOfMemoryError&) {
      throw DeviceMemoryExhausted();
    }
    const auto attended = view_of(results->out);
    if (attended.columns == out.columns) {
      cuda::copy_rows(attended, out, stream_);
    } else {
      cuda::copy_heads(attended, out, op.sizes.heads, stream_);
    }
    launched();
    state.kept = std::move(results);
  }

  void attend_gradient(const AttentionGradient& op, const AttentionState& state) override {
    const auto& f = op.forward;
    const auto& r = *f.rows;
    const auto& kept = *static_cast<const AttentionResults*>(state.kept.get());
    at::Tensor dq, dk, dv;
    try {
      auto d_out = heads_of(op.d_out, f.sizes.heads);
      if (state.q.columns != op.d_out.columns) {
        d_out = at::empty_like(kept.out);
        cuda::copy_heads(op.d_out, view_of(d_out), f.sizes.heads, stream_);
      }
      // With fewer key heads than query heads it would make this copy too, and sum its result in two passes of its own.
      const auto k = state.k.rows_from(0, r.gathered), v = state.v.rows_from(0, r.gathered);
      auto all_k = heads_of(k, f.sizes.kv_heads), all_v = heads_of(v, f.sizes.kv_heads);
      if (const std::int64_t group = f.sizes.heads / f.sizes.kv_heads; group > 1) {
        all_k = at::empty({k.rows, f.sizes.heads, all_k.size(2)}, all_k.options());
        all_v = at::empty_like(all_k);
        cuda::repeat_heads(k, v, all_k.data_ptr(), all_v.data_ptr(), f.sizes.kv_heads, group, stream_);
      }
      std::tie(dq, dk, dv) = at::_flash_attention_backward(
          d_out, heads_of(state.q.rows_from(0, r.tokens), f.sizes.heads), all_k, all_v, kept.out, kept.log_sums,
          starts_of(r.query_starts, r.segments), starts_of(r.key_starts, r.segments), r.longest_query, r.longest_key,
          0.0, true, kept.random_state, kept.unused, static_cast<double>(f.sizes.scale), window_of(f));
    } catch (const c10::OutOfMemoryError&) {
      throw DeviceMemoryExhausted();
    }
    FW_ASSERT(dq.is_contiguous() && dk.is_contiguous() && dv.is_contiguous());
    cuda::spread_heads(op, dq.size(2), dq.data_ptr(), dk.data_ptr(), dv.data_ptr(), stream_);
    launched();
  }

  std::unique_ptr<ParameterSet> own(const Parameter* parameters, std::size_t count, float* values, float* means,
                                    float* variances) override {
    std::vector<cuda::Tile> tiles;
    for (std::size_t i = 0; i < count; ++i)
      for (std::int64_t at = 0; at * cuda::kTileElements < parameters[i].rows * parameters[i].columns; ++at)
        tiles.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(at)});
    auto out = std::make_unique<CudaParameters>();
    out->set.parameters = static_cast<const Parameter*>(kept_copy(parameters, count * sizeof *parameters));
    out->set.tiles = static_cast<const cuda::Tile*>(kept_copy(tiles.data(), tiles.size() * sizeof tiles[0]));
    out->set.tile_count = static_cast<std::int64_t>(tiles.size());
    out->set.values = values;
    out->set.means = means;
    out->set.variances = variances;
    out->set.partial_sums = static_cast<float*>(kept_copy(nullptr, tiles.size() * sizeof(float)));
    return out;
  }
  void spread(ParameterSet& parameters) override {
    cuda::spread(static_cast<CudaParameters&>(parameters).set, stream_);
    launched();
  }
  void adamw(ParameterSet& parameters, const AdamWStep& step, float* norm) override {
    cuda::adamw(static_cast<CudaParameters&>(parameters).set, step, norm, stream_);
    launched();
  }

  std::unique_ptr<Recording> record(std::function<void()> work) override {
    check(cudaStreamSynchronize(stream_));
    auto recording = std::make_unique<CudaRecording>();
    recording->sharing = sharing_.lock();
    if (recording->sharing == nullptr) {
      sharing_ = recording->sharing = std::make_shared<int>();
      pool_ = {0, 0};
    }
    recording->graph.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
    try {
      work();
    } catch (...) {
      give_up(*recording);
      throw;
    }
    recording->graph.capture_end();
    pool_ = recording->graph.pool();
    return recording;
  }

 private:
  // Everything runs on one stream, which is also libtorch's current one; the default stream cannot be recorded.
  static cudaStream_t prepared_stream() {
    at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
    // Sums in one order, so that a training that goes on is the one that was not interrupted.
    at::globalContext().setDeterministicAlgorithms(true, false);
    at::globalContext().setDeterministicFillUninitializedMemory(false);
    at::GradMode::set_enabled(false);
    const auto stream = c10::cuda::getStreamFromPool();
    c10::cuda::setCurrentCUDAStream(stream);
    return stream.stream();
  }

  // A recording that broke off leaves the stream as it was.
  void give_up(CudaRecording& recording) {
    is_forked_ = false;
    try {
      recording.graph.capture_end();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): what broke the recording is told instead
    }
    cudaGetLastError();
  }

  static std::optional<std::int64_t> window_of(const Attention& op) {
    return op.sizes.window > 0 ? std::optional(op.sizes.window - 1) : std::nullopt;
  }

  static void launched() { check(cudaGetLastError()); }

  void* kept_copy(const void* from, std::size_t bytes) {
    void* memory = allocate(bytes);
    if (memory == nullptr) throw DeviceMemoryExhausted(bytes);
    owned_.push_back(memory);
    if (from != nullptr) upload(memory, from, bytes);
    return memory;
  }

  std::string name_;
  cudaStream_t stream_, aside_;
  Products main_, beside_;
  cudaEvent_t forked_ = nullptr, joined_ = nullptr;
  bool is_forked_ = false;
  void* staging_ = nullptr;
  std::vector<void*> owned_;
  at::cuda::MempoolId_t pool_{0, 0};
  std::weak_ptr<int> sharing_;
};

}  // namespace

bool is_built_with_cuda() { return true; }

Result<CudaInformation> cuda_information() {
  int count = 0, driver = 0;
  if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
    return failed_precondition("there is no NVIDIA driver (libcuda.so.1) on this machine");
  auto error = cudaGetDeviceCount(&count);
  if (error == cudaErrorInsufficientDriver)
    return failed_precondition("the GPU's driver is too old for CUDA 13; install version 580 or later");
  if (error == cudaErrorNoDevice || (error == cudaSuccess && count == 0))
    return failed_precondition("there is no GPU, or CUDA_VISIBLE_DEVICES hides it");
  if (error != cudaSuccess)
    return failed_precondition(std::string("CUDA cannot be used: ") + cudaGetErrorString(error));
  cudaDeviceProp properties{};
  error = cudaGetDeviceProperties(&properties, 0);
  if (error != cudaSuccess)
    return failed_precondition(std::string("CUDA cannot be used: ") + cudaGetErrorString(error));
  CudaInformation out;
  out.name = properties.name;
  if (properties.major < 8)
    return failed_precondition("the GPU " + out.name + " has no bfloat16; one of compute capability 8.0 or later does");
  std::size_t free = 0, total = 0;
  error = cudaMemGetInfo(&free, &total);
  if (error == cudaErrorDevicesUnavailable)
    return failed_precondition("the GPU " + out.name + " is busy: another process keeps it to itself");
  if (error != cudaSuccess)
    return failed_precondition("the GPU " + out.name + " cannot be used: " + cudaGetErrorString(error));
  out.memory_bytes = total;
  out.free_bytes = free;
  return out;
}

Result<std::unique_ptr<Device>> open_cuda_device() {
  FW_ASSIGN(const auto information, cuda_information());
  try {
    return std::unique_ptr<Device>(std::make_unique<CudaDevice>(information.name));
  } catch (const std::exception& e) {
    return failed_precondition("the GPU " + information.name + " cannot be used: " + e.what());
  }
}

}  // namespace fw::trainer
