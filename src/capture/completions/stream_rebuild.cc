#include "capture/completions/stream_rebuild.h"

#include <algorithm>

#include "capture/completions/impl/answer.h"
#include "capture/completions/impl/dialect_reader.h"
#include "capture/completions/impl/escaped.h"
#include "net/sse.h"

namespace fw::capture {
namespace {

constexpr std::size_t kMaxEvent = std::size_t{16} << 20;

std::unique_ptr<DialectReader> reader_of(Dialect dialect) {
  switch (dialect) {
    case Dialect::kResponses: return responses_reader();
    case Dialect::kMessages: return messages_reader();
    default: return chat_reader();
  }
}

std::string joined(const std::vector<std::string>& notes) {
  std::string out;
  for (const auto& note : notes) out += (out.empty() ? "" : "; ") + note;
  return out;
}

}  // namespace

class StreamRebuild::Impl {
 public:
  Impl(Dialect dialect, std::size_t max_bytes)
      : events_(std::min(max_bytes, kMaxEvent)), answer_(max_bytes), reader_(reader_of(dialect)) {}

  void add(std::string_view bytes) {
    while (!is_lost_ && !answer_.is_done()) {
      const auto events = events_.push(bytes);
      if (!events.ok()) {
        is_lost_ = true;
        return answer_.note(events.error().message);
      }
      read(*events);
      // The reader gives out what came before an event that is too large, and says so when it is asked again.
      if (events->empty()) return;
      bytes = {};
    }
  }

  Outcome finish(bool client_gone) && {
    if (auto last = events_.finish()) read({std::move(*last)});
    Outcome out;
    const bool is_ended = answer_.is_done() || (answer_.has_choices() && answer_.is_every_choice_finished());
    if (answer_.is_cut() || is_lost_) answer_.note("the answer is larger than what is kept of one; it ends early here");
    out.ending = ending(is_ended, client_gone);
    out.response = answer_.json();
    if (const auto* model = answer_.get("model"))
      out.model = unescaped(std::string_view(*model).substr(1, model->size() - 2));
    if (const auto* id = answer_.get("id"); id != nullptr && id->size() >= 2 && id->front() == '"')
      out.id = unescaped(std::string_view(*id).substr(1, id->size() - 2));
    out.has_usage = answer_.has_usage();
    for (const auto& what : answer_.unmapped()) answer_.note("left out: " + what);
    out.note = joined(answer_.notes());
    return out;
  }

 private:
  void read(const std::vector<net::SseEvent>& events) {
    for (const auto& event : events) {
      if (!answer_.is_done()) reader_->read(event, answer_);
    }
  }

  record::Ending ending(bool is_ended, bool client_gone) {
    using record::Ending;
    if (answer_.has_error()) return Ending::kRefused;
    if (!is_ended) return client_gone ? Ending::kClientGone : Ending::kUpstreamDied;
    if (answer_.is_any_choice_finished() && !answer_.is_every_choice_finished()) {
      answer_.note("a choice has no finish_reason while others have");
      return Ending::kUpstreamDied;
    }
    if (answer_.is_cut() || is_lost_) return Ending::kUpstreamDied;
    if (!answer_.is_done()) answer_.note("the stream ended without its last event");
    if (!answer_.is_any_choice_finished()) answer_.note("no finish_reason");
    return answer_.has_broken_arguments() ? Ending::kArgumentsIncomplete : Ending::kFinished;
  }

  net::SseReader events_;
  Answer answer_;
  std::unique_ptr<DialectReader> reader_;
  bool is_lost_ = false;  ///< an event was too large for the reader
};

StreamRebuild::StreamRebuild(Dialect dialect, std::size_t max_bytes)
    : impl_(std::make_unique<Impl>(dialect, max_bytes)) {}
StreamRebuild::~StreamRebuild() = default;
StreamRebuild::StreamRebuild(StreamRebuild&&) noexcept = default;
StreamRebuild& StreamRebuild::operator=(StreamRebuild&&) noexcept = default;

void StreamRebuild::add(std::string_view bytes) { impl_->add(bytes); }

StreamRebuild::Outcome StreamRebuild::finish(bool client_gone) && { return std::move(*impl_).finish(client_gone); }

}  // namespace fw::capture
