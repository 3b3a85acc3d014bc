#pragma once

#include <string>

#include "dataset/impl/normalise.h"

/// The pieces of normalise(). Each returns the first defect.
namespace fw::dataset::normal {

using Defect = std::optional<std::string_view>;

/// Rewrites one message's calls, wherever it stands.
class Calls {
 public:
  /// `is_earlier`: of a message of the request. `prefix` makes ids that are missing.
  Calls(Normalised& out, bool is_earlier, bool parse_arguments, std::string prefix)
      : out_(out), is_earlier_(is_earlier), parse_arguments_(parse_arguments), prefix_(std::move(prefix)) {}

  [[nodiscard]] Defect normalise(Json& message);

 private:
  [[nodiscard]] Defect call(Json& call, std::size_t number);
  [[nodiscard]] Defect arguments(Json& function);
  [[nodiscard]] Defect malformed() const;
  [[nodiscard]] Defect not_an_object() const;

  Normalised& out_;
  bool is_earlier_;
  bool parse_arguments_;
  std::string prefix_;
};

/// `tools` and `tool_choice`.
[[nodiscard]] Defect tools(Json& request, Normalised& out);
/// A tool's parameters: an object, a boolean or null.
void schema(Json& parameters, Normalised& out);
[[nodiscard]] Defect messages(Json& request, Normalised& out);
[[nodiscard]] Defect answer(Json& response, bool parse_arguments, Normalised& out);

enum class Content { kText, kMedia, kRefusal, kUnreadable };

/// Whether hosted servers take it as a message's `name`: 1 to 64 of a-z, A-Z, 0-9, _ and -.
[[nodiscard]] bool is_plain_name(std::string_view name);

/// Joins a content of text parts into one text, line by line, as llama-server and vLLM do before they fill a template.
/// kText also for contents that are none or a string.
[[nodiscard]] Content join_parts(Json& message, Normalised& out);

}  // namespace fw::dataset::normal
