#pragma once

#include <string>
#include <vector>

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/call.h"

namespace fw::capture::elastic {

/// What a client asks of a cluster before it begins: a cluster of one node that is always well. Any thread.
class Cluster final {
 public:
  Cluster(const BulkApiDependencies& dependencies, const BulkApiOptions& options)
      : dependencies_(dependencies), options_(options) {}

  [[nodiscard]] Task<Answer> root(Call call);
  [[nodiscard]] Task<Answer> health(Call call);
  [[nodiscard]] Task<Answer> nodes(Call call);
  [[nodiscard]] Task<Answer> license(Call call);
  [[nodiscard]] Task<Answer> xpack(Call call);
  [[nodiscard]] Task<Answer> settings(Call call);
  /// `_cat/health`, `_cat/nodes`, `_cat` itself.
  [[nodiscard]] Task<Answer> cat(Call call);

 private:
  const BulkApiDependencies& dependencies_;
  const BulkApiOptions& options_;
};

/// The version that a client is told: one that its own is made for.
[[nodiscard]] std::string version_for(const Call& call, const std::string& configured);

/// A table of `_cat`: text in columns with a head if `?v`, or JSON if `?format=json`; `?h=` picks columns, `?s=` sorts.
[[nodiscard]] Answer table(const Call& call, const std::vector<std::string>& columns,
                           std::vector<std::vector<std::string>> rows);

}  // namespace fw::capture::elastic
