#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "modelops/model.h"
#include "net/http.h"

namespace fw::modelops {

/// Reads an environment variable; empty when it is not set.
using Variables = std::function<std::string(const std::string& name)>;
[[nodiscard]] Variables process_variables();

/// A key as it can be sent.
struct KeyText {
  std::string key;
  std::string note;  ///< what was done to it, naming its variable; empty: nothing
};

/// The key in a variable. Blanks and line ends around it, which a file or a paste leaves, are cut off and noted.
/// kFailedPrecondition when it is not set or blank, kInvalidArgument when a blank, a line break or a byte that no
/// header may hold stands within it; each names the variable and never the key.
[[nodiscard]] Result<KeyText> read_key(const std::string& variable, const Variables& variables);

/// Text whose `${NAME}`s have been replaced by the variables' values, each as read_key reads it. A `$` without a brace
/// stays.
struct FilledText {
  std::string text;
  std::vector<std::string> secrets;  ///< the values that were put in
};
[[nodiscard]] Result<FilledText> fill_variables(std::string_view text, const Variables& variables);

/// The variables that `${NAME}`s of a text name.
[[nodiscard]] std::vector<std::string> variables_in(std::string_view text);

/// What identifies us to an endpoint.
struct Credentials {
  net::Headers headers;
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::string> secrets;  ///< never to be shown
  std::vector<std::string> notes;
};

/// Reads the variables that the endpoint names.
[[nodiscard]] Result<Credentials> credentials_of(const Endpoint& endpoint, const Variables& variables);

/// Whether a header or query parameter of this name bears a secret: `api-key`, `Authorization`, `x-goog-api-key`, ...
[[nodiscard]] bool is_secret_name(std::string_view name);

}  // namespace fw::modelops
