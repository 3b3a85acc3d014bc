#include "base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/hash.h"

namespace fw {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Counts the forks that led to this process.
std::atomic<unsigned>& forks() {
  static std::atomic<unsigned> count{0};
  [[maybe_unused]] static const int is_watched = pthread_atfork(nullptr, nullptr, [] { ++count; });
  return count;
}

/// Bytes of the kernel's generator, fetched many at a time: a call for each id would cost more than all else about it.
/// None is given twice: what was given is wiped, and a child of a fork begins with bytes of its own.
class KernelBytes final {
 public:
  void take(std::span<char> out) {
    if (forks_ != forks()) left_ = 0;
    while (!out.empty()) {
      if (left_ == 0) fetch();
      const std::size_t n = std::min(left_, out.size());
      char* const from = bytes_.data() + bytes_.size() - left_;
      std::memcpy(out.data(), from, n);
      explicit_bzero(from, n);
      left_ -= n;
      out = out.subspan(n);
    }
  }

 private:
  void fetch() {
    while (left_ < bytes_.size()) {
      const ssize_t n = ::getrandom(bytes_.data() + left_, bytes_.size() - left_, 0);
      FW_ASSERT(n > 0 || errno == EINTR);
      if (n > 0) left_ += static_cast<std::size_t>(n);
    }
    forks_ = forks();
  }

  std::array<char, 512> bytes_{};
  std::size_t left_ = 0;
  unsigned forks_ = 0;
};

}  // namespace

Random::Random(std::uint64_t seed) {
  for (auto& word : state_) word = split_mix(seed);
}

Random Random::for_purpose(std::uint64_t seed, std::string_view purpose) {
  return Random(seed ^ std::rotl(hash64(purpose), 17));
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  FW_ASSERT(bound > 0);
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  std::uint64_t draw = next();
  while (draw >= limit) draw = next();
  return draw % bound;
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::string random_hex(std::size_t count) {
  thread_local KernelBytes kernel;
  std::string bytes(count, '\0');
  kernel.take(bytes);
  return to_hex(bytes);
}

}  // namespace fw
