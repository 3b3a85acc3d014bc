#include "dataset/impl/unspaced.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace fw::dataset {
namespace {

bool is_of_unspaced_script(UChar32 c) {
  const auto is_in = [c](UChar32 from, UChar32 to) { return c >= from && c <= to; };
  return is_in(0x0E00, 0x0EFF) || is_in(0x1000, 0x109F) || is_in(0x1780, 0x17FF) || is_in(0x2E80, 0x2FDF) ||
         is_in(0x3005, 0x30FF) || is_in(0x31F0, 0x31FF) || is_in(0x3400, 0x4DBF) || is_in(0x4E00, 0x9FFF) ||
         is_in(0xF900, 0xFAFF) || is_in(0xFF66, 0xFF9F) || is_in(0x20000, 0x3FFFF);
}

Beyond kind_of(UChar32 c) {
  constexpr std::uint32_t kMarks = U_GC_P_MASK | U_GC_S_MASK | U_GC_Z_MASK | U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CS_MASK;
  if ((U_MASK(u_charType(c)) & kMarks) != 0) return Beyond::kMark;
  return is_of_unspaced_script(c) ? Beyond::kUnspaced : Beyond::kLetter;
}

}  // namespace

Character beyond_ascii(std::string_view text, std::size_t at) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data() + at);
  const auto size = static_cast<std::int32_t>(text.size() - at < 4 ? text.size() - at : 4);
  std::int32_t next = 0;
  UChar32 c = 0;
  U8_NEXT(bytes, next, size, c);
  if (c < 0) return {};
  return {kind_of(c), static_cast<std::size_t>(next)};
}

}  // namespace fw::dataset
