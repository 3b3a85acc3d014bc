#pragma once

#include <string_view>

namespace fw::dataset {

/// Whether a user's message says at its beginning that the answer before it is wrong or was misunderstood ("no, I
/// meant ...", "nein, das stimmt nicht"), by the wordings of ten languages in denial.cc. A "no" alone denies nothing:
/// most are replies. "Wrong." does, where nothing follows. What could be the reply to a question does not count after
/// an answer that asks one, nor where the user takes the fault ("sorry, I meant").
[[nodiscard]] bool denies(std::string_view answer, std::string_view said);

}  // namespace fw::dataset
