#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "async/deadline.h"
#include "logstore/log_store.h"

/// Reads of more than a page. They end with the deadline's error within a page, and block: for a pool.
namespace fw::logstore {

/// Calls `visit` with every record of the selection, a page at a time; ends early with its error.
[[nodiscard]] Status for_each_page(LogStore& store, const Selection& selection, Order order, Deadline deadline,
                                   const std::function<Status(std::span<const record::Interaction>)>& visit);

/// The same for keys.
[[nodiscard]] Status for_each_key_page(LogStore& store, const Selection& selection, Order order, Deadline deadline,
                                       const std::function<Status(std::span<const RecordKey>)>& visit);

/// What a sample was drawn from, and the sample.
struct KeySample {
  std::vector<RecordKey> keys;  ///< in the order of time, then id
  std::uint64_t records = 0;    ///< of the selection
};

/// `size` records of the selection by lot (all, if it has no more), without reading a content. The same seed and
/// records give the same sample, in whatever order they were appended, and a record that is added later changes at most
/// one of the sample: each record's lot is a hash of the seed and its id.
[[nodiscard]] Result<KeySample> sample_keys(LogStore& store, const Selection& selection, std::size_t size,
                                            std::uint64_t seed, Deadline deadline);

}  // namespace fw::logstore
