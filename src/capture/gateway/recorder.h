#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "capture/gateway/answer_scan.h"
#include "capture/gateway/dialect.h"
#include "capture/gateway/labels.h"
#include "net/http.h"
#include "record/interaction.h"

namespace fw::capture {

/// How an exchange ended as far as bytes go.
enum class BytesEnd : std::uint8_t { kWhole, kClientGone, kUpstreamDied };

/// Makes the record of one exchange: is told what goes by, and gives the Interaction at the end. Plain and synchronous;
/// holds at most `max_bytes` of an answer, and of a stream only what it is rebuilt into.
class Recorder final {
 public:
  struct Begin {
    record::RecordId id;
    Labels labels;
    Dialect dialect = Dialect::kChatCompletions;
    std::string model;      ///< that was asked for
    Timestamp when;         ///< of the request
    Instant request_whole;  ///< when its last byte was here
  };
  Recorder(Begin begin, std::size_t max_bytes) : begin_(std::move(begin)), max_bytes_(max_bytes) {}

  [[nodiscard]] const record::RecordId& id() const { return begin_.id; }
  /// The id that the answer bears itself, once finish() was called.
  [[nodiscard]] const std::string& answer_id() const { return answer_id_; }
  /// Who is asked, from here on.
  void set_target(std::string_view route, std::string_view variant);
  /// The head of the answer that goes to the client.
  void begin_answer(const net::ResponseHead& head);
  void add(std::string_view piece, Instant now);
  /// There was no answer: the client was told `error`, a JSON object, instead.
  void fail(std::string error) { body_ = std::move(error); }
  /// The answer is an event stream.
  [[nodiscard]] bool is_stream() const { return is_stream_; }

  /// `request`: the body as the client sent it. kInvalidArgument where it is no request that can be kept, kTooLarge
  /// where the answer went beyond the limit.
  [[nodiscard]] Result<record::Interaction> finish(std::string request, BytesEnd end, Instant now,
                                                   AnswerScanner& scanner) &&;

 private:
  /// The answer as a chat-completion response; sets ending and model.
  [[nodiscard]] std::string response(BytesEnd end, AnswerScanner& scanner);
  [[nodiscard]] std::string stream_response(BytesEnd end);
  [[nodiscard]] AnswerScan read_body(AnswerScanner& scanner);
  [[nodiscard]] std::string whole_response(BytesEnd end, AnswerScanner& scanner);
  void unpack();
  void note(std::string_view what);

  Begin begin_;
  std::size_t max_bytes_;
  record::Provenance provenance_;
  std::optional<StreamRebuild> stream_;
  std::string body_;
  std::string answer_id_;
  bool is_stream_ = false;
  bool is_packed_ = false;
  bool is_too_large_ = false;
};

}  // namespace fw::capture
