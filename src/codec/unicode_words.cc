#include "codec/unicode_words.h"

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <memory>

#include "base/assert.h"

namespace fw {
namespace {

icu::UnicodeString folded_text(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  FW_ASSERT(U_SUCCESS(status));
  const auto source = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  icu::UnicodeString out = nfc->normalize(source, status);
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

}  // namespace

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
