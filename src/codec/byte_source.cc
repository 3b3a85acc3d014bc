#include "codec/byte_source.h"

#include <algorithm>

namespace fw::codec {

Result<std::size_t> StringSource::read(std::span<char> into) {
  const std::size_t count = std::min({into.size(), rest_.size(), piece_});
  rest_.copy(into.data(), count);
  rest_.remove_prefix(count);
  return count;
}

std::string_view PeekedSource::peek(std::size_t count) {
  while (peeked_.size() < count && !failure_) {
    const std::size_t had = peeked_.size();
    peeked_.resize(count);
    auto got = source_.read(std::span(peeked_).subspan(had));
    peeked_.resize(had + (got.ok() ? *got : 0));
    if (!got.ok()) failure_ = std::move(got).error();
    if (peeked_.size() == had) break;
  }
  return peeked_;
}

Result<std::size_t> PeekedSource::read(std::span<char> into) {
  if (taken_ < peeked_.size()) {
    const std::size_t count = peeked_.copy(into.data(), into.size(), taken_);
    taken_ += count;
    return count;
  }
  if (failure_) return *failure_;
  return source_.read(into);
}

}  // namespace fw::codec
