#pragma once

#include "base/result.h"
#include "net/http.h"

namespace fw::modelops {

/// An answer in the form that was asked for.
struct PlainAnswer {
  net::Response response;
  bool was_event_stream = false;
};

/// Unpacks what came compressed though it was not asked for (gzip, whether or not the headers say so), and puts an
/// event stream together. kDataLoss for a damaged body, kUnimplemented for another compression, kTooLarge above
/// `max_bytes`.
[[nodiscard]] Result<PlainAnswer> plain_answer(net::Response response, std::size_t max_bytes);

}  // namespace fw::modelops
