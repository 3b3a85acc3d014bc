#include "logstore/rocksdb/impl/crc32c.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <boost/crc.hpp>
#include <string>

#include "base/random.h"

namespace fw::logstore {
namespace {

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(0, ""), 0U);
}

TEST(Crc32c, IsTheSameOfPiecesAndWithoutTheInstruction) {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random.below(2000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> plain;
    plain.process_bytes(bytes.data(), bytes.size());
    const std::string_view all = bytes;
    const std::size_t cut = random.below(bytes.size() + 1);
    EXPECT_EQ(crc32c(0, all), plain.checksum());
    EXPECT_EQ(crc32c(crc32c(0, all.substr(0, cut)), all.substr(cut)), plain.checksum());
    EXPECT_EQ(crc32c_by_table(crc32c_by_table(0, all.substr(0, cut)), all.substr(cut)), plain.checksum());
  }
}

#if defined(__x86_64__)
TEST(Crc32c, IsWhatRocksDbFindsUnderItsOwnName) {
  const void* called = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  Dl_info where{}, own{};
  ASSERT_NE(dladdr(called, &where), 0);
  ASSERT_NE(dladdr(reinterpret_cast<const void*>(&crc32c), &own), 0);
  EXPECT_EQ(where.dli_fbase, own.dli_fbase) << "found in " << where.dli_fname;
}
#endif

}  // namespace
}  // namespace fw::logstore
