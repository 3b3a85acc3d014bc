#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/audit_deliveries.h"
#include "async/pool.h"
#include "async/task_group.h"
#include "audit/audit_log.h"
#include "runs/run_config.h"
#include "runs/webhook.h"

namespace fw::app {

/// Tells receivers of webhooks what stands in the audit log, entry by entry in its order, each of them at least once:
/// how far a receiver is lies in a file, and a restart goes on from there. A receiver that is new is told from then on.
/// One that does not take an entry in all its attempts, with the pauses of runs' webhooks, is told of the next one; a
/// restart counts on where it was.
class AuditNotifier final {
 public:
  struct Parts {
    audit::AuditLog& log;
    runs::WebhookPoster& poster;
    const Clock& clock;
    Pool& disk;
    std::function<std::optional<std::string>(const std::string&)> environment;  ///< has the keys
  };

  /// `folder` keeps how far each one is. Everything in `parts` outlives it.
  AuditNotifier(std::vector<runs::Webhook> receivers, std::filesystem::path folder, Parts parts,
                const Executor& executor)
      : receivers_(std::move(receivers)), folder_(std::move(folder)), parts_(std::move(parts)), tasks_(executor) {}
  ~AuditNotifier() { stop_blocking(); }
  AuditNotifier(const AuditNotifier&) = delete;
  AuditNotifier& operator=(const AuditNotifier&) = delete;

  void start();
  /// From a thread that runs no event loop.
  void stop_blocking();
  /// The last of what each receiver is or was told, the newest first; as of before, once it started. Any thread.
  [[nodiscard]] std::vector<api::AuditDelivery> recent() const;

 private:
  [[nodiscard]] Task<void> serve(runs::Webhook receiver);
  /// What is known of an entry that a receiver did not take yet, so that a restart goes on with its attempts.
  [[nodiscard]] api::AuditDelivery begun(const runs::Webhook& receiver, const audit::Entry& entry) const;
  [[nodiscard]] Task<void> tell(const runs::Webhook& receiver, const audit::Entry& entry, Deadline deadline);
  [[nodiscard]] Task<api::AuditDelivery::Attempt> attempt(const runs::Webhook& receiver, const audit::Entry& entry,
                                                          Deadline deadline);
  [[nodiscard]] std::filesystem::path file_of(const char* what, const runs::Webhook& receiver) const;
  void read_recent(const runs::Webhook& receiver);
  /// Puts it in the place of what is known of its entry, or before all others, and on the disk.
  [[nodiscard]] Task<void> note(const runs::Webhook& receiver, api::AuditDelivery delivery);

  const std::vector<runs::Webhook> receivers_;
  const std::filesystem::path folder_;
  const Parts parts_;
  mutable std::mutex mutex_;                                      // guards the next
  std::map<std::string, std::deque<api::AuditDelivery>> recent_;  // by receiver's URL, the newest first
  TaskGroup tasks_;
};

}  // namespace fw::app
