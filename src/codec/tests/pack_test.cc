#include "codec/pack.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "codec/unpack.h"

namespace fw::codec {
namespace {

std::string unpacked(std::string_view bytes) {
  StringSource compressed(bytes);
  const auto source = unpack(Packing::kGzip, compressed);
  std::string out, into(1 << 16, '\0');
  for (auto count = source->read(into); count.value() > 0; count = source->read(into)) out.append(into, 0, *count);
  return out;
}

TEST(Pack, WhatIsPackedIsReadAgainWhateverItIs) {
  Random random(7);
  std::string noise(3'000'000, '\0');
  for (char& c : noise) c = static_cast<char>(random.below(256));
  for (const std::string& text : {std::string(), std::string("one"), std::string(5'000'000, 'x'), noise}) {
    EXPECT_EQ(unpacked(gzip(text)), text) << text.size();
  }
  EXPECT_LT(gzip(std::string(5'000'000, 'x')).size(), 50'000U);
}

}  // namespace
}  // namespace fw::codec
