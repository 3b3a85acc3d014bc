#include "capture/otlp/impl/joiner.h"

#include <algorithm>

#include "base/hash.h"

namespace fw::capture::otlp {
namespace {

constexpr std::size_t kMostDone = 100'000;

/// How many answers a span's request asked for.
std::size_t expected_choices(const Span& span) {
  const Json* count = span.attributes.find("gen_ai.request.choice.count");
  const Json* reasons = span.attributes.find("gen_ai.response.finish_reasons");
  const std::size_t asked = count != nullptr && count->is_number_unsigned() ? count->get<std::size_t>() : 1;
  const std::size_t answered = reasons != nullptr && reasons->is_array() ? reasons->size() : 1;
  return std::clamp<std::size_t>(std::max(asked, answered), 1, 128);
}

}  // namespace

Content Joiner::content_of(const Call& call) {
  Content content;
  if (call.span) read_content(*call.span, content);
  if (content.is_whole()) return content;
  Content from_events;
  std::vector<const LogRecord*> in_order;
  for (const LogRecord& event : call.events) in_order.push_back(&event);
  std::ranges::stable_sort(in_order, {}, &LogRecord::time);
  for (const LogRecord* event : in_order) read_event(*event, from_events);
  if (from_events.has_request()) {
    content.messages = std::move(from_events.messages);
    content.request = std::move(from_events.request);
  }
  if (from_events.has_response()) {
    content.choices = std::move(from_events.choices);
    content.response = std::move(from_events.response);
  }
  if (content.tools.empty()) content.tools = std::move(from_events.tools);
  return content;
}

bool Joiner::has_all(const Call& call, const Content& content) {
  return call.span && content.is_whole() &&
         (content.response.is_object() || content.choices.size() >= expected_choices(*call.span));
}

std::optional<JoinedCall> Joiner::add(Piece piece, std::string line) {
  const std::lock_guard lock(mutex_);
  const Key key(piece.trace_id(), piece.span_id());
  if (done_.contains(key)) return std::nullopt;
  const auto [at, is_new] = calls_.try_emplace(key);
  Call& call = at->second;
  if (call.is_complete) return std::nullopt;
  if (is_new) {
    call.since = piece.since;
    order_.push_back(key);
  }
  call.latest = std::max(call.latest, piece.since);
  // What a client sends again because an answer got lost differs in nothing but its time of arrival.
  piece.since = {};
  if (call.seen.insert(hash64(to_line(piece))).second) {
    call.bytes += 4 * line.size();
    bytes_ += 4 * line.size();
    call.lines.push_back(std::move(line));
    if (piece.span) call.span = std::move(piece.span);
    if (piece.event) call.events.push_back(*std::move(piece.event));
  }
  Content content = content_of(call);
  call.has_all = has_all(call, content);
  const bool may_grow = options_.settle > Duration{} && !std::ranges::all_of(call.events, tells_all);
  if (call.has_all && !may_grow) return joined(key, call, std::move(content));
  while ((calls_.size() > options_.max_calls || bytes_ > options_.max_bytes) && !order_.empty()) {
    const auto oldest = calls_.find(order_.front());
    order_.pop_front();
    if (oldest != calls_.end() && !oldest->second.is_complete) give_up(oldest, pushed_out_);
  }
  return std::nullopt;
}

std::vector<JoinedCall> Joiner::expire(Timestamp now) {
  const std::lock_guard lock(mutex_);
  std::vector<JoinedCall> out = std::exchange(pushed_out_, {});
  const Duration settle = std::min(options_.settle, options_.window);
  for (auto& [key, call] : calls_) {
    const bool is_due = call.has_all && !call.is_complete && call.latest + settle <= now;
    if (is_due) out.push_back(joined(key, call, content_of(call)));
  }
  while (!order_.empty()) {
    const auto oldest = calls_.find(order_.front());
    const bool waits = oldest != calls_.end() && !oldest->second.is_complete;
    if (waits && oldest->second.since + options_.window > now) break;
    order_.pop_front();
    if (waits) give_up(oldest, out);
  }
  return out;
}

void Joiner::give_up(std::map<Key, Call>::iterator at, std::vector<JoinedCall>& out) {
  Content content = content_of(at->second);
  if (content.is_whole()) {
    out.push_back(joined(at->first, at->second, std::move(content)));
    return;
  }
  ++(at->second.events.empty() ? stats_.spans_without_content : stats_.incomplete_events);
  erase(at);
}

JoinedCall Joiner::joined(const Key& key, Call& call, Content content) {
  call.is_complete = true;
  JoinedCall out{.trace_id = key.first,
                 .span_id = key.second,
                 .content = std::move(content),
                 .span = call.span,
                 .attributes = {},
                 .origin = nullptr,
                 .time = call.since};
  if (!call.events.empty()) {
    out.attributes = call.events.back().attributes;
    out.origin = call.events.back().origin;
    if (call.events.front().time != Timestamp{}) out.time = call.events.front().time;
  }
  if (out.span) out.origin = out.span->origin;
  return out;
}

void Joiner::erase(std::map<Key, Call>::iterator at) {
  bytes_ -= at->second.bytes;
  calls_.erase(at);
}

void Joiner::settle(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (const auto at = calls_.find(key); at != calls_.end()) erase(at);
  if (!done_.insert(key).second) return;
  done_order_.push_back(key);
  if (done_order_.size() > kMostDone) {
    done_.erase(done_order_.front());
    done_order_.pop_front();
  }
}

void Joiner::unsettle(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;
  at->second.is_complete = false;
  order_.push_back(key);  // its place in the line may be gone
}

std::vector<std::string> Joiner::waiting_lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [key, call] : calls_) out.insert(out.end(), call.lines.begin(), call.lines.end());
  return out;
}

std::size_t Joiner::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_ / 4;
}

JoinerStats Joiner::stats() const {
  const std::lock_guard lock(mutex_);
  JoinerStats stats = stats_;
  stats.waiting = calls_.size();
  return stats;
}

}  // namespace fw::capture::otlp
