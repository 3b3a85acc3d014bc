#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/cli/verified.h"
#include "app/kept_stores.h"
#include "io/file.h"
#include "logstore/rocksdb/restore.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::string_view kWhoever = "flywheel log restore --data";  // who has the data folder

struct RestoreOptions {
  std::string backup;
  std::string data;
  bool replaces = false;
};

/// What a data folder has beside its log store, where a service was in it before. Its lock keeps services out.
struct Folder {
  SystemClock clock;
  std::unique_ptr<metastore::SqliteStore> store;
  std::unique_ptr<audit::AuditLog> audit_log;
};

Result<std::unique_ptr<Folder>> open_folder(const fs::path& data) {
  FW_TRY(io::create_folders(data));
  auto folder = std::make_unique<Folder>();
  std::error_code ignored;
  const bool was_in_use = fs::exists(data / "metadata.sqlite", ignored) || fs::exists(data / "audit", ignored);
  if (!was_in_use) return folder;
  auto store = open_metadata(data);
  if (!store.ok()) return store.error().within("a backup is put into the folder of a service that does not run");
  folder->store = std::move(*store);
  FW_ASSIGN(folder->audit_log, open_audit_log(data, folder->clock));
  return folder;
}

Status note(Folder& folder, const fs::path& backup, const logstore::Verified& verified,
            const std::optional<fs::path>& aside) {
  if (!folder.audit_log) return {};
  const Json details{{"records", verified.records},
                     {"workloads", verified.workloads},
                     {"replaced", aside ? Json(aside->string()) : Json(nullptr)}};
  FW_ASSIGN([[maybe_unused]] const auto entry,
            folder.audit_log->append({.person = std::string(kWhoever),
                                      .action = "log.restore",
                                      .subject = backup.string(),
                                      .reason = "",
                                      .details = details.dump(-1, ' ', false, Json::error_handler_t::replace)}));
  return {};
}

Status restore(const RestoreOptions& options) {
  Terminal out(1);
  Terminal live(2);
  const fs::path data = fs::absolute(options.data).lexically_normal();
  const fs::path backup = fs::absolute(options.backup).lexically_normal();
  FW_ASSIGN(const auto folder, open_folder(data));
  FW_ASSIGN(const auto copy, logstore::RestoredCopy::make(backup, data / "log", options.replaces));
  FW_ASSIGN(auto verification, copy->store().verification());
  const auto verified = run_to_end(*verification, live);
  live.end_live();
  if (!verified.ok()) return verified.error().within(options.backup + " cannot be read whole, and nothing was changed");
  verification.reset();
  print_verified(*verified, out);
  if (!verified->faults.empty()) return data_loss(options.backup + " is not whole; nothing was changed");
  const Timestamp now = folder->clock.now();
  const auto aside = copy->moved_aside(now);
  FW_TRY(note(*folder, backup, *verified, aside));
  FW_TRY(copy->put_in_place(now));
  out.line(printable((data / "log").string()) + ": restored from " + printable(options.backup));
  if (aside) out.line("  what was there lies in " + printable(aside->string()) + "; remove it when you do not need it");
  return {};
}

}  // namespace

void add_log_restore_command(CLI::App& log, CommandContext& context) {
  auto* command =
      log.add_subcommand("restore", "Put a backup in place of the log store of a service that does not run");
  add_examples(*command,
               "flywheel log restore /backups/log-monday --data ./data\n"
               "flywheel log restore /backups/log-monday --data ./data --replace   what is there is moved aside");
  auto options = std::make_shared<RestoreOptions>();
  command->add_option("DIR", options->backup, "What flywheel log backup made; it stays as it is")
      ->required()
      ->type_name("");
  command->add_option("--data", options->data, "Data folder of the service")
      ->required()
      ->check(check_folder_name)
      ->type_name("FOLDER");
  command->add_flag("--replace", options->replaces, "Where a log store is there, move it aside within the folder");
  command->callback([&context, options] {
    context.action = [options] {
      const Status restored = restore(*options);
      return restored.ok() ? 0 : fail(restored.error());
    };
  });
}

}  // namespace fw::app
