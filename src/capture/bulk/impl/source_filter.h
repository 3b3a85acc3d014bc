#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/bulk/impl/json_body.h"
#include "net/url.h"
#include "record/interaction.h"

namespace fw::capture::elastic {

/// What of a document a client wants to see: `_source` of a search's body or of its parameters. A value.
class SourceFilter final {
 public:
  /// Everything.
  SourceFilter() = default;
  static constexpr std::size_t kMostPaths = 64;

  [[nodiscard]] static SourceFilter nothing();
  /// `false`, `true`, a path, a list of paths, or `{"includes", "excludes"}`. kInvalidArgument.
  [[nodiscard]] static Result<SourceFilter> parse(const Json& source);
  /// `_source`, `_source_includes` and `_source_excludes`, where they stand.
  [[nodiscard]] static Result<SourceFilter> of(const net::QueryParams& query, SourceFilter otherwise);

  [[nodiscard]] bool is_nothing() const { return is_nothing_; }
  /// The record as a log document, request and response byte for byte unless the filter reaches into them; appended.
  void append(const record::Interaction& record, std::string& out) const;

 private:
  bool is_nothing_ = false;
  std::string includes_;  // comma-separated paths; empty: all
  std::string excludes_;
};

/// A time as a log document has it: seconds, with a fraction where there is one.
[[nodiscard]] std::string time_text(Timestamp time);
/// A record as the log document that it would come in as.
void append_document(const record::Interaction& record, std::string& out);

}  // namespace fw::capture::elastic
