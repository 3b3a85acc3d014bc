#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_scanner.h"

namespace fw::capture {

/// A chat-completion response while its pieces come in, whatever dialect they come in. Texts are insides of JSON
/// strings (escaped.h), `raw` values are whole JSON, names are insides too; both are appended as they stand.
///
/// 1. What is kept never exceeds the limit; the first piece that finds no room ends all texts and calls, so that none
///    has a hole.
/// 2. Everything kept is valid JSON: callers check pieces before they add them.
class Answer final {
 public:
  enum class Text : std::uint8_t { kContent, kRefusal, kReasoningContent, kReasoning };

  /// A part of a tool call, as pieces name it: by index, by id, or by neither.
  struct CallPiece {
    std::optional<std::int64_t> index;
    std::string_view id;
    std::string_view name;
    std::string_view arguments;
    bool is_custom = false;  ///< a custom tool: its input is free text
  };

  explicit Answer(std::size_t max_bytes) : limit_(max_bytes), room_(max_bytes) {}

  /// A field of the response by the API's name: the first value that says something stays.
  void set_first(std::string_view name, std::string_view raw);
  /// The last one stays.
  void set_last(std::string_view name, std::string_view raw);
  void set_error(std::string_view raw);
  void set_done() { is_done_ = true; }
  void note(std::string_view what);
  /// Of another dialect than chat completions: the response names it, and says what of it had no place.
  void set_dialect(std::string_view name) { dialect_ = name; }
  void note_unmapped(std::string_view what);
  /// Forgets the choices: the stream goes on to tell the answer as a whole.
  void begin_again();

  void add_text(std::int64_t choice, Text kind, std::string_view inside);
  void add_call(std::int64_t choice, const CallPiece& piece);
  void add_legacy_call(std::int64_t choice, std::string_view name, std::string_view arguments);
  /// The whole arguments of a call, in place of the pieces that came, where these are shorter.
  void complete_arguments(std::int64_t choice, std::int64_t index, std::string_view arguments);
  /// A field of a call that is not known here; the last value stays.
  void set_of_call(std::int64_t choice, const CallPiece& piece, std::string_view name, std::string_view raw);
  void add_logprobs(std::int64_t choice, bool of_refusal, std::string_view elements);
  void set_finish_reason(std::int64_t choice, std::string_view raw);
  void set_of_choice(std::int64_t choice, std::string_view name, std::string_view raw);
  /// A field of the message that is not known here: texts and lists grow, objects are merged, the rest is replaced.
  void merge_into_message(std::int64_t choice, std::string_view name, std::string_view raw);

  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] bool has_error() const { return !error_.empty(); }
  [[nodiscard]] bool is_cut() const { return is_cut_; }
  [[nodiscard]] bool has_usage() const { return get("usage") != nullptr; }
  [[nodiscard]] const std::string* get(std::string_view name) const;
  /// Whether there are choices, and all of them have (or none of them has) a finish_reason.
  [[nodiscard]] bool is_every_choice_finished() const;
  [[nodiscard]] bool is_any_choice_finished() const;
  [[nodiscard]] bool has_calls() const;
  [[nodiscard]] bool has_choices() const { return !choices_.empty(); }
  [[nodiscard]] bool has_broken_arguments() const;
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] const std::vector<std::string>& unmapped() const { return unmapped_; }

  /// The response's JSON.
  [[nodiscard]] std::string json() const;

 private:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  struct Call {
    std::int64_t index = 0;
    std::string id;
    std::string name;
    std::string arguments;
    bool is_custom = false;
    Fields rest;
    codec::JsonScanner scanner = {};  ///< of `arguments`, as far as `scanned`
    std::size_t scanned = 0;
    codec::JsonScanner::State state = codec::JsonScanner::State::kMore;
  };
  struct Choice {
    std::int64_t index = 0;
    std::array<std::optional<std::string>, 4> texts;
    std::vector<Call> calls;
    std::optional<Call> legacy_call;
    std::array<std::optional<std::string>, 2> logprobs;  ///< elements, joined by commas: of content, of refusal
    std::string finish_reason;
    Fields rest;
    nlohmann::ordered_json message_rest = nlohmann::ordered_json::object();
  };

  [[nodiscard]] bool take(std::size_t bytes);
  void set(Fields& fields, std::string_view name, std::string_view raw);
  Choice* choice(std::int64_t index);
  Call* call_of(Choice& choice, const CallPiece& piece);
  void grow(Call& call, const CallPiece& piece);
  static bool has_whole_arguments(Call& call);
  static bool begins_another(Call& call, const CallPiece& piece);

  static void append_call(std::string& out, const Call& call);
  static void append_message(std::string& out, const Choice& choice);
  static void append_choice(std::string& out, const Choice& choice);

  std::size_t limit_;
  std::size_t room_;
  bool is_cut_ = false;
  bool is_done_ = false;
  std::string error_;
  Fields head_;
  std::vector<Choice> choices_;
  std::vector<std::string> notes_;
  std::string dialect_;
  std::vector<std::string> unmapped_;
};

}  // namespace fw::capture
