#include "app/audit_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "async/event_loops.h"
#include "base/hash.h"
#include "io/file.h"

namespace fw::app {
namespace {

using namespace std::chrono_literals;
constexpr const char* kUrl = "http://127.0.0.1:9/hook";
using Status = api::AuditDelivery::Status;

/// Nobody takes what it sends until it is told otherwise.
class FailingPoster final : public runs::WebhookPoster {
 public:
  Task<Result<int>> post(runs::WebhookRequest, Deadline) override { co_return status.load(); }
  std::atomic<int> status{503};
};

class AuditNotifierTest : public testing::Test {
 protected:
  AuditNotifierTest() {
    log_ = *audit::AuditLog::open(folder_.path() / "audit", clock_);
    // The receiver is known, so that it is told of the entry that comes.
    settled([](const auto& list) { return list.empty(); });
    EXPECT_TRUE(log_->append({.person = "ada", .action = "promotion.roll_back", .subject = "p-1", .reason = {}}).ok());
  }

  /// A notifier from its start until what it tells is `as_wanted`; then the service stops.
  template <class Claim>
  std::vector<api::AuditDelivery> settled(Claim as_wanted) {
    AuditNotifier notifier({{.url = kUrl, .secret_env = "KEY", .max_attempts = 5}}, folder_.path() / "promotion",
                           {*log_, poster_, clock_, disk_, [](const std::string&) { return std::string("secret"); }},
                           loops_.executor(0));
    notifier.start();
    const auto known = folder_.path() / "promotion" / ("told-" + sha256_hex(kUrl).substr(0, 16));
    while (!as_wanted(notifier.recent()) || !std::filesystem::exists(known)) std::this_thread::sleep_for(5ms);
    notifier.stop_blocking();
    return notifier.recent();
  }
  /// One attempt that fails, and when the next is due.
  std::optional<Duration> pause_after_attempt(std::size_t number) {
    const auto told = settled([&](const auto& list) {
      return list.size() == 1 && list[0].attempts.size() >= number &&
             (list[0].next_at || list[0].status != Status::kPending);
    });
    EXPECT_EQ(told[0].attempts.size(), number);
    if (!told[0].next_at) return {};
    const Duration pause = *told[0].next_at - told[0].attempts.back().at;
    clock_.advance(pause);
    return pause;
  }

  io::TemporaryFolder folder_;
  ManualClock clock_{from_epoch_seconds(1'790'000'000)};
  EventLoops loops_{1};
  Pool disk_{"disk", 1};
  FailingPoster poster_;
  std::unique_ptr<audit::AuditLog> log_;
};

TEST_F(AuditNotifierTest, AReceiverThatRestartsForTwoMinutesStillHearsOfARollback) {
  EXPECT_EQ(pause_after_attempt(1), 2s);
  EXPECT_EQ(pause_after_attempt(2), 8s);
  EXPECT_EQ(pause_after_attempt(3), 32s);
  EXPECT_EQ(pause_after_attempt(4), 128s);
  poster_.status = 204;
  const auto told = settled([](const auto& list) { return list.size() == 1 && list[0].status == Status::kDelivered; });
  EXPECT_EQ(told[0].attempts.size(), 5U);
}

TEST_F(AuditNotifierTest, AttemptsAreCountedOnOverRestarts) {
  for (std::size_t number = 1; number < 5; ++number) EXPECT_TRUE(pause_after_attempt(number));
  EXPECT_EQ(pause_after_attempt(5), std::nullopt) << "the fifth is the last, though the service started five times";
}

}  // namespace
}  // namespace fw::app
