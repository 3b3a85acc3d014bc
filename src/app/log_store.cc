#include "app/log_store.h"

#include "base/log.h"
#include "capture/files/loader.h"
#include "capture/log_document.h"
#include "logstore/spooled_log_store.h"

namespace fw::app {
namespace {

Status keep_aside(capture::Quarantine& quarantine, const record::Interaction& record, const Error& why) {
  const bool is_other = why.code == ErrorCode::kAlreadyExists;
  capture::QuarantinedLine line{.source = "log store",
                                .line = 1,
                                .reason = is_other ? capture::kOtherContent : "the log store elsewhere refuses it"};
  line.bytes = capture::to_log_document(record);
  line.length = line.bytes.size();
  const auto report = quarantine.add(std::span(&line, 1), /*whole=*/true);
  if (!report.ok()) return report.error();
  if (report->left_out > 0) return resource_exhausted("the quarantine is full; look at it and clear it");
  return {};
}

}  // namespace

Status tell_damage(const logstore::LogStore& embedded, capture::Quarantine& quarantine) {
  for (const logstore::KeptDamage& damage : embedded.damage()) {
    const std::string bytes = damage.bytes > 0 ? " (" + std::to_string(damage.bytes) + " bytes)" : "";
    const std::string what = damage.reason + bytes + "; " + (damage.is_at_least ? "at least " : "about ") +
                             std::to_string(damage.lost_records) + " records are lost (" + damage.kept.string() +
                             ".json says more)";
    log_warning("log store", "a damaged log is kept for you to look at; move it away when you have",
                {{"kept", damage.kept.string()}, {"what", what}});
    const capture::QuarantinedLine line{.source = damage.kept.string(),
                                        .line = 1,
                                        .reason = "a log of the log store was damaged",
                                        .bytes = what,
                                        .length = what.size()};
    FW_ASSIGN([[maybe_unused]] const auto report, quarantine.add(std::span(&line, 1)));
  }
  return {};
}

Result<std::unique_ptr<logstore::LogStore>> log_store_of(const LogStoreSettings& settings,
                                                         std::unique_ptr<logstore::LogStore> embedded,
                                                         capture::Quarantine& quarantine) {
  if (!settings.elasticsearch) return embedded;
  FW_ASSIGN(auto cluster, logstore::open_elasticsearch_log_store(*settings.elasticsearch,
                                                                 std::make_shared<capture::StoredDocuments>()));
  log_info("logstore", "elasticsearch",
           {{"url", settings.elasticsearch->urls.front()}, {"index", settings.elasticsearch->index}});
  logstore::SpoolOptions options;
  options.max_bytes = settings.max_journal_bytes;
  options.keep_aside = [&quarantine](const record::Interaction& record, const Error& why) {
    return keep_aside(quarantine, record, why);
  };
  return logstore::spool(std::move(embedded), std::move(cluster), std::move(options));
}

}  // namespace fw::app
