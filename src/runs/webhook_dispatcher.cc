#include "runs/impl/webhook_dispatcher.h"

#include "base/log.h"

namespace fw::runs {

namespace {

constexpr Duration kLongestAnswer = std::chrono::seconds(30);
constexpr std::size_t kMostAtOnce = 16;

bool is_taken(const metastore::Attempt& attempt) { return attempt.http_status >= 200 && attempt.http_status < 300; }

}  // namespace

Task<Status> WebhookDispatcher::dispatch(metastore::Lease lease) {
  FW_CO_ASSIGN(auto all,
               co_await run_on(dependencies_.disk, [&] { return dependencies_.store.deliveries(lease.job_id); }));
  std::erase_if(all, [](const auto& d) { return d.status != metastore::DeliveryStatus::kPending; });
  const std::function<Task<void>(std::size_t)> body = [&](std::size_t i) { return deliver(lease, all[i]); };
  co_await for_each_bounded(all.size(), kMostAtOnce, Deadline::never(), body);
  co_return Status{};
}

Task<void> WebhookDispatcher::deliver(metastore::Lease lease, metastore::Delivery delivery) {
  const Deadline deadline = Deadline::when_stopped(group_.stop_token());
  for (;;) {
    auto result = co_await attempt(delivery, deadline);
    if (deadline.is_cancelled() && !is_taken(result)) co_return;
    delivery.attempts.push_back(result);
    const int count = static_cast<int>(delivery.attempts.size());
    auto status = metastore::DeliveryStatus::kPending;
    if (is_taken(result)) {
      status = metastore::DeliveryStatus::kDelivered;
    } else if (count >= delivery.max_attempts) {
      status = metastore::DeliveryStatus::kFailed;
    }
    auto recorded = co_await run_on(
        dependencies_.disk, [&] { return dependencies_.store.record_attempt(lease, delivery.id, result, status); });
    if (!recorded.ok()) {  // the job was deleted, is another worker's, or the store is gone: the next start tries again
      log_warning("runs", "webhook attempt not recorded",
                  {{"job", delivery.job_id}, {"error", recorded.error().message}});
      co_return;
    }
    if (status == metastore::DeliveryStatus::kFailed) {
      log_warning("runs", "webhook given up", {{"job", delivery.job_id}, {"attempts", count}, {"error", result.error}});
    }
    if (status != metastore::DeliveryStatus::kPending) co_return;
    if (auto slept = co_await sleep_for(pause_after(options_.webhook_retry, count), deadline); !slept.ok()) co_return;
  }
}

Task<metastore::Attempt> WebhookDispatcher::attempt(metastore::Delivery delivery, Deadline deadline) {
  metastore::Attempt result{.at = dependencies_.clock.now()};
  const auto secret = options_.environment(delivery.secret_env);
  if (!secret || secret->empty()) {
    result.error =
        "environment variable " + delivery.secret_env + " with the webhook's key is not set; set it and restart";
    co_return result;
  }
  auto headers = sign_webhook(*secret, delivery.id, result.at, delivery.body);
  try {
    auto status = co_await dependencies_.poster.post({delivery.url, std::move(headers), delivery.body},
                                                     deadline.within(kLongestAnswer));
    if (status.ok()) {
      result.http_status = *status;
      if (!is_taken(result)) result.error = "the receiver answered " + std::to_string(*status);
    } else {
      result.error = status.error().message;
    }
  } catch (const std::exception& e) {
    result.error = e.what();
  }
  co_return result;
}

}  // namespace fw::runs
