#include "app/audit_notifier.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "io/file.h"
#include "runs/run_service.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kBetweenLooks = std::chrono::milliseconds(500);
constexpr Duration kLongestAnswer = std::chrono::seconds(30);
constexpr std::size_t kPage = 100;
constexpr std::size_t kMostRecent = 50;  // deliveries of a receiver that are shown
constexpr std::uint64_t kMostRecentBytes = 4 << 20;
constexpr const char* kToldFile = "told-";
constexpr const char* kRecentFile = "deliveries-";

std::string body_of(const audit::Entry& entry) {
  const auto& e = entry.event;
  return Json{{"event", e.action},
              {"number", entry.number},
              {"at", to_iso8601(entry.at)},
              {"person", e.person},
              {"subject", e.subject},
              {"reason", e.reason},
              {"details", Json::parse(e.details, nullptr, /*allow_exceptions=*/false)},
              {"hash", entry.hash}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t number_in(const std::filesystem::path& file, std::uint64_t otherwise) {
  const auto text = io::read_file(file, 64);
  std::uint64_t number = otherwise;
  if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

void AuditNotifier::start() {
  for (const auto& receiver : receivers_) tasks_.spawn("audit webhooks", serve(receiver));
}

void AuditNotifier::stop_blocking() {
  tasks_.request_stop();
  tasks_.join_blocking();
}

std::filesystem::path AuditNotifier::file_of(const char* what, const runs::Webhook& receiver) const {
  return folder_ / (what + sha256_hex(receiver.url).substr(0, 16));
}

std::vector<api::AuditDelivery> AuditNotifier::recent() const {
  std::vector<api::AuditDelivery> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [url, list] : recent_) all.insert(all.end(), list.begin(), list.end());
  }
  std::ranges::stable_sort(all, std::greater<>(), &api::AuditDelivery::entry);
  return all;
}

void AuditNotifier::read_recent(const runs::Webhook& receiver) {
  const auto text = io::read_file(file_of(kRecentFile, receiver), kMostRecentBytes);
  const auto json = Json::parse(text.ok() ? *text : "", nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return;
  const std::lock_guard lock(mutex_);
  auto& list = recent_[receiver.url];
  for (const Json& one : json) {
    if (auto delivery = api::audit_delivery_of(one); delivery.ok() && list.size() < kMostRecent)
      list.push_back(std::move(*delivery));
  }
}

Task<void> AuditNotifier::note(const runs::Webhook& receiver, api::AuditDelivery delivery) {
  Json kept = Json::array();
  {
    const std::lock_guard lock(mutex_);
    auto& list = recent_[receiver.url];
    const auto known = std::ranges::find(list, delivery.entry, &api::AuditDelivery::entry);
    if (known == list.end()) {
      list.push_front(std::move(delivery));
    } else {
      *known = std::move(delivery);
    }
    if (list.size() > kMostRecent) list.pop_back();
    for (const auto& one : list) kept.push_back(api::to_json(one));
  }
  const auto written = co_await run_on(parts_.disk, [&]() -> fw::Status {
    FW_TRY(io::create_folders(folder_));
    return io::write_file_atomically(file_of(kRecentFile, receiver),
                                     kept.dump(-1, ' ', false, Json::error_handler_t::replace));
  });
  if (!written.ok()) log_warning("audit", "what a receiver was told is not kept", {{"why", written.error().message}});
}

Task<void> AuditNotifier::serve(runs::Webhook receiver) {
  const Deadline deadline = Deadline::when_stopped(tasks_.stop_token());
  const auto file = file_of(kToldFile, receiver);
  const auto keep = [this, file](std::uint64_t number) -> Status {
    FW_TRY(io::create_folders(folder_));
    return io::write_file_atomically(file, std::to_string(number));
  };
  std::uint64_t told = co_await run_on(parts_.disk, [&] {
    read_recent(receiver);
    return number_in(file, parts_.log.last_number());
  });
  (void)co_await run_on(parts_.disk, [&] { return keep(told); });
  while ((co_await sleep_for(kBetweenLooks, deadline)).ok()) {
    if (parts_.log.last_number() <= told) continue;
    const auto entries = co_await run_on(parts_.disk, [this, told] { return parts_.log.entries(told, kPage); });
    for (const auto& entry : entries) {
      co_await tell(receiver, entry, deadline);
      if (deadline.is_cancelled()) co_return;
      told = entry.number;
      if (const auto kept = co_await run_on(parts_.disk, [&] { return keep(told); }); !kept.ok()) {
        log_warning("audit", "a receiver may be told again after a restart", {{"why", kept.error().message}});
      }
    }
  }
}

api::AuditDelivery AuditNotifier::begun(const runs::Webhook& receiver, const audit::Entry& entry) const {
  const std::lock_guard lock(mutex_);
  if (const auto known = recent_.find(receiver.url); known != recent_.end()) {
    const auto one = std::ranges::find(known->second, entry.number, &api::AuditDelivery::entry);
    if (one != known->second.end() && one->status == api::AuditDelivery::Status::kPending) return *one;
  }
  return {.url = receiver.url, .entry = entry.number, .event = entry.event.action, .subject = entry.event.subject};
}

Task<void> AuditNotifier::tell(const runs::Webhook& receiver, const audit::Entry& entry, Deadline deadline) {
  using Status = api::AuditDelivery::Status;
  api::AuditDelivery delivery = begun(receiver, entry);
  while (true) {
    if (delivery.next_at && !(co_await sleep_for(*delivery.next_at - parts_.clock.now(), deadline)).ok()) co_return;
    delivery.next_at.reset();
    co_await note(receiver, delivery);
    delivery.attempts.push_back(co_await attempt(receiver, entry, deadline));
    const int said = delivery.attempts.back().http_status;
    const int count = static_cast<int>(delivery.attempts.size());
    if (said >= 200 && said < 300) {
      delivery.status = Status::kDelivered;
    } else if (count >= receiver.max_attempts) {
      delivery.status = Status::kFailed;
      log_warning("audit", "a webhook was given up", {{"entry", entry.number}, {"action", entry.event.action}});
    } else {
      delivery.next_at = parts_.clock.now() + workflow::pause_after(runs::RunOptions{}.webhook_retry, count);
    }
    if (deadline.is_cancelled() && delivery.status != Status::kDelivered) co_return;  // told again at the next start
    co_await note(receiver, delivery);
    if (delivery.status != Status::kPending) co_return;
  }
}

Task<api::AuditDelivery::Attempt> AuditNotifier::attempt(const runs::Webhook& receiver, const audit::Entry& entry,
                                                         Deadline deadline) {
  const Timestamp now = parts_.clock.now();
  const auto secret = parts_.environment(receiver.secret_env);
  if (!secret || secret->empty()) {
    co_return api::AuditDelivery::Attempt{now, 0, "the environment variable " + receiver.secret_env + " holds no key"};
  }
  std::string body = body_of(entry);
  auto headers = runs::sign_webhook(*secret, "audit-" + std::to_string(entry.number), now, body);
  const auto status =
      co_await parts_.poster.post({receiver.url, std::move(headers), std::move(body)}, deadline.within(kLongestAnswer));
  co_return api::AuditDelivery::Attempt{now, status.ok() ? *status : 0, status.ok() ? "" : status.error().message};
}

}  // namespace fw::app
