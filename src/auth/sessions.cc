#include "auth/sessions.h"

#include <algorithm>

#include "base/hash.h"
#include "base/random.h"

namespace fw::auth {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMostSessions = 10'000;

}  // namespace

void Sessions::forget_idle(Instant now) {
  std::erase_if(by_hash_, [&](const auto& pair) { return now - pair.second.used >= idle_; });
  if (by_hash_.size() < kMostSessions) return;
  by_hash_.erase(std::ranges::min_element(by_hash_, {}, [](const auto& pair) { return pair.second.used; }));
}

Sessions::Opened Sessions::open(std::string key_id) {
  Opened opened{.token = random_hex(kSecretBytes), .session = {std::move(key_id), random_hex(kSecretBytes)}};
  const Instant now = clock_.instant();
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  by_hash_[sha256_hex(opened.token)] = {opened.session, now};
  return opened;
}

std::optional<Sessions::Session> Sessions::find(std::string_view token, Use use) {
  const Instant now = clock_.instant();
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(sha256_hex(token));
  if (found == by_hash_.end()) return std::nullopt;
  if (now - found->second.used >= idle_) {
    by_hash_.erase(found);
    return std::nullopt;
  }
  if (use == Use::kByPerson) found->second.used = now;
  return found->second.session;
}

void Sessions::close(std::string_view token) {
  const std::lock_guard lock(mutex_);
  by_hash_.erase(sha256_hex(token));
}

}  // namespace fw::auth
