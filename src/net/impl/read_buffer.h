#pragma once

#include <cstring>
#include <string_view>
#include <vector>

namespace fw::net {

/// The bytes of a connection that were read and not used yet, in one piece. Reserved once (16 KiB) and reused for every
/// read; it grows only for a head or a chunk's frame that does not fit.
class ReadBuffer final {
 public:
  static constexpr std::size_t kSize = 16 * 1024;

  [[nodiscard]] std::string_view unread() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Room for the next read: never empty.
  struct Room {
    char* data;
    std::size_t size;
  };
  [[nodiscard]] Room room() {
    if (bytes_.empty()) bytes_.resize(kSize);
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == bytes_.size()) bytes_.resize(bytes_.size() * 2);
    return {bytes_.data() + end_, bytes_.size() - end_};
  }
  void filled(std::size_t n) { end_ += n; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace fw::net
