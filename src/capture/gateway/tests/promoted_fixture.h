#pragma once

#include <memory>
#include <string>
#include <utility>

#include "capture/gateway/tests/gateway_fixture.h"

namespace fw::capture {

inline const std::string kBig = R"({"model":"big","choices":[{"message":{"content":"from production"}}]})";
inline const std::string kSmall = R"({"model":"small","choices":[{"message":{"content":"from the candidate"}}]})";
inline const std::string kRequest = R"({"model":"gpt-4o","messages":[]})";

/// Production behind `main`, a candidate of the workload `router` behind `small`.
class TwoSidesTest : public GatewayTest {
 protected:
  TwoSidesTest() {
    upstream.answers(200, kBig);
    candidate->answers(200, kSmall);
  }
  void serve_both(GatewaySettings settings = {}) {
    settings.upstreams = {upstream_settings("main", upstream), upstream_settings("small", *candidate)};
    serve(std::move(settings));
  }
  static Promoted promoted(std::string id, double share, double shadow = 0) {
    return {.id = std::move(id),
            .workload = "router",
            .client = "demo",
            .target = {.upstream = "small", .model = "tuned", .variant = "small tuned"},
            .share = share,
            .shadow = shadow};
  }

  std::unique_ptr<FakeUpstream> candidate = std::make_unique<FakeUpstream>(loops);
};

}  // namespace fw::capture
