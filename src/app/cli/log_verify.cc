#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/log_verification.h"
#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/cli/verified.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
using logstore::Verified;

struct VerifyOptions {
  std::string data;
  bool json = false;
};

Result<Verified> verified_of(const Json& answer) {
  const auto number = [&](const char* key) { return answer.value(key, std::uint64_t{0}); };
  Verified verified;
  verified.checked = answer.value("checked", "");
  verified.records = number("records");
  verified.bytes = number("bytes");
  verified.expired = number("expired");
  verified.workloads = number("workloads");
  const Json faults = answer.value("faults", Json::object());
  for (const auto& [what, count] : faults.items()) verified.faults[what] = count.get<std::uint64_t>();
  const Json first = answer.value("first_faults", Json::array());
  for (const Json& fault : first) verified.first_faults.push_back({fault.value("fault", ""), fault.value("where", "")});
  return verified;
}

/// The lines of a check, of which the last one counts.
class Progress final {
 public:
  explicit Progress(Terminal& live) : live_(live) {}

  Status take(std::string_view piece) {
    rest_ += piece;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      last_ = Json::parse(rest_.substr(0, end), nullptr, false);
      rest_.erase(0, end + 1);
      if (!last_.is_object()) return data_loss("the service answered something that is no check of its log store");
      live_.live("  " + last_.value("records", Json(0)).dump() + " records");
    }
    return {};
  }

  Result<Verified> finish() {
    live_.end_live();
    if (last_.contains("detail")) return unavailable(last_.value("detail", ""));
    if (!last_.is_object() || !last_.value("is_done", false)) return data_loss("the check was not done to its end");
    return verified_of(last_);
  }

 private:
  Terminal& live_;
  std::string rest_;
  Json last_;
};

Result<Verified> verify_service(const std::string& server, Terminal& live) {
  ApiClient client(server);
  Progress progress(live);
  const auto status =
      client.download("/api/log/verification", [&](std::string_view piece) { return progress.take(piece); });
  if (!status.ok()) return status.error();
  return progress.finish();
}

Result<Verified> verify_folder(const std::filesystem::path& data, Terminal& live) {
  std::error_code ignored;
  if (!std::filesystem::exists(data / "log" / "CURRENT", ignored)) {
    return not_found("there is no log store in " + (data / "log").string() + "; name the service's data folder");
  }
  auto store = logstore::open_rocksdb_log_store(data / "log");
  if (!store.ok()) {
    return store.error().within("--data is for a service that does not run; leave it out to ask one that does");
  }
  FW_ASSIGN(const auto verification, (*store)->verification());
  return run_to_end(*verification, live);
}

int verify(const VerifyOptions& options, const std::string& server) {
  Terminal live(2);
  const auto verified = options.data.empty() ? verify_service(server, live) : verify_folder(options.data, live);
  if (!verified.ok()) {
    live.end_live();
    return fail(verified.error());
  }
  if (options.json) {
    std::cout << api::verified_json(*verified).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    Terminal out(1);
    print_verified(*verified, out);
  }
  return verified->faults.empty() ? 0 : 1;
}

}  // namespace

void add_log_verify_command(CLI::App& log, CommandContext& context) {
  auto* command =
      log.add_subcommand("verify", "Read the whole log store and check it; exit code 1 where it has a fault");
  add_examples(*command,
               "flywheel log verify\n"
               "flywheel log verify --data ./data   while the service does not run");
  auto options = std::make_shared<VerifyOptions>();
  command
      ->add_option("--data", options->data,
                   "Data folder of a service that does not run, instead of asking one that does")
      ->check(check_folder_name)
      ->type_name("FOLDER");
  command->add_flag("--json", options->json, "Print JSON");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return verify(*options, context.server_url); }; });
}

}  // namespace fw::app
