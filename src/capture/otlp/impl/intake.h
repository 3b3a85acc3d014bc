#pragma once

#include "capture/otlp/impl/joiner.h"
#include "capture/otlp/otlp_receiver.h"
#include "record/interaction.h"

namespace fw::capture::otlp {

/// What became of one request's spans or log records.
struct Intake {
  std::vector<record::Interaction> records;
  std::vector<Joiner::Key> calls;    ///< that are among them; to be settled with the joiner
  std::vector<std::string> waiting;  ///< lines that must be durable before the request is acknowledged
  std::vector<QuarantinedLine> bad_lines;
  std::uint64_t rejected = 0;
  std::string why;  ///< the first reason
  std::uint64_t failed_calls = 0;
  std::uint64_t other = 0;

  void reject(std::string reason);
};

/// Names that a request's headers give where its telemetry has none.
struct DefaultNames {
  std::optional<record::WorkloadId> workload;
  std::optional<record::ClientId> client;
  std::shared_ptr<const auth::Caller> caller{};  ///< whose key it came with
};

/// Spans and log records into interactions, or into the joiner. Plain; one request at a time per call, any thread.
class Sorter final {
 public:
  Sorter(const OtlpReceiverOptions& options, Joiner& joiner) : options_(options), joiner_(joiner) {}

  [[nodiscard]] Intake take_spans(std::vector<Span> spans, const DefaultNames& names, Timestamp now);
  [[nodiscard]] Intake take_logs(std::vector<LogRecord> logs, const DefaultNames& names, Timestamp now);
  /// The interaction of a call. kInvalidArgument: names that cannot be one.
  [[nodiscard]] Result<record::Interaction> interaction_of(const JoinedCall& call, const DefaultNames& names) const;

 private:
  void take_call(const JoinedCall& call, const DefaultNames& names, Intake& into) const;
  void wait_for_rest(Piece piece, const DefaultNames& names, Intake& into);

  const OtlpReceiverOptions& options_;
  Joiner& joiner_;
};

/// The document that a log record's body is, as text; nothing when it is none. Parsed bodies have lost the order of
/// their keys: they get the alphabet's, so that the same document is the same text again.
[[nodiscard]] std::optional<std::string> document_of(const LogRecord& log);

}  // namespace fw::capture::otlp
