#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "record/provenance.h"

namespace fw::capture {

/// The ways in which applications speak to models. All of them are kept as chat completions.
enum class Dialect : std::uint8_t {
  kChatCompletions,  ///< OpenAI's /v1/chat/completions
  kCompletions,      ///< OpenAI's older /v1/completions
  kResponses,        ///< OpenAI's /v1/responses
  kMessages,         ///< Anthropic's /v1/messages
};

/// Rebuilds the whole answer out of an event stream as it goes by: texts, refusals and reasoning joined, calls of tools
/// by their index, by their id, or in order where they have neither, log-probabilities, every choice, the usage of
/// whichever event has one, and the fields that are not known here where they have a place.
///
/// Bytes in any pieces give the same outcome. Nothing fails: what is odd is remembered, and said at the end. Memory is
/// bounded by `max_bytes` and a constant; the time of a piece does not depend on what came before. Plain and
/// synchronous; not for more than one thread.
class StreamRebuild final {
 public:
  explicit StreamRebuild(Dialect dialect, std::size_t max_bytes = std::size_t{32} << 20);
  ~StreamRebuild();
  StreamRebuild(StreamRebuild&&) noexcept;
  StreamRebuild& operator=(StreamRebuild&&) noexcept;

  void add(std::string_view bytes);

  struct Outcome {
    /// A chat-completion response, a JSON object, with what had come. An error that the stream held is its `error`.
    std::string response;
    /// kFinished, kArgumentsIncomplete, kRefused (an error in the stream), kClientGone (it was told so, and the end had
    /// not come), or kUpstreamDied: no end was seen, or the answer was larger than `max_bytes` and is not whole here.
    record::Ending ending = record::Ending::kFinished;
    std::string model;  ///< that answered, if the stream says so
    std::string id;     ///< of the answer, likewise
    bool has_usage = false;
    std::string note;  ///< what was odd, for a person; empty when nothing was
  };
  /// `client_gone`: the stream was broken off since the client had hung up.
  [[nodiscard]] Outcome finish(bool client_gone) &&;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A request of a dialect as a chat-completion request. What has no place there stays under its own name.
/// kInvalidArgument when it is no JSON object, or none of this dialect.
[[nodiscard]] Result<std::string> as_chat_request(Dialect dialect, std::string_view body);

/// A whole answer of a dialect, or its error, as a chat-completion response; as above.
[[nodiscard]] Result<std::string> as_chat_response(Dialect dialect, std::string_view body);

/// JSON in which U+FFFD stands for bytes that are no UTF-8 and for halves of surrogate pairs, as a rebuilt stream has
/// it: what is wrong with single characters makes an answer no other.
[[nodiscard]] std::string with_whole_characters(std::string_view json);

}  // namespace fw::capture
