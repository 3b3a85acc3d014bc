#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_slicer.h"
#include "modelops/model.h"

namespace fw::modelops {

/// Names and JSON values of a request's parameters as they went out.
using SentParameters = std::map<std::string, std::string>;

/// A change to requests that an endpoint's error taught.
struct RequestChange {
  enum class Kind {
    kLeaveOut,
    kRename,  ///< to `value`
    kSet,     ///< to `value`, JSON
    kLower,   ///< numbers above `value` become it
  };
  std::string parameter;
  std::string variant = {};  ///< only where the value is of this variant (variant_of); empty: whatever the value
  Kind kind = Kind::kLeaveOut;
  std::string value = {};

  friend bool operator==(const RequestChange&, const RequestChange&) = default;
};

/// Endpoints take some values of these parameters and refuse others: `required` of tool_choice, a response_format's
/// type. Empty for others.
[[nodiscard]] std::string variant_of(std::string_view parameter, std::string_view value);

/// A request's parameters in their order; values as they stood in its text.
class RequestForm final {
 public:
  explicit RequestForm(RequestOverrides overrides) : overrides_(std::move(overrides)) {}

  /// The body as this endpoint wants it: overrides, then what was learnt, then `tentative` changes. A body that is no
  /// JSON object stays as it is.
  [[nodiscard]] std::string apply(std::string body, const std::vector<RequestChange>& tentative, SentParameters& sent);

  /// Whether a change may be tried: not where overrides set the parameter, where the endpoint has taken it before (the
  /// error is the row's then, not the endpoint's), or where the same change has been made.
  [[nodiscard]] bool may_try(const RequestChange& change, const std::vector<RequestChange>& tentative,
                             const SentParameters& sent) const;
  /// The endpoint took these parameters: `tentative` changes are kept for all requests to come.
  void accept(const std::vector<RequestChange>& tentative, const SentParameters& sent);

  [[nodiscard]] const std::vector<RequestChange>& learnt() const { return learnt_; }

 private:
  RequestOverrides overrides_;
  std::vector<RequestChange> learnt_;
  std::set<std::pair<std::string, std::string>> taken_;  ///< parameter and variant
  codec::JsonSlicer slicer_;
};

/// For the report, about the endpoint: `refuses "seed", which was not sent: ...`.
[[nodiscard]] std::string sentence_of(const RequestChange& change);

}  // namespace fw::modelops
