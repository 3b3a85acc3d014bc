#pragma once

#include <compare>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace fw::record {

/// Why a text cannot be an id: `is not a string of 1 to 256 bytes of UTF-8 without control characters`. Nothing when it
/// can.
[[nodiscard]] Status check_id(std::string_view text, std::size_t max_bytes);
/// What is no UTF-8 and what is a control character becomes `?`, what is too long is cut.
[[nodiscard]] std::string repaired_id(std::string text, std::size_t max_bytes);

/// A text that names something in traffic: up to kMaxBytes bytes of UTF-8 without control characters. No other text is
/// ever in one: bytes from outside come through parse(). A default Id names nothing.
template <class Tag>
class Id {
 public:
  using value_type = std::string;
  static constexpr std::size_t kMaxBytes = Tag::kMaxBytes;

  Id() = default;
  /// A name that the program itself made, or the empty text. Throws std::invalid_argument on any other.
  explicit Id(std::string text) : text_(std::move(text)) {
    if (!text_.empty() && !check_id(text_, kMaxBytes).ok()) throw_invalid();
  }

  /// kInvalidArgument: the reason, which begins with "is not".
  [[nodiscard]] static Result<Id> parse(std::string text) {
    FW_TRY(check_id(text, kMaxBytes));
    Id id;
    id.text_ = std::move(text);
    return id;
  }
  /// What an older version stored unchecked.
  [[nodiscard]] static Id from_stored(std::string text) {
    Id id;
    id.text_ = repaired_id(std::move(text), kMaxBytes);
    return id;
  }

  [[nodiscard]] const std::string& value() const { return text_; }
  [[nodiscard]] const std::string& operator*() const { return text_; }
  [[nodiscard]] const std::string* operator->() const { return &text_; }

  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.text_; }

 private:
  [[noreturn]] static void throw_invalid() {
    throw std::invalid_argument("an id " + check_id("", kMaxBytes).error().message);
  }

  std::string text_;
};

struct RecordIdTag {
  static constexpr std::size_t kMaxBytes = 128;
};
struct WorkloadIdTag {
  static constexpr std::size_t kMaxBytes = 256;
};
struct ClientIdTag {
  static constexpr std::size_t kMaxBytes = 256;
};

/// One captured interaction; unique within a log store.
using RecordId = Id<RecordIdTag>;
/// One logical task of an application: a route, an agent's node. The key for slicing traffic.
using WorkloadId = Id<WorkloadIdTag>;
/// Who produced the traffic.
using ClientId = Id<ClientIdTag>;

}  // namespace fw::record

template <class Tag>
struct std::hash<fw::record::Id<Tag>> {
  std::size_t operator()(const fw::record::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.value()); }
};
