#include "codec/unicode_words.h"

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <memory>

#include "base/assert.h"

namespace fw {
namespace {

icu::UnicodeString utf16(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

icu::UnicodeString folded_text(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  FW_ASSERT(U_SUCCESS(status));
  icu::UnicodeString out = nfc->normalize(utf16(text), status);
  out.foldCase();
  // Folding may take apart what was composed.
  out = nfc->normalize(out, status);
  FW_ASSERT(U_SUCCESS(status));
  return out;
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

bool is_unseen(UChar32 c) {
  constexpr UChar32 kBrailleBlank = 0x2800, kReplacement = 0xFFFD;
  constexpr uint32_t kUnseen = U_GC_C_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK | U_GC_ZS_MASK;
  if (c == ' ') return false;
  return (U_MASK(u_charType(c)) & kUnseen) != 0 || c == kBrailleBlank || c == kReplacement ||
         u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

}  // namespace

std::string folded_as_seen(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCCasefoldInstance(status);
  FW_ASSERT(U_SUCCESS(status));
  icu::UnicodeString out;
  const icu::UnicodeString normalized = nfkc->normalize(utf16(text), status);
  FW_ASSERT(U_SUCCESS(status));
  for (int32_t i = 0; i < normalized.length(); i = normalized.moveIndex32(i, 1)) {
    const UChar32 c = normalized.char32At(i);
    if (u_isUWhiteSpace(c) != 0)
      out.append(static_cast<UChar32>(' '));
    else if (!is_unseen(c))
      out.append(c);
  }
  return utf8(out);
}

bool has_unseen(std::string_view text) {
  const icu::UnicodeString whole = utf16(text);
  for (int32_t i = 0; i < whole.length(); i = whole.moveIndex32(i, 1))
    if (is_unseen(whole.char32At(i))) return true;
  return false;
}

std::string folded(std::string_view text) { return utf8(folded_text(text)); }

std::vector<std::string> unicode_words(std::string_view text) {
  const icu::UnicodeString whole = folded_text(text);
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  FW_ASSERT(U_SUCCESS(status));
  breaks->setText(whole);
  std::vector<std::string> words;
  for (int32_t start = breaks->first(), end = breaks->next(); end != icu::BreakIterator::DONE;
       start = end, end = breaks->next())
    // Lower statuses are of what is neither letter, digit, kana nor ideograph.
    if (breaks->getRuleStatus() >= UBRK_WORD_NONE_LIMIT) words.push_back(utf8(whole.tempSubStringBetween(start, end)));
  return words;
}

}  // namespace fw
