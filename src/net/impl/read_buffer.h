#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace fw::net {

/// The bytes of a connection that were read and not used yet, in one piece. Small while the connection waits or little
/// comes, up to 16 KiB while much comes; beyond that it grows only for a head or a chunk's frame that does not fit.
///
/// Invariant: while room is lent to a read, unread bytes stay where they are.
class ReadBuffer final {
 public:
  static constexpr std::size_t kSmall = 2 * 1024;
  static constexpr std::size_t kSize = 16 * 1024;

  [[nodiscard]] std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_ && !is_lent_) begin_ = end_ = 0;
  }

  /// Room for the next read: never empty, lent until `filled`.
  struct Room {
    char* data;
    std::size_t size;
  };
  [[nodiscard]] Room room() {
    const std::size_t kept = end_ - begin_;
    if (kept == 0 && capacity_ != wanted_) {
      resize(wanted_);
    } else if (kept == capacity_) {
      resize(std::max(capacity_ * 2, wanted_));
    } else if (begin_ > 0) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, kept);
    }
    begin_ = 0;
    end_ = kept;
    is_lent_ = true;
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void filled(std::size_t n) {
    is_lent_ = false;
    if (n == capacity_ - end_) {
      wanted_ = std::max(wanted_, std::min(capacity_ * 4, kSize));
      small_reads_ = 0;
    } else if (n > wanted_ / 8) {
      small_reads_ = 0;
    } else if (++small_reads_ == kManySmallReads) {
      wanted_ = kSmall;
    }
    end_ += n;
  }

 private:
  static constexpr int kManySmallReads = 16;

  void resize(std::size_t size) {
    auto bytes = std::make_unique_for_overwrite<char[]>(size);
    if (end_ > begin_) std::memcpy(bytes.get(), bytes_.get() + begin_, end_ - begin_);
    bytes_ = std::move(bytes);
    capacity_ = size;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = kSmall;  // of an empty buffer
  int small_reads_ = 0;
  bool is_lent_ = false;
};

}  // namespace fw::net
