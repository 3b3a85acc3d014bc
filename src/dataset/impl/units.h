#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataset/impl/selection.h"

namespace fw::dataset {

/// Gives every row the unit that should stay on one side (Row::unit, equal for rows of one unit): the conversation, and
/// with `keep_templates_together` all conversations that are joined by
/// - their opening: the first user message has the same template, of three words or more;
/// - their case: the user's messages name the same id (letters and digits, as an order number or a user name) that no
///   more than 20 conversations of the window, and no more than a tenth of them, name: a matter taken up again, a task
///   played again under another conversation's id;
/// - an equal request, of 200 bytes or more, or that no more than three conversations hold.
/// `conversations` are those of all records.
void assign_units(bool keep_templates_together, const Survey& survey, std::span<const std::uint32_t> conversations,
                  std::vector<Row>& rows);

}  // namespace fw::dataset
