#include "dataset/impl/tokens.h"

namespace fw::dataset {
namespace {

enum class Kind { kLetter, kDigit, kSpace, kBreak, kPunctuation, kBeyondAscii, kContinuation };

Kind kind_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0xC0) return Kind::kBeyondAscii;
  if (byte >= 0x80) return Kind::kContinuation;
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::kLetter;
  if (c >= '0' && c <= '9') return Kind::kDigit;
  if (c == '\n') return Kind::kBreak;
  return byte <= ' ' ? Kind::kSpace : Kind::kPunctuation;
}

std::uint64_t tokens_of_run(Kind kind, std::uint64_t length) {
  switch (kind) {
    case Kind::kLetter: return length <= 6 ? 1 : 1 + (length - 2) / 5;
    case Kind::kDigit: return (length + 2) / 3;
    case Kind::kSpace: return length > 1 ? 1 : 0;  // a single space belongs to the word that follows
    case Kind::kBreak: return 1;
    case Kind::kPunctuation: return (length + 1) / 2;
    case Kind::kBeyondAscii: return length;
    case Kind::kContinuation: return 0;
  }
  return length;
}

}  // namespace

std::uint64_t estimate_tokens(std::string_view text) {
  std::uint64_t tokens = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Kind kind = kind_of(text[i]);
    std::size_t end = i + 1;
    while (end < text.size() && kind_of(text[end]) == kind) ++end;
    tokens += tokens_of_run(kind, end - i);
    i = end;
  }
  return tokens + tokens / 5;
}

}  // namespace fw::dataset
