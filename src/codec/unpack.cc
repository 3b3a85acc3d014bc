#include "codec/unpack.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/assert.h"
#include "codec/impl/decoder.h"

namespace fw::codec {
namespace {

using namespace std::string_view_literals;

struct Mark {
  Packing packing;
  std::string_view bytes;
};
constexpr std::array kMarks{
    Mark{Packing::kGzip, "\x1f\x8b"sv},
    Mark{Packing::kZstd, "\x28\xb5\x2f\xfd"sv},
    Mark{Packing::kXz,
         "\xfd"
         "7zXZ\0"sv},
};

/// zstd streams may begin with a frame to skip: any of sixteen magic numbers.
bool is_skippable_zstd_frame(std::string_view bytes) {
  return bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xf0U) == 0x50 &&
         bytes.substr(1).starts_with("\x2a\x4d\x18");
}

/// "BZh" alone could begin a text; the digit and the first block's mark (or the mark of no block) cannot.
bool is_bzip2(std::string_view bytes) {
  if (bytes.size() < 4 || !bytes.starts_with("BZh") || bytes[3] < '1' || bytes[3] > '9') return false;
  const std::string_view block = bytes.substr(4, 6);
  return "1AY&SY"sv.starts_with(block) || "\x17\x72\x45\x38\x50\x90"sv.starts_with(block);
}

bool may_begin_member(Packing packing, char first) {
  switch (packing) {
    case Packing::kGzip: return first == '\x1f';
    case Packing::kZstd: return first == '\x28' || (static_cast<unsigned char>(first) & 0xf0U) == 0x50;
    case Packing::kXz: return first == '\xfd';
    case Packing::kBzip2: return first == 'B';
    case Packing::kNone: break;
  }
  return false;
}

std::unique_ptr<Decoder> decoder_of(Packing packing) {
  switch (packing) {
    case Packing::kGzip: return make_gzip_decoder();
    case Packing::kZstd: return make_zstd_decoder();
    case Packing::kXz: return make_xz_decoder();
    case Packing::kBzip2: return make_bzip2_decoder();
    case Packing::kNone: break;
  }
  fail_assertion("packing != kNone", __FILE__, __LINE__);
}

class UnpackedSource final : public ByteSource {
 public:
  UnpackedSource(Packing packing, ByteSource& compressed)
      : packing_(packing), name_(to_string(packing)), decoder_(decoder_of(packing)), compressed_(compressed) {}

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override {
    if (is_at_end_) return 0;
    if (failure_) return *failure_;
    std::span<char> free = into;
    const Status status = fill(free);
    if (status.ok() || free.size() < into.size()) {
      if (!status.ok()) failure_ = status.error();  // what came before the damage is handed out first
      return into.size() - free.size();
    }
    is_at_end_ = true;
    return status.error();
  }

 private:
  /// Decodes until there is something to hand out, or the end.
  Status fill(std::span<char>& free) {
    const std::size_t wanted = free.size();
    while (free.size() == wanted) {
      FW_ASSIGN(const bool has_input, read_on());
      if (!is_within_member_) {
        FW_TRY(begin_member(has_input));
        if (is_at_end_) return {};
        if (!is_within_member_) continue;
      }
      const std::size_t input = rest_.size();
      FW_ASSIGN(const auto step, decoder_->step(rest_, free));
      is_within_member_ = step == Decoder::Step::kWithin;
      const bool moved = rest_.size() != input || free.size() != wanted || !is_within_member_;
      if (!moved)
        return data_loss("the " + name_ + " data " +
                         (has_input ? "is damaged" : "is truncated; the file is incomplete"));
    }
    return {};
  }

  /// False at the end of the compressed bytes.
  Result<bool> read_on() {
    if (!rest_.empty()) return true;
    FW_ASSIGN(const std::size_t count, compressed_.read(input_));
    rest_ = std::span<const char>(input_).first(count);
    return count > 0;
  }

  Status begin_member(bool has_input) {
    if (!has_input) {
      is_at_end_ = !is_first_;
      return is_first_ ? Status(data_loss("the " + name_ + " data is truncated; the file is incomplete")) : Status();
    }
    const auto begin = std::ranges::find_if(rest_, [](char c) { return c != 0; });
    if (!is_first_) rest_ = rest_.subspan(static_cast<std::size_t>(begin - rest_.begin()));
    if (rest_.empty()) return {};
    // The library checks the header; only its first byte decides what follows here.
    if (!may_begin_member(packing_, rest_.front())) {
      return data_loss("the " + name_ + " data is followed by bytes that are not " + name_);
    }
    is_within_member_ = true;
    is_first_ = false;
    return {};
  }

  Packing packing_;
  std::string name_;
  std::unique_ptr<Decoder> decoder_;
  ByteSource& compressed_;
  std::array<char, 64 << 10> input_{};
  std::span<const char> rest_;  // of input_
  bool is_first_ = true;
  bool is_within_member_ = false;
  bool is_at_end_ = false;
  std::optional<Error> failure_;
};

}  // namespace

Packing packing_of(std::string_view first_bytes) {
  for (const Mark& mark : kMarks) {
    if (first_bytes.starts_with(mark.bytes)) return mark.packing;
  }
  if (is_skippable_zstd_frame(first_bytes)) return Packing::kZstd;
  return is_bzip2(first_bytes) ? Packing::kBzip2 : Packing::kNone;
}

std::string_view to_string(Packing packing) {
  switch (packing) {
    case Packing::kGzip: return "gzip";
    case Packing::kZstd: return "zstd";
    case Packing::kXz: return "xz";
    case Packing::kBzip2: return "bzip2";
    case Packing::kNone: break;
  }
  return "plain";
}

std::unique_ptr<ByteSource> unpack(Packing packing, ByteSource& compressed) {
  return std::make_unique<UnpackedSource>(packing, compressed);
}

}  // namespace fw::codec
