#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fw::capture {

/// What takes the place of a value.
enum class RedactionAction : std::uint8_t {
  kDrop,       ///< nothing
  kMask,       ///< `[EMAIL]`
  kPseudonym,  ///< `EMAIL_kdcalpobfmhgneij`: the same value has the same one within a tenant
};

/// One rule: a built-in kind, a pattern of one's own, or a path in the documents.
struct RedactionRule {
  std::string name;     ///< in counts and, in capitals, in masks; for built-in kinds their name
  std::string kind;     ///< email, phone, iban, card, ip, api_key, jwt; empty for the other two
  std::string pattern;  ///< RE2 syntax, on texts
  std::string path;     ///< `$.request.user`, `$..password`, `$.request.messages[*].name`
  RedactionAction action = RedactionAction::kMask;
  std::vector<std::string> workloads;  ///< only for these; empty: for all
  std::vector<std::string> except;     ///< for all but these
};

/// `redact` of the configuration.
struct RedactionSettings {
  std::vector<RedactionRule> rules;
  std::string key_env = "FLYWHEEL_REDACTION_KEY";  ///< environment variable with the key of pseudonyms
};

}  // namespace fw::capture
