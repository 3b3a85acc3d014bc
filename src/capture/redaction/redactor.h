#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/redaction/settings.h"
#include "record/interaction.h"

namespace fw::capture {

/// How many values each rule has replaced, by its name.
using RedactionCounts = std::map<std::string, std::uint64_t>;

/// Takes personal data and secrets out of interactions before they reach a disk. Every way in calls it.
///
/// Rules look at the values of JSON strings, also within JSON that is written as a text (arguments of calls, results of
/// tools). Keys, numbers, structure and all bytes that no rule touches stay as they are, and what was JSON is JSON
/// after. Where two rules want the same bytes, the earlier one has them. Data URLs and texts of a KiB and more that are
/// base64 throughout are not read. What spells a text by its tokens (`logprobs`) becomes null where something of the
/// text was replaced, and counts under `logprobs`.
///
/// Immutable; apply() from any thread.
class Redactor final {
 public:
  /// `key` is that of pseudonyms. kInvalidArgument with the rule's number for a rule that cannot be used, and where a
  /// rule wants pseudonyms and there is no key.
  [[nodiscard]] static Result<Redactor> create(const RedactionSettings& settings, std::string key);
  /// Without rules: nothing is changed.
  Redactor();
  ~Redactor();
  Redactor(Redactor&&) noexcept;
  Redactor& operator=(Redactor&&) noexcept;

  [[nodiscard]] bool has_rules() const;

  /// Redacts request, response, tags and the conversation's id. The pseudonyms' tenant is the client. An error when
  /// request or response is no JSON: then the interaction is as it was, and must not be stored.
  [[nodiscard]] Result<RedactionCounts> apply(record::Interaction& interaction) const;

  /// The same for bytes that are no interaction and yet are kept (bad lines), with the rules of every workload: as JSON
  /// where they are JSON, else as a text. Where there are paths, which cannot be found in a text, that is withheld.
  [[nodiscard]] std::string redact_unread(std::string_view bytes) const;

  /// A text with the rules for texts of every workload.
  [[nodiscard]] std::string redact_text(std::string_view text, RedactionCounts& counts) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
