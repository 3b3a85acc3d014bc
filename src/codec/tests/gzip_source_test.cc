#include "codec/gzip_source.h"

#include <gtest/gtest.h>
#include <zlib.h>

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

Result<std::string> gunzip(std::string_view bytes, std::size_t piece = SIZE_MAX) {
  StringSource compressed(bytes, piece);
  GzipSource source(compressed);
  std::string out;
  std::array<char, 777> into;
  while (true) {
    FW_ASSIGN(const std::size_t count, source.read(into));
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

TEST(GzipSource, ReadsWhatWasCompressedInPiecesOfAnySize) {
  const std::string text = noise(300'000);
  const std::string bytes = gzip(text);
  for (const std::size_t piece : {1U, 7U, 100'000U}) EXPECT_EQ(*gunzip(bytes, piece), text);
}

TEST(GzipSource, ReadsConcatenatedMembersEmptyOnesAndZeroPadding) {
  const std::string bytes = gzip("one\n") + gzip("") + gzip("two\n") + std::string(1000, '\0');
  EXPECT_EQ(*gunzip(bytes), "one\ntwo\n");
  EXPECT_EQ(*gunzip(bytes, 1), "one\ntwo\n");
}

TEST(GzipSource, EveryTruncationIsDataLoss) {
  const std::string bytes = gzip(noise(2000));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(gunzip(bytes.substr(0, size)).error().code, ErrorCode::kDataLoss) << size;
  }
}

TEST(GzipSource, ASecondMemberCutShortIsDataLoss) {
  const auto result = gunzip(gzip("one") + gzip("two").substr(0, 5));
  EXPECT_EQ(result.error().message, "the gzip data is cut short; the file is incomplete");
}

TEST(GzipSource, TheBytesBeforeDamageComeOutWhateverThePieces) {
  std::string bytes = gzip(noise(50'000));
  bytes[bytes.size() / 2] ^= 0x55;
  const auto before_damage = [&](std::size_t piece) {
    StringSource compressed(bytes, piece);
    GzipSource source(compressed);
    std::string out;
    std::array<char, 777> into;
    for (auto count = source.read(into); count.ok(); count = source.read(into)) out.append(into.data(), *count);
    return out;
  };
  EXPECT_GT(before_damage(1).size(), 20'000U);
  EXPECT_EQ(before_damage(1), before_damage(SIZE_MAX));
}

TEST(GzipSource, DamageAndTrailingBytesAreDataLoss) {
  std::string bytes = gzip(noise(2000));
  bytes[bytes.size() - 6] ^= 1;  // in the checksum
  EXPECT_EQ(gunzip(bytes).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(gunzip(gzip("x") + "plain text").error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(gunzip("plain text").error().code, ErrorCode::kDataLoss);
}

TEST(GzipSource, ABombComesOutInPiecesOfTheReadersSize) {
  const std::string bytes = gzip(std::string(50 << 20, 'x'));
  EXPECT_LT(bytes.size(), 100'000U);
  EXPECT_EQ(gunzip(bytes)->size(), 50U << 20);
}

}  // namespace
}  // namespace fw::codec
