#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/cli/shown_member.h"
#include "app/cli/terminal.h"
#include "app/kept_stores.h"
#include "auth/keyring.h"
#include "io/file.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kWhoever = "flywheel keys --data";  // who has the data folder

/// A limit that a key may have, in words instead of CLI11's largest double.
std::string check_limit(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number && value >= 0 && value <= 1e15 ? "" : "should be a number from 0, which is no limit; it is " + text;
}

struct Options {
  std::string id;
  std::string name;
  std::string tenant;
  std::string role;
  std::vector<std::string> listeners;
  std::vector<std::string> workloads;
  double requests_per_second = 0;
  double bytes_per_second = 0;
  double open_streams = 0;
  std::string data;
  bool json = false;
};

/// The keys of a data folder whose service does not run.
struct Folder {
  SystemClock clock;
  std::unique_ptr<metastore::SqliteStore> store;  // its lock is that of the whole folder
  std::unique_ptr<audit::AuditLog> audit_log;
  std::unique_ptr<auth::Keyring> keyring;
};

Result<std::unique_ptr<Folder>> open_folder(const std::filesystem::path& data) {
  auto folder = std::make_unique<Folder>();
  FW_TRY(io::create_folders(data));
  auto store = open_metadata(data);
  if (!store.ok()) {
    return store.error().within("--data is for a service that does not run; leave it out to ask one that does");
  }
  folder->store = std::move(*store);
  FW_ASSIGN(folder->audit_log, open_audit_log(data, folder->clock));
  FW_ASSIGN(folder->keyring, auth::Keyring::open(folder->store->keys(), folder->clock));
  return folder;
}

Status note(Folder& folder, const char* action, const auth::Key& key) {
  FW_ASSIGN(
      [[maybe_unused]] const auto entry,
      folder.audit_log->append({.person = std::string(kWhoever),
                                .action = action,
                                .subject = key.id,
                                .reason = "",
                                .details = auth::to_json(key).dump(-1, ' ', false, Json::error_handler_t::replace)}));
  return {};
}

/// What a key is good for: with a role the control API, else the ways in.
Json wanted_of(const Options& o) {
  std::vector<std::string> listeners = o.listeners;
  if (listeners.empty()) {
    listeners = o.role.empty() ? std::vector<std::string>{"gateway", "elasticsearch", "otlp"}
                               : std::vector<std::string>{"control"};
  }
  return {{"name", o.name},
          {"tenant", o.tenant},
          {"role", o.role},
          {"listeners", listeners},
          {"workloads", o.workloads},
          {"limits",
           {{"requests_per_second", o.requests_per_second},
            {"bytes_per_second", o.bytes_per_second},
            {"open_streams", o.open_streams}}}};
}

Result<Json> create_in(const std::filesystem::path& data, const Json& wanted) {
  FW_ASSIGN(const auto folder, open_folder(data));
  FW_ASSIGN(auto key, auth::key_of_json(wanted));
  key.created_by = kWhoever;
  FW_ASSIGN(const auto made, folder->keyring->create(std::move(key)));
  FW_TRY(note(*folder, "keys.create", made.key));
  return Json{{"key", auth::to_json(made.key)}, {"secret", made.secret}};
}

Result<Json> list_in(const std::filesystem::path& data) {
  FW_ASSIGN(const auto folder, open_folder(data));
  Json keys = Json::array();
  for (const auto& key : folder->keyring->list()) keys.push_back(auth::to_json(key));
  return Json{{"keys", std::move(keys)}};
}

Result<Json> revoke_in(const std::filesystem::path& data, const std::string& id) {
  FW_ASSIGN(const auto folder, open_folder(data));
  FW_ASSIGN(const auto key, folder->keyring->revoke(id));
  FW_TRY(note(*folder, "keys.revoke", key));
  return auth::to_json(key);
}

std::string joined(const Json& key, const char* field) {
  std::string out;
  for (const auto& item : key.value(field, Json::array())) {
    out += (out.empty() ? "" : ", ") + (item.is_string() ? printable(item.get<std::string>()) : "");
  }
  return out;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

int create(const Options& o, const std::string& server) {
  const Json wanted = wanted_of(o);
  const auto made = o.data.empty() ? ApiClient(server).post("/api/keys", wanted) : create_in(o.data, wanted);
  if (!made.ok()) return fail(made.error());
  if (o.json) {
    std::cout << made->dump(2) << '\n';
    return 0;
  }
  const Json& key = (*made)["key"];
  Terminal out(1);
  out.line("key " + shown_at(key, "id") + " of " + shown_at(key, "name") + " for " + joined(key, "listeners"));
  out.line(made->value("secret", ""));
  out.line("This is the only time that it is shown. Whoever uses it sends it as \"Authorization: Bearer ...\" or in");
  out.line("x-flywheel-key; commands of flywheel take it from FLYWHEEL_KEY.");
  return 0;
}

int list(const Options& o, const std::string& server) {
  const auto answer = o.data.empty() ? ApiClient(server).get("/api/keys") : list_in(o.data);
  if (!answer.ok()) return fail(answer.error());
  if (o.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  std::vector<std::vector<std::string>> rows{
      {"key", "name", "listeners", "role", "tenant", "workloads", "last used", "revoked"}};
  for (const auto& key : answer->value("keys", Json::array())) {
    rows.push_back({shown_at(key, "id"), shown_at(key, "name"), joined(key, "listeners"), shown_at(key, "role"),
                    or_dash(shown_at(key, "tenant")), or_dash(joined(key, "workloads")),
                    or_dash(shown_at(key, "last_used").substr(0, 16)),
                    or_dash(shown_at(key, "revoked_at").substr(0, 16))});
  }
  if (rows.size() == 1) {
    out.line(
        "no key was made: whoever reaches this service may do everything; make one with: flywheel keys create NAME "
        "--role admin");
    return 0;
  }
  for (const auto& line : align(rows, std::vector<bool>(rows.front().size()))) out.line(line);
  return 0;
}

int revoke(const Options& o, const std::string& server) {
  const auto key =
      o.data.empty() ? ApiClient(server).remove("/api/keys/" + net::percent_encode(o.id)) : revoke_in(o.data, o.id);
  if (!key.ok()) return fail(key.error());
  if (o.json) {
    std::cout << key->dump(2) << '\n';
  } else {
    Terminal(1).line("key " + shown_at(*key, "id") + " of " + shown_at(*key, "name") + " is revoked");
  }
  return 0;
}

void add_common(CLI::App& command, const std::shared_ptr<Options>& o, CommandContext& context) {
  command.add_option("--data", o->data, "Data folder of a service that does not run, instead of asking one that does")
      ->check(check_folder_name)
      ->type_name("FOLDER");
  command.add_flag("--json", o->json, "Print JSON");
  add_server_option(command, context);
}

void add_create(CLI::App& keys, CommandContext& context) {
  auto* command = keys.add_subcommand("create", "Make a key and show its secret, this once");
  auto o = std::make_shared<Options>();
  command->add_option("name", o->name, "Who or what uses it: a person's name stands in reviews and the audit log")
      ->required()
      ->type_name("NAME");
  command
      ->add_option("--role", o->role,
                   "What it may do at the control API and the pages: viewer, reviewer, operator or admin")
      ->type_name("ROLE");
  command
      ->add_option(
          "--listener", o->listeners,
          "gateway, elasticsearch, otlp or control, several times; default: the first three, with a role control")
      ->type_name("LISTENER");
  command->add_option("--tenant", o->tenant, "Client id of all traffic that comes in with it")->type_name("CLIENT");
  command->add_option("--workload", o->workloads, "Workload that the traffic may be of, several times; default: any")
      ->type_name("WORKLOAD");
  command->add_option("--requests-per-second", o->requests_per_second, "Limit; default: none")
      ->check(check_limit)
      ->type_name("N");
  command->add_option("--bytes-per-second", o->bytes_per_second, "Limit on requests and answers together")
      ->check(check_limit)
      ->type_name("N");
  command->add_option("--open-streams", o->open_streams, "Limit on requests at a time")
      ->check(check_limit)
      ->type_name("N");
  add_common(*command, o, context);
  command->callback([&context, o] { context.action = [&context, o] { return create(*o, context.server_url); }; });
}

}  // namespace

void add_keys_command(CLI::App& app, CommandContext& context) {
  auto* keys = app.add_subcommand("keys", "Make, list and revoke API keys: who may use which listener for what")
                   ->group(kSetupGroup);
  keys->require_subcommand(1);
  add_examples(*keys,
               "flywheel keys create ada --role admin           the first one; from then on the service asks for keys\n"
               "flywheel keys create shop --tenant shop --listener gateway --requests-per-second 50\n"
               "flywheel keys revoke 3f9a01c2d4e5\n"
               "flywheel keys create ada --role admin --data ./data   while the service does not run");
  add_create(*keys, context);
  auto listed = std::make_shared<Options>();
  auto* list_command = keys->add_subcommand("list", "List all keys that were made; secrets are kept nowhere");
  add_common(*list_command, listed, context);
  list_command->callback(
      [&context, listed] { context.action = [&context, listed] { return list(*listed, context.server_url); }; });
  auto revoked = std::make_shared<Options>();
  auto* revoke_command = keys->add_subcommand("revoke", "End a key, from its next request on");
  revoke_command->add_option("key", revoked->id, "Id of the key: 12 hex digits")->required()->type_name("KEY");
  add_common(*revoke_command, revoked, context);
  revoke_command->callback(
      [&context, revoked] { context.action = [&context, revoked] { return revoke(*revoked, context.server_url); }; });
}

}  // namespace fw::app
