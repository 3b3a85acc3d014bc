#include "capture/redaction/sealed_bytes.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/assert.h"

namespace fw::capture {

struct Seal::Impl {
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
};

SealKey SealKey::make() {
  SealKey out;
  FW_ASSERT(RAND_bytes(out.key_.data(), static_cast<int>(out.key_.size())) == 1);
  return out;
}

Seal::Seal(const SealKey& key) : impl_(std::make_unique<Impl>()) {
  constexpr std::array<unsigned char, 16> kStart{};  // a key is used once, so its counter may begin at nothing
  FW_ASSERT(impl_->context != nullptr &&
            EVP_EncryptInit_ex(impl_->context.get(), EVP_aes_256_ctr(), nullptr, key.key_.data(), kStart.data()) == 1);
}
Seal::~Seal() = default;

void Seal::apply(std::span<char> bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30;  // lengths are ints there
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kMost));
    auto* const at = reinterpret_cast<unsigned char*>(part.data());
    int done = 0;
    FW_ASSERT(EVP_EncryptUpdate(impl_->context.get(), at, &done, at, static_cast<int>(part.size())) == 1);
    bytes = bytes.subspan(part.size());
  }
}

Result<std::size_t> UnsealedSource::read(std::span<char> into) {
  FW_ASSIGN(const std::size_t count, sealed_.read(into));
  seal_.apply(into.first(count));
  return count;
}

}  // namespace fw::capture
