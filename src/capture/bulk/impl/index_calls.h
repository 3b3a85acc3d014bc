#pragma once

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/indices.h"
#include "capture/bulk/impl/json_body.h"

namespace fw::capture::elastic {

/// Indexes as clients make and ask for them, and what shippers set up around them (templates, policies, pipelines):
/// taken, and of no effect. Any thread.
class IndexCalls final {
 public:
  IndexCalls(const BulkApiDependencies& dependencies, Indices& indices)
      : dependencies_(dependencies), indices_(indices) {}

  [[nodiscard]] Task<Answer> get(Call call);
  [[nodiscard]] Task<Answer> create(Call call);
  [[nodiscard]] Task<Answer> remove(Call call);
  [[nodiscard]] Task<Answer> mapping(Call call);
  [[nodiscard]] Task<Answer> put_mapping(Call call);
  /// `_field_caps`: what can be searched, and of what kind it is.
  [[nodiscard]] Task<Answer> field_capabilities(Call call);
  [[nodiscard]] Task<Answer> settings(Call call);
  /// `PUT /{index}/_settings`: taken, without effect.
  [[nodiscard]] Task<Answer> put_settings(Call call);
  /// `_refresh`, `_flush`, `_forcemerge`: what is acknowledged is on disk, and seen once a store elsewhere has it.
  [[nodiscard]] Task<Answer> refresh(Call call);
  [[nodiscard]] Task<Answer> aliases(Call call);
  /// `_data_stream`: there are none; clients ask before they write.
  [[nodiscard]] Task<Answer> data_streams(Call call);
  [[nodiscard]] Task<Answer> get_policy_or_template(Call call);
  [[nodiscard]] Task<Answer> put_policy_or_template(Call call);

 private:
  [[nodiscard]] Task<Status> save();
  /// As its maker said, or as it is in truth where nobody did.
  [[nodiscard]] Json mappings_of(const std::string& index) const;

  const BulkApiDependencies& dependencies_;
  Indices& indices_;
};

/// The answer for an index that is not known.
[[nodiscard]] Answer no_such_index(std::string_view index);

}  // namespace fw::capture::elastic
