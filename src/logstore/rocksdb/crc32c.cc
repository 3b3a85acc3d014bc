// RocksDB checks each write to its log with CRC-32C. As distributions build it for x86-64 it has no instruction for
// that and looks every byte up in tables: 3.8 of the 17 us that a captured exchange costs the committer's thread. The
// dynamic linker takes a program's own function before a library's of the same name, so the one below, with the
// processor's instruction, is called instead: the same sums, as crc32c_test.cc holds. A RocksDB that does not let
// itself be told calls its own, and nothing but the time is lost.

#include "logstore/rocksdb/impl/crc32c.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include <array>
#include <cstring>

namespace fw::logstore {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // of Castagnoli, its bits reversed

constexpr auto kOfByte = [] {
  std::array<std::uint32_t, 256> sums{};
  for (std::uint32_t byte = 0; byte < sums.size(); ++byte) {
    std::uint32_t sum = byte;
    for (int bit = 0; bit < 8; ++bit) sum = sum >> 1 ^ ((sum & 1) != 0 ? kPolynomial : 0);
    sums[byte] = sum;
  }
  return sums;
}();

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t by_instruction(std::uint32_t state, std::string_view bytes) {
  std::uint64_t wide = state;
  for (; bytes.size() >= sizeof wide; bytes.remove_prefix(sizeof wide)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    wide = _mm_crc32_u64(wide, eight);
  }
  state = static_cast<std::uint32_t>(wide);
  for (const char byte : bytes) state = _mm_crc32_u8(state, static_cast<unsigned char>(byte));
  return state;
}

bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t sum, std::string_view bytes) {
  std::uint32_t state = ~sum;
  for (const char byte : bytes) state = state >> 8 ^ kOfByte[(state ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~state;
}

std::uint32_t crc32c(std::uint32_t sum, std::string_view bytes) {
#if defined(__x86_64__)
  if (has_instruction()) return ~by_instruction(~sum, bytes);
#endif
  return crc32c_by_table(sum, bytes);
}

}  // namespace fw::logstore

#if defined(__x86_64__)
namespace rocksdb::crc32c {

std::uint32_t Extend(std::uint32_t sum, const char* data, std::size_t size);
std::uint32_t Extend(std::uint32_t sum, const char* data, std::size_t size) {
  return fw::logstore::crc32c(sum, {data, size});
}

}  // namespace rocksdb::crc32c
#endif
