#pragma once

#include "app/listener.h"
#include "capture/bulk/bulk_face.h"

namespace fw::app {

/// The Elasticsearch dialect as a way in.
class ElasticsearchWayIn final : public WayIn {
 public:
  /// Everything outlives it.
  ElasticsearchWayIn(const ElasticsearchSettings& settings, capture::BulkFaceDependencies dependencies);

  [[nodiscard]] std::string_view name() const override { return "elasticsearch"; }
  [[nodiscard]] Status open() override;
  [[nodiscard]] net::Handler handler() override { return face_.handler(); }
  [[nodiscard]] std::string trouble() const override;
  void write_metrics(std::ostream& out) const override;

 private:
  capture::BulkFace face_;
};

}  // namespace fw::app
