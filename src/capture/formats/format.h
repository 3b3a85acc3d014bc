#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "codec/json_slicer.h"
#include "record/outline.h"
#include "record/provenance.h"

namespace fw::capture {

/// A JSON object of traffic, cut into its members. A value of views: the text outlives it.
struct Document {
  std::string_view text;
  std::span<const codec::JsonMember> members;

  /// The member, unless it is absent or null.
  [[nodiscard]] const codec::JsonMember* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
};

/// What a format makes of a document: an interaction that still lacks what the document does not say.
struct Draft {
  std::string request;   ///< a chat-completion request: a JSON object
  std::string response;  ///< a chat-completion response: a JSON object
  std::optional<Timestamp> timestamp;
  std::optional<std::string> workload;
  std::optional<std::string> client;
  std::optional<std::string> identity;     ///< what makes it this record and no other; the document's text when absent
  std::optional<std::string> record_id;    ///< the record's very id, where the document comes out of a log store
  std::optional<record::Origin> origin;    ///< the way in that the document names
  record::Provenance provenance;           ///< but for its origin
  std::optional<record::Outline> outline;  ///< out of a log store, and the content has expired
  std::vector<const char*> repairs;        ///< what was done so that it is a record; constant texts, counted
};

/// One shape that traffic comes in. `recognises` goes by keys and kinds alone, `read` says what is wrong. Both take any
/// document. An error's message is the reason, one of a fixed set without parts of the document: reasons are counted.
struct Format {
  std::string_view name;
  bool (*recognises)(const Document& document, codec::JsonSlicer& slicer);
  Result<Draft> (*read)(const Document& document, codec::JsonSlicer& slicer);
};

/// The formats in the order in which they are tried (registry.cc); the last one recognises everything.
[[nodiscard]] std::span<const Format* const> all_formats();

/// A string's value, a number's digits; kInvalidArgument for anything else. Some producers write ids and times either
/// way.
[[nodiscard]] Result<std::string> text_of(const codec::JsonMember& value, codec::JsonSlicer& slicer);

/// A time as in timestamp.h, also in MongoDB's extended JSON (`{"$date": ...}`). kInvalidArgument with the reason.
[[nodiscard]] Result<Timestamp> time_of(const codec::JsonMember& value, codec::JsonSlicer& slicer);

/// Whether the member is a string with this value.
[[nodiscard]] bool is_text(const codec::JsonMember* value, std::string_view text, codec::JsonSlicer& slicer);

}  // namespace fw::capture
