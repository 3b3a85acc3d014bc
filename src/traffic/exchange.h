#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "record/interaction.h"

namespace fw::traffic {

/// What a person sees of an interaction before opening it. Texts are those of the traffic, unescaped, valid UTF-8. What
/// the bytes do not say is empty or absent.
struct Exchange {
  std::string label;                ///< the class: the answer's first tool, `no_tool` where it called none
  std::vector<std::string> called;  ///< tools of the answer, in their order, at most kMostTools
  std::uint64_t tools_offered = 0;  ///< by the request
  std::uint64_t messages = 0;       ///< of the request
  std::string model_asked;          ///< provenance's, else the request's
  std::string model_answered;       ///< provenance's, else the answer's
  std::string finish_reason;        ///< of the first choice
  std::string asked;                ///< beginning of the request's last message
  std::string answered;  ///< beginning of the answer's text, or of its first call's arguments; an error's message
  std::optional<std::uint64_t> prompt_tokens;
  std::optional<std::uint64_t> completion_tokens;
  std::optional<std::uint64_t> cached_tokens;  ///< of prompt_tokens
  bool is_error = false;                     ///< an error instead of an answer, by its body, its status or how it ended
  std::optional<Timestamp> content_expired;  ///< since when there are no texts any more
};

/// Reads interactions whatever their bytes are: what is no chat completion has empty fields. One whose content has
/// expired reads as before, but for its texts. Reuses its buffers: one a
/// thread. Not thread-safe.
class ExchangeReader final {
 public:
  static constexpr std::size_t kMostTools = 32;
  static constexpr std::size_t kPreviewBytes = 240;

  ExchangeReader();
  ~ExchangeReader();
  ExchangeReader(const ExchangeReader&) = delete;
  ExchangeReader& operator=(const ExchangeReader&) = delete;

  [[nodiscard]] Exchange read(const record::Interaction& interaction);
  /// Whether a message of user, assistant or tool, a call, or the answer holds the text, whatever the case of its ASCII
  /// letters; those of `lower_case` are small.
  [[nodiscard]] bool has_text(const record::Interaction& interaction, std::string_view lower_case);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::traffic
