#pragma once

#include "app/listener.h"
#include "audit/audit_log.h"
#include "capture/bulk/bulk_api.h"

namespace fw::app {

/// Who removes what through the dialect, into the audit log.
[[nodiscard]] Status note_removal(audit::AuditLog& audit_log, const capture::Removal& removal);

/// The Elasticsearch dialect as a way in.
class ElasticsearchWayIn final : public WayIn {
 public:
  /// Everything outlives it.
  ElasticsearchWayIn(const ElasticsearchSettings& settings, capture::BulkApiDependencies dependencies);

  [[nodiscard]] auth::ListenerName listener() const override { return auth::ListenerName::kElasticsearch; }
  void adjust(net::ServerOptions& options) override;
  [[nodiscard]] Status open() override;
  [[nodiscard]] net::Handler handler() override { return api_.handler(); }
  [[nodiscard]] std::optional<net::Response> refusal(const net::IncomingRequest& request,
                                                     const auth::Refusal& why) const override {
    return capture::BulkApi::refusal(request, why);
  }
  [[nodiscard]] std::string trouble() const override;
  void write_metrics(std::ostream& out) const override;

 private:
  capture::BulkApi api_;
};

}  // namespace fw::app
