#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/router.h"

namespace fw::api {

/// What one receiver of `promotion.webhooks` is, or was, told of one entry of the audit log.
struct AuditDelivery {
  enum class Status : std::uint8_t { kPending, kDelivered, kFailed };
  struct Attempt {
    Timestamp at;
    int http_status = 0;  ///< 0: there was no answer
    std::string error;    ///< why there was none
  };

  std::string url;
  std::uint64_t entry = 0;
  std::string event;
  std::string subject;
  Status status = Status::kPending;
  std::vector<Attempt> attempts;     ///< the last of them
  std::optional<Timestamp> next_at;  ///< of the next attempt, where one waits
};

[[nodiscard]] nlohmann::ordered_json to_json(const AuditDelivery& delivery);
/// kDataLoss for what to_json did not write.
[[nodiscard]] Result<AuditDelivery> audit_delivery_of(const nlohmann::ordered_json& json);

/// `/api/audit/deliveries`: the last of what receivers were told. `recent` gives them, the newest first, without
/// blocking.
class AuditDeliveriesResource final {
 public:
  using Recent = std::function<std::vector<AuditDelivery>()>;

  explicit AuditDeliveriesResource(Recent recent) : recent_(std::move(recent)) {}
  void add_to(net::Router& router);

 private:
  Recent recent_;
};

}  // namespace fw::api
