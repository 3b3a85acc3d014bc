#include "trainer/loop/frozen_states.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/file.h"
#include "trainer/packing/families.h"

namespace fw::trainer {

Result<FrozenStates> FrozenStates::compute(const ModelWeights& weights, std::span<const TrainingRow* const> rows,
                                           int layers, const Options& options) {
  std::int64_t longest = 1;
  for (const auto* row : rows) longest = std::max(longest, inputs_of(*row));
  const at::NoGradGuard no_grad;
  const PackedModel model(weights, nullptr, longest);
  const auto run = [&](const TokenTree& tree) {
    const auto input = prepare(weights.config, tree);
    return model.run_layers(model.embed(*input.tree), input, 0, layers);
  };
  return compute(weights.config.hidden, rows, run, options);
}

Result<FrozenStates> FrozenStates::compute(std::int64_t width, std::span<const TrainingRow* const> rows,
                                           const std::function<at::Tensor(const TokenTree&)>& run,
                                           const Options& options) {
  FrozenStates states;
  states.hidden_ = width;
  const auto all = pack(rows);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto& runs = states.runs_.emplace_back();
    for (const int s : all.path(all.leaves[r])) {
      const auto& segment = all.segments[static_cast<std::size_t>(s)];
      runs.push_back({segment.position, segment.start});
    }
  }
  states.bytes_ = all.tokens.size() * static_cast<std::uint64_t>(states.hidden_) * sizeof(float);
  FW_TRY(states.allocate(options));
  const std::int64_t common = common_beginning(rows);
  const auto order = side_by_side(rows);
  std::vector<const TrainingRow*> ordered;
  for (const auto row : order) ordered.push_back(rows[row]);
  for (std::size_t begin = 0; begin < rows.size();) {
    const auto batch = std::span(ordered).subspan(begin, batch_end(ordered, begin, common) - begin);
    const auto tree = pack(batch);
    const auto hidden = run(tree);
    const float* values = hidden.const_data_ptr<float>();
    for (std::size_t r = 0; r < batch.size(); ++r)
      for (const int s : tree.path(tree.leaves[r])) {
        const auto& segment = tree.segments[static_cast<std::size_t>(s)];
        for (std::int64_t i = 0; i < segment.length; ++i)
          std::memcpy(states.at(order[begin + r], segment.position + i), values + (segment.start + i) * states.hidden_,
                      static_cast<std::size_t>(states.hidden_) * sizeof(float));
      }
    begin += batch.size();
    if (options.on_rows && !options.on_rows(begin)) return cancelled("training was stopped");
  }
  return states;
}

Status FrozenStates::allocate(const Options& options) {
  int fd = -1;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (bytes_ > options.memory_limit) {
    FW_TRY(io::create_folders(options.folder));
    const auto file = options.folder / "frozen_states.bin";
    fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return system_error("cannot create " + file.string(), errno);
    ::unlink(file.c_str());
    if (const int failed = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes_)); failed != 0) {
      ::close(fd);
      return resource_exhausted("there is no room for " + std::to_string(bytes_ >> 20) + " MiB of hidden states in " +
                                options.folder.string());
    }
    flags = MAP_SHARED;
  }
  void* mapped = ::mmap(nullptr, std::max<std::uint64_t>(bytes_, 1), PROT_READ | PROT_WRITE, flags, fd, 0);
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (mapped == MAP_FAILED) return system_error("cannot map memory for hidden states", error);
  data_ = static_cast<float*>(mapped);
  return {};
}

FrozenStates::~FrozenStates() {
  if (data_ != nullptr) ::munmap(data_, std::max<std::uint64_t>(bytes_, 1));
}

FrozenStates::FrozenStates(FrozenStates&& other) noexcept { *this = std::move(other); }

FrozenStates& FrozenStates::operator=(FrozenStates&& other) noexcept {
  std::swap(hidden_, other.hidden_);
  std::swap(runs_, other.runs_);
  std::swap(bytes_, other.bytes_);
  std::swap(data_, other.data_);
  return *this;
}

float* FrozenStates::at(std::size_t row, std::int64_t position) const {
  const auto& runs = runs_[row];
  const auto after = std::upper_bound(runs.begin(), runs.end(), position,
                                      [](std::int64_t p, const Run& run) { return p < run.position; });
  const Run& run = *std::prev(after);
  return data_ + (run.start + position - run.position) * hidden_;
}

at::Tensor FrozenStates::gather(const TokenTree& tree, std::span<const std::size_t> row_numbers) const {
  auto hidden = at::empty({static_cast<std::int64_t>(tree.tokens.size()), hidden_}, at::kFloat);
  float* out = hidden.mutable_data_ptr<float>();
  for (const auto& segment : tree.segments)
    for (std::int64_t i = 0; i < segment.length; ++i)
      std::memcpy(out + (segment.start + i) * hidden_,
                  at(row_numbers[static_cast<std::size_t>(segment.row)], segment.position + i),
                  static_cast<std::size_t>(hidden_) * sizeof(float));
  return hidden;
}

}  // namespace fw::trainer
