#pragma once

#include <string>

#include "dataset/impl/json.h"

namespace fw::dataset {

/// How a request is worded, without what it is about: the text in lower case (ASCII), white space collapsed, with one
/// mask for every value of the answer's tool arguments (strings and numbers, underscores read as spaces too, at word
/// boundaries) and for every token that has a digit. `where is order a-4711?` and `where is order B-12?` are worded
/// alike. Texts beyond 64 KiB and values beyond the 256 longest are not looked at.
[[nodiscard]] std::string wording_of(std::string_view text, const Json& answer);

}  // namespace fw::dataset
