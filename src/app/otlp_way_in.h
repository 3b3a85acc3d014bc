#pragma once

#include "app/listener.h"
#include "capture/otlp/otlp_receiver.h"

namespace fw::app {

/// OTLP over HTTP as a way in.
class OtlpWayIn final : public WayIn {
 public:
  /// Everything outlives it.
  OtlpWayIn(const OtlpSettings& settings, capture::OtlpReceiverDependencies dependencies);

  [[nodiscard]] auth::ListenerName listener() const override { return auth::ListenerName::kOtlp; }
  [[nodiscard]] Status open() override { return receiver_.start(); }
  [[nodiscard]] net::Handler handler() override { return receiver_.handler(); }
  [[nodiscard]] std::optional<net::Response> refusal(const net::IncomingRequest& request,
                                                     const auth::Refusal& why) const override {
    return capture::OtlpReceiver::refusal(request, why);
  }
  void close() override { receiver_.stop(); }
  [[nodiscard]] std::string trouble() const override;
  void write_metrics(std::ostream& out) const override;

 private:
  capture::OtlpReceiver receiver_;
};

}  // namespace fw::app
