#include "capture/gateway/impl/workbench.h"

#include "base/clock.h"

namespace fw::capture {
namespace {

void append_hex(std::string& out, std::uint64_t value, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 0xfU];
}

}  // namespace

record::RecordId live_record_id(Timestamp when, Random& random) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  std::string text;
  text.reserve(32);
  append_hex(text, static_cast<std::uint64_t>(ms), 12);
  append_hex(text, random.next(), 16);
  append_hex(text, random.next(), 4);
  return record::RecordId(std::move(text));
}

}  // namespace fw::capture
