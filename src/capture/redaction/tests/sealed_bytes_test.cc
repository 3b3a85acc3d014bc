#include "capture/redaction/sealed_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fw::capture {
namespace {

TEST(SealedBytes, AreNotTheBytesAndComeBackInAnyPieces) {
  const std::string text(100'000, 'x');
  const SealKey key = SealKey::make();
  std::string sealed = text;
  Seal seal(key);
  for (std::size_t at = 0; at < sealed.size(); at += 777) {
    seal.apply(std::span(sealed).subspan(at, std::min<std::size_t>(777, sealed.size() - at)));
  }
  EXPECT_EQ(sealed.find("xxxx"), std::string::npos);
  codec::StringSource source(sealed, 1000);
  UnsealedSource unsealed(source, key);
  std::string back;
  std::string piece(333, '\0');
  while (const std::size_t count = unsealed.read(piece).value_or(0)) back.append(piece, 0, count);
  EXPECT_EQ(back, text);
}

TEST(SealedBytes, EveryKeyIsAnother) {
  std::string one(64, 'x');
  std::string other = one;
  Seal(SealKey::make()).apply(one);
  Seal(SealKey::make()).apply(other);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace fw::capture
