#include "codec/unpack.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/random.h"

namespace fw::codec {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the zstd program does
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string xz(std::string_view text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                    text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string bzip2(std::string_view text) {
  std::string out(text.size() + text.size() / 100 + 600, '\0');
  auto size = static_cast<unsigned>(out.size());
  EXPECT_EQ(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 9, 0, 0),
            BZ_OK);
  out.resize(size);
  return out;
}

Result<std::string> unpacked(std::string_view bytes, std::size_t piece = SIZE_MAX) {
  StringSource compressed(bytes, piece);
  const auto source = unpack(packing_of(bytes), compressed);
  std::string out;
  std::array<char, 777> into;
  while (true) {
    FW_ASSIGN(const std::size_t count, source->read(into));
    if (count == 0) return out;
    out.append(into.data(), count);
  }
}

std::string noise(std::size_t size) {
  Random random(3);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>('a' + random.below(20));
  return out;
}

struct Kind {
  Packing packing;
  std::string (*pack)(std::string_view);
};

class UnpackTest : public testing::TestWithParam<Kind> {
 protected:
  static std::string pack(std::string_view text) { return GetParam().pack(text); }
};

INSTANTIATE_TEST_SUITE_P(All, UnpackTest,
                         testing::Values(Kind{Packing::kGzip, gzip}, Kind{Packing::kZstd, zstd}, Kind{Packing::kXz, xz},
                                         Kind{Packing::kBzip2, bzip2}),
                         [](const auto& info) { return std::string(to_string(info.param.packing)); });

TEST_P(UnpackTest, ReadsWhatWasPackedInPiecesOfAnySize) {
  const std::string text = noise(300'000);
  const std::string bytes = pack(text);
  EXPECT_EQ(packing_of(bytes), GetParam().packing);
  EXPECT_EQ(packing_of(std::string_view(bytes).substr(0, kPackingBytes)), GetParam().packing);
  for (const std::size_t piece : {1U, 7U, 100'000U}) EXPECT_EQ(*unpacked(bytes, piece), text);
}

TEST_P(UnpackTest, ReadsConcatenatedMembersEmptyOnesAndZeroPadding) {
  const std::string bytes = pack("one\n") + pack("") + pack("two\n") + std::string(1000, '\0');
  EXPECT_EQ(*unpacked(bytes), "one\ntwo\n");
  EXPECT_EQ(*unpacked(bytes, 1), "one\ntwo\n");
  EXPECT_EQ(*unpacked(pack("")), "");
}

TEST_P(UnpackTest, EveryTruncationIsDataLoss) {
  const std::string bytes = pack(noise(2000));
  for (std::size_t size = kPackingBytes; size < bytes.size(); ++size) {
    EXPECT_EQ(unpacked(bytes.substr(0, size)).error().code, ErrorCode::kDataLoss) << size;
  }
  EXPECT_EQ(unpacked(pack("one") + bytes.substr(0, bytes.size() - 1)).error().code, ErrorCode::kDataLoss);
}

TEST_P(UnpackTest, TheBytesBeforeDamageComeOutWhateverThePieces) {
  const std::string bytes = pack(noise(5000)) + "garbage";
  for (const std::size_t piece : {1U, 64U, 1'000'000U}) {
    StringSource compressed(bytes, piece);
    const auto source = unpack(GetParam().packing, compressed);
    std::array<char, 700> into;
    std::size_t total = 0;
    auto count = source->read(into);
    for (; count.ok() && *count > 0; count = source->read(into)) total += *count;
    EXPECT_EQ(total, 5000U);
    EXPECT_EQ(count.error().code, ErrorCode::kDataLoss);
  }
}

TEST_P(UnpackTest, DamageIsDataLoss) {
  std::string bytes = pack(noise(5000));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  EXPECT_FALSE(unpacked(bytes).ok());
}

TEST_P(UnpackTest, ABombComesOutInPiecesOfTheReadersSize) {
  const std::string bytes = pack(std::string(50 << 20, 'x'));
  StringSource compressed(bytes);
  const auto source = unpack(GetParam().packing, compressed);
  std::array<char, 4096> into;
  EXPECT_LE(*source->read(into), into.size());
}

TEST(Unpack, TextIsNotTakenForPackedBytes) {
  for (const std::string_view text : {"", "{", "BZhello world", "BZh9 is a name", "\x1f", "P*M"}) {
    EXPECT_EQ(packing_of(text), Packing::kNone) << text;
  }
}

}  // namespace
}  // namespace fw::codec
