#include "app/audit_notifier.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "io/file.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kBetweenLooks = std::chrono::milliseconds(500);
constexpr Duration kLongestAnswer = std::chrono::seconds(30);
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::minutes(5);
constexpr std::size_t kPage = 100;

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

std::filesystem::path AuditNotifier::file_of(const runs::Webhook& receiver) const {
  return folder_ / ("told-" + sha256_hex(receiver.url).substr(0, 16));
}

Task<void> AuditNotifier::serve(runs::Webhook receiver) {
  const Deadline deadline = Deadline::when_stopped(tasks_.stop_token());
  const auto file = file_of(receiver);
  const auto keep = [this, file](std::uint64_t number) -> Status {
    FW_TRY(io::create_folders(folder_));
    return io::write_file_atomically(file, std::to_string(number));
  };
  std::uint64_t told = co_await run_on(parts_.disk, [this, file] { return number_in(file, parts_.log.last_number()); });
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

Task<void> AuditNotifier::tell(const runs::Webhook& receiver, const audit::Entry& entry, Deadline deadline) {
  Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    if (co_await is_taken(receiver, entry, deadline)) co_return;
    if (attempt >= receiver.max_attempts) {
      log_warning("audit", "a webhook was given up", {{"entry", entry.number}, {"action", entry.event.action}});
      co_return;
    }
    if (!(co_await sleep_for(pause, deadline)).ok()) co_return;
    pause = std::min(2 * pause, kLongestPause);
  }
}

Task<bool> AuditNotifier::is_taken(const runs::Webhook& receiver, const audit::Entry& entry, Deadline deadline) {
  const auto secret = parts_.environment(receiver.secret_env);
  if (!secret || secret->empty()) co_return false;
  std::string body = body_of(entry);
  auto headers = runs::sign_webhook(*secret, "audit-" + std::to_string(entry.number), parts_.clock.now(), body);
  const auto status =
      co_await parts_.poster.post({receiver.url, std::move(headers), std::move(body)}, deadline.within(kLongestAnswer));
  co_return status.ok() && *status >= 200 && *status < 300;
}

}  // namespace fw::app
