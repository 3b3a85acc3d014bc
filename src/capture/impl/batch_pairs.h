#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "capture/formats/format.h"
#include "capture/record_reader.h"

namespace fw::capture {

/// Batches: a file of requests and one of results, joined by `custom_id` whichever comes first. OpenAI's and those that
/// do as it does: `{"custom_id", "method", "url", "body"}` and `{"custom_id", "response": {"status_code", "body"},
/// "error"}`, of any of its APIs that make texts. Anthropic's: `{"custom_id", "params"}` and `{"custom_id", "result":
/// {"type", "message"}}`. Not thread-safe.
class BatchPairs final {
 public:
  /// Of the halves that wait; beyond it a half is refused at once.
  static constexpr std::size_t kMaxBytes = 64ULL << 20;

  [[nodiscard]] static bool is_request(const Document& document);
  [[nodiscard]] static bool is_result(const Document& document, codec::JsonSlicer& slicer);

  /// The interaction, once both halves are there; nothing while one waits. Errors are reasons.
  [[nodiscard]] Result<std::optional<Draft>> take_request(const Document& document, const codec::JsonDocument& source,
                                                          codec::JsonSlicer& slicer);
  [[nodiscard]] Result<std::optional<Draft>> take_result(const Document& document, const codec::JsonDocument& source,
                                                         codec::JsonSlicer& slicer);

  /// Refuses what still waits.
  void finish(RecordSink& sink);

 private:
  struct Half {
    std::string text;  ///< of the document
    std::string body;
    std::uint64_t line = 0;
    std::optional<Timestamp> created;
  };
  using Halves = std::map<std::string, Half>;

  [[nodiscard]] Result<std::optional<Draft>> join(Halves& mine, Halves& others, const std::string& id, Half half,
                                                  bool is_request);

  Halves requests_;
  Halves results_;
  std::size_t bytes_ = 0;
};

}  // namespace fw::capture
