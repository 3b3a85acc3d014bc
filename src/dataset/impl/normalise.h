#pragma once

#include <optional>
#include <set>
#include <string_view>

#include "dataset/impl/json.h"

namespace fw::dataset {

/// What normalise() found.
struct Normalised {
  std::optional<std::string_view> defect;  ///< of reasons.h; the record cannot be used
  std::set<std::string_view> repairs;      ///< of reasons.h
};

/// Brings a captured exchange into the one form that the rest of this module reads: what has a clear meaning is
/// rewritten (texts given as parts, absent arguments and ids, the older functions, odd schemas), what has none, what no
/// engine would take, and what is no answer to learn from is named. Afterwards, where there is no defect:
/// 1. Messages have known roles and string contents (an assistant's may be null); the last is not an assistant's.
/// 2. Tool calls have id, type `function`, a name, and arguments as a string that is a JSON object; every tool's
/// message
///    names an earlier call. With `parse_arguments` false the answer's arguments stay as captured.
/// 3. Tools are functions with names, and parameters that are objects; none are there, or more than none. tool_choice,
/// where
///    it stands, is `auto`, `none`, `required`, or names one of them.
/// 4. Every choice has a message; the answer (answer_index) is whole.
/// Doing it twice changes nothing.
[[nodiscard]] Normalised normalise(Json& request, Json& response, bool parse_arguments);

}  // namespace fw::dataset
