#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/redaction/impl/json_path.h"

namespace fw::capture {

/// What a value spells once more, token by token, so that it goes where something of that was replaced.
enum class Spells : std::uint8_t {
  kNothing,  ///< it is replaced in any case
  kText,     ///< texts of the same JSON: `logprobs`, ids of tokens
  kRequest,  ///< the request's, wherever it stands: `prompt_logprobs`
};

/// Bytes to be replaced. In order, without overlaps.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
  Spells spells = Spells::kNothing;
};
using Edits = std::vector<Edit>;

[[nodiscard]] std::string edited(std::string_view text, const Edits& edits);

/// What decides about the values of a JSON text.
class ValueJudge {
 public:
  virtual ~ValueJudge() = default;
  /// Whether paths are followed at all; they cost a little.
  [[nodiscard]] virtual bool wants_paths() const = 0;
  /// What a whole value becomes, as JSON: of a string its text (unescaped), of others their bytes. Empty: it stays.
  [[nodiscard]] virtual std::string replace_value(const std::vector<JsonPath::Step>& steps, std::string_view value,
                                                  bool is_string) = 0;
  /// What is to be replaced within a text.
  [[nodiscard]] virtual Edits edits_of_text(std::string_view text) = 0;
};

/// Walks over a JSON text and collects what the judge wants replaced. A string that holds JSON itself (an object or an
/// array) is walked likewise, so that it is JSON afterwards, and its paths go on from where it stands. Values that
/// spell texts by their tokens are among the edits, with what they spell. False when the text is no JSON, or nests
/// deeper than 128.
[[nodiscard]] bool collect_edits(std::string_view json, ValueJudge& judge, std::vector<JsonPath::Step>& steps,
                                 Edits& edits);

}  // namespace fw::capture
