#pragma once

#include <memory>
#include <string_view>

#include "capture/completions/impl/answer.h"
#include "capture/completions/stream_rebuild.h"
#include "net/sse.h"

namespace fw::capture {

/// Adds the events of one stream to an answer. Keeps what a dialect needs from event to event, and nothing of the text.
class DialectReader {
 public:
  virtual ~DialectReader() = default;
  virtual void read(const net::SseEvent& event, Answer& answer) = 0;
};

[[nodiscard]] std::unique_ptr<DialectReader> chat_reader();  ///< of /v1/completions too
[[nodiscard]] std::unique_ptr<DialectReader> messages_reader();
[[nodiscard]] std::unique_ptr<DialectReader> responses_reader();

}  // namespace fw::capture
