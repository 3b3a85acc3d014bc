#include "evals/text/squad_text.h"

#include <clocale>
#include <cwctype>
#include <memory>

namespace fw::evals {
namespace {

/// The character classes of the C library's own Unicode tables, whatever locale the process runs in. Where that locale
/// is not installed, only ASCII has upper case and letters.
class Unicode {
 public:
  Unicode() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  Unicode(const Unicode&) = delete;
  Unicode& operator=(const Unicode&) = delete;
  ~Unicode() {
    if (locale_) freelocale(locale_);
  }

  [[nodiscard]] char32_t lower(char32_t c) const {
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return locale_ ? static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale_)) : c;
  }
  [[nodiscard]] bool is_letter_or_digit(char32_t c) const {
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return locale_ && iswalnum_l(static_cast<wint_t>(c), locale_) != 0;
  }

 private:
  locale_t locale_;
};

/// White space of Python's str.split().
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
}

/// Bytes that are no UTF-8 become code points above Unicode's, so that they come out again as they were.
constexpr char32_t kRawByte = 0x200000;

std::u32string decode(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const int length = byte < 0x80 ? 1 : byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
    char32_t code = length == 1 ? byte : byte & (0x7fu >> length);
    bool valid = length > 0 && byte < 0xf8 && i + static_cast<std::size_t>(length) <= text.size();
    for (int k = 1; valid && k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      valid = (next & 0xc0) == 0x80;
      code = code << 6 | (next & 0x3f);
    }
    out.push_back(valid ? code : kRawByte + byte);
    i += valid ? static_cast<std::size_t>(length) : 1;
  }
  return out;
}

void append(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3f))); };
  if (c >= kRawByte) {
    out.push_back(static_cast<char>(c - kRawByte));
  } else if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (c >> 6))), tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | (c >> 12))), tail(6), tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | (c >> 18))), tail(12), tail(6), tail(0);
  }
}

/// Lower case with the two letters whose lower form depends on more than themselves: U+0130 becomes two code points,
/// and a capital sigma that ends a word becomes the final form.
std::u32string lower(const std::u32string& text, const Unicode& unicode) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x130) {
      out += U"i\u0307";
    } else if (text[i] == 0x3a3) {
      const bool after = i > 0 && unicode.is_letter_or_digit(text[i - 1]);
      const bool before = i + 1 < text.size() && unicode.is_letter_or_digit(text[i + 1]);
      out.push_back(after && !before ? U'\u03c2' : U'\u03c3');
    } else {
      out.push_back(unicode.lower(text[i]));
    }
  }
  return out;
}

/// The text without the words a, an and the: runs of letters and digits (underscores are gone with the punctuation).
std::u32string without_articles(const std::u32string& text, const Unicode& unicode) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && unicode.is_letter_or_digit(text[end])) ++end;
    const std::u32string word = text.substr(i, end - i);
    out += word == U"a" || word == U"an" || word == U"the" ? U" " : word;
    if (end < text.size()) out.push_back(text[end]);
    i = end + 1;
  }
  return out;
}

}  // namespace

std::vector<std::string> squad_words(std::string_view text) {
  const Unicode unicode;
  std::u32string bare;
  for (const char32_t c : lower(decode(text), unicode))
    if (!is_ascii_punctuation(c)) bare.push_back(c);
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (const char32_t c : without_articles(bare, unicode)) {
    if (is_space(c)) {
      finish();
    } else {
      append(word, c);
    }
  }
  finish();
  return words;
}

std::string squad_normalized(std::string_view text) {
  std::string out;
  for (const std::string& word : squad_words(text)) {
    if (!out.empty()) out.push_back(' ');
    out += word;
  }
  return out;
}

}  // namespace fw::evals
