#include "capture/bulk/impl/scrolls.h"

#include <algorithm>
#include <charconv>

#include "base/random.h"

namespace fw::capture::elastic {

Duration keep_alive_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit = error == std::errc{} ? text.substr(static_cast<std::size_t>(end - text.data())) : "";
  const std::map<std::string_view, std::int64_t> seconds{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
  const auto found = seconds.find(unit);
  if (found == seconds.end() || count < 1) return std::chrono::minutes(1);
  constexpr std::int64_t kDay = 86'400;
  return std::chrono::seconds(std::min(count, kDay / found->second) * found->second);
}

std::size_t Scrolls::bytes_of(const Scroll& scroll) {
  std::size_t bytes = scroll.body.size() + scroll.index.size();
  for (const auto& [name, value] : scroll.parameters.pairs()) bytes += name.size() + value.size();
  return bytes;
}

Result<std::string> Scrolls::open(Scroll scroll, Duration keep_alive) {
  const std::lock_guard lock(mutex_);
  close_late();
  const std::size_t bytes = bytes_of(scroll);
  if (open_.size() >= kMost || bytes_ + bytes > kMostBytes) {
    return resource_exhausted("Trying to create too many scroll contexts; clear those that are read to their end");
  }
  std::string id = random_hex(24);
  bytes_ += bytes;
  open_.emplace(id, Entry{std::move(scroll), clock_.instant() + keep_alive});
  return id;
}

Result<Scroll> Scrolls::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  close_late();
  const auto found = open_.find(id);
  if (found == open_.end()) return not_found("No search context found for id [" + id.substr(0, 100) + "]");
  return found->second.scroll;
}

void Scrolls::go_on(const std::string& id, const Scroll& scroll, Duration keep_alive) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second.scroll.cursor = scroll.cursor;
  found->second.scroll.is_at_end = scroll.is_at_end;
  found->second.until = clock_.instant() + keep_alive;
}

bool Scrolls::close(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return false;
  bytes_ -= bytes_of(found->second.scroll);
  open_.erase(found);
  return true;
}

std::size_t Scrolls::close_all() {
  const std::lock_guard lock(mutex_);
  const std::size_t count = open_.size();
  open_.clear();
  bytes_ = 0;
  return count;
}

void Scrolls::close_late() {
  const Instant now = clock_.instant();
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.until > now) {
      ++at;
      continue;
    }
    bytes_ -= bytes_of(at->second.scroll);
    at = open_.erase(at);
  }
}

}  // namespace fw::capture::elastic
