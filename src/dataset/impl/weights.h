#pragma once

#include <vector>

#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"

namespace fw::dataset {

/// RowTraits::weight of every evaluation row (0 for others): how many records of the traffic it stands for, relative to
/// other rows. The records that ask its very request, times how much rarer records of its part (newest or older) and
/// class are drawn than records at large: 50 for a request that came 50 times in traffic that is drawn evenly. Frequent
/// requests (Split::is_frequent) stand for their own records, the others for all the rest. Classes with less
/// than five evaluation rows are weighed together, those that call a tool and those that answer in text apart: hundreds
/// of classes that came once are drawn one here and one there, and those drawn stand for those that were not.
///
/// Whether training saw a row's template is no part of it: which templates are held is decided by lot, so every row has
/// the same chance. The figure over all rows is so the harder one, where more of them are unseen than in new traffic.
[[nodiscard]] std::vector<double> evaluation_weights(const Selected& selected, const Survey& survey,
                                                     const Split& split);

}  // namespace fw::dataset
