#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "record/interaction.h"

namespace fw::logstore {

/// How a record stands in a document of a store that keeps JSON; given by whoever knows log documents
/// (capture/log_document.h). Safe from any thread.
class Documents {
 public:
  virtual ~Documents() = default;

  /// How exactly a document's `timestamp` is written; the rest of the time stands in `flywheel.nanoseconds`, which is
  /// absent when it is 0. The last two are others' alone.
  enum class Unit { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };

  /// The document. `as_text`: request and response stand as texts under `flywheel` and the document's own are empty
  /// objects, for bytes that the store's JSON parser refuses (a key twice, deep nesting) though they are JSON.
  [[nodiscard]] virtual std::string write(const record::Interaction& record, Unit unit, bool as_text) const = 0;
  /// The record in a document, under the store's id; kInvalidArgument says why there is none.
  [[nodiscard]] virtual Result<record::Interaction> read(std::string_view id, std::string_view document) const = 0;
};

}  // namespace fw::logstore
