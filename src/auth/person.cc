#include "auth/person.h"

#include "codec/unicode_words.h"

namespace fw::auth {

std::string person_key(std::string_view name) {
  std::string key;
  bool is_after_blank = true;
  for (const char c : folded_as_seen(name)) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_blank) key += c;
    if (is_blank && !is_after_blank) key += ' ';
    is_after_blank = is_blank;
  }
  if (key.ends_with(' ')) key.pop_back();
  return key;
}

bool is_same_person(std::string_view a, std::string_view b) { return a == b || person_key(a) == person_key(b); }

Status check_person_name(std::string_view name, std::string_view field) {
  const std::string begin(field);
  const std::string key = person_key(name);
  if (key.empty()) return invalid_argument(begin + " should be a name that can be seen");
  if (name.starts_with(' ') || name.ends_with(' ')) {
    return invalid_argument(begin + " should have no blanks before or after it");
  }
  if (has_unseen(name)) {
    return invalid_argument(begin +
                            " should be text without characters that cannot be seen or that turn the direction of "
                            "writing, and with no other blanks than the plain one");
  }
  if (key == kItself) {
    return invalid_argument(begin + " should be another one than " + std::string(kItself) +
                            ", which is what the service calls itself in the audit log");
  }
  return {};
}

}  // namespace fw::auth
