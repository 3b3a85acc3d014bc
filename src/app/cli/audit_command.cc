#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "audit/audit_log.h"
#include "io/file.h"
#include "net/url.h"

namespace fw::app {
namespace {

/// Whose log is read: a service's where one was named, else the file in a data folder.
struct Options {
  std::string data;  ///< empty: not named
  std::string head;
  std::string server;  ///< empty: not named
};

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kPage = 1000;  // the most that the service gives at a time

struct ListOptions {
  std::string subject;
  std::uint64_t limit = 50;
  bool json = false;
};

/// The newest first, page by page; `next_cursor` is null once there are no more.
Result<Json> newest(const ListOptions& options, ApiClient& client) {
  Json entries = Json::array();
  std::string cursor;
  const std::string subject = options.subject.empty() ? "" : "&subject=" + net::percent_encode(options.subject);
  while (true) {
    const std::uint64_t missing = options.limit == 0 ? kPage : options.limit - entries.size();
    std::string path = "/api/audit?limit=" + std::to_string(std::min(missing, kPage)) + subject;
    if (!cursor.empty()) path += "&cursor=" + net::percent_encode(cursor);
    FW_ASSIGN(const Json page, client.get(path));
    for (const auto& entry : page.value("entries", Json::array())) entries.push_back(entry);
    const Json next = page.value("next_cursor", Json());
    const bool is_enough = options.limit != 0 && entries.size() >= options.limit;
    if (!next.is_string() || is_enough) return Json{{"entries", std::move(entries)}, {"next_cursor", next}};
    cursor = next.get<std::string>();
  }
}

int list_entries(const ListOptions& options, const std::string& server) {
  ApiClient client(server);
  const auto found = newest(options, client);
  if (!found.ok()) return fail(found.error());
  if (options.json) {
    std::cout << found->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  const auto text = [](const Json& entry, const char* key) { return printable(entry.value(key, std::string())); };
  std::vector<std::vector<std::string>> rows{{"number", "at", "person", "what", "about", "why"}};
  for (const auto& entry : found->at("entries")) {
    rows.push_back({entry.value("number", Json(0)).dump(), text(entry, "at").substr(0, 19), text(entry, "person"),
                    text(entry, "action"), text(entry, "subject"), text(entry, "reason")});
  }
  if (rows.size() == 1) out.line(options.subject.empty() ? "nothing was decided yet" : "there is no entry about this");
  if (rows.size() > 1) {
    for (const auto& line : align(rows, {})) out.line(line);
  }
  if (found->at("next_cursor").is_string()) {
    out.line("older entries are not shown; flywheel audit list --limit 0 lists all");
  }
  return 0;
}

Result<audit::Verification> verify_file(const audit::LogFiles& log, const std::optional<std::string>& head) {
  std::error_code ignored;
  if (!std::filesystem::exists(log.file, ignored)) {
    return not_found("there is no audit log at " + log.file.string() +
                     "; name the service's data folder with --data DIR, or the service with --server URL");
  }
  return audit::verify(log.file, head, log.head_file);
}

Result<audit::Verification> verify_service(ApiClient& client, const std::optional<std::string>& head) {
  const std::string query = head ? "?head=" + net::percent_encode(*head) : "";
  FW_ASSIGN(const Json found, client.get("/api/audit/verification" + query));
  const Json fault = found.value("fault", Json());
  return audit::Verification{.entries = found.value("entries", std::uint64_t{0}),
                             .head = found.value("head", std::string()),
                             .fault = fault.is_string() ? std::optional(fault.get<std::string>()) : std::nullopt};
}

audit::LogFiles log_of(const Options& options) {
  return audit::log_files_in(options.data.empty() ? default_data_folder() : std::filesystem::path(options.data));
}

bool is_service(const Options& options) { return options.data.empty() && !options.server.empty(); }

/// Prints what was found on `fd`, and where: 0 if the log holds.
int verify_on(int fd, const Options& options) {
  const auto head = options.head.empty() ? std::nullopt : std::optional(options.head);
  ApiClient client(options.server);
  const auto found = is_service(options) ? verify_service(client, head) : verify_file(log_of(options), head);
  if (!found.ok()) return fail(found.error());
  const std::string where = is_service(options) ? "the log of " + client.base_url() : log_of(options).file.string();
  if (found->fault)
    return fail(data_loss(where + ": " + printable(*found->fault) + "; the " + std::to_string(found->entries) +
                          " entries before hold"));
  Terminal(fd).line(where + ": " + std::to_string(found->entries) + " entries, each follows the one before; head " +
                    printable(found->head));
  return 0;
}

int verify(const Options& options) { return verify_on(1, options); }

/// The service's lines, as its file has them.
Status print_lines(ApiClient& client) {
  std::uint64_t after = 0;
  while (true) {
    const std::string path = "/api/audit?lines=true&limit=" + std::to_string(kPage) + "&after=" + std::to_string(after);
    FW_ASSIGN(const Json page, client.get(path));
    const Json entries = page.value("entries", Json::array());
    for (const auto& entry : entries) {
      std::cout << entry.value("line", std::string()) << '\n';
      after = entry.value("number", after + 1);
    }
    if (entries.size() < kPage) return {};
  }
}

/// Of a service whose file is gone, the entries that it knows.
int export_service(const Options& options) {
  ApiClient client(options.server);
  const auto found = verify_service(client, std::nullopt);
  if (found.ok()) {
    if (const int code = verify_on(2, options); code != 0) return code;
  } else {
    Terminal(2).line("the log's file cannot be read, so these are the entries that the service knows: " +
                     printable(found.error().message));
  }
  const auto printed = print_lines(client);
  return printed.ok() ? 0 : fail(printed.error());
}

/// Standard output has the log's lines alone: put back as a file they are the log.
int export_log(const Options& options) {
  if (is_service(options)) return export_service(options);
  if (const int code = verify_on(2, options); code != 0) return code;
  const auto bytes = io::read_file(log_of(options).file);
  if (!bytes.ok()) return fail(bytes.error());
  std::cout << *bytes;
  return 0;
}

}  // namespace

void add_audit_command(CLI::App& app, CommandContext& context) {
  auto* audit = app.add_subcommand("audit", "List, check or print the log of who decided what")->group(kResultsGroup);
  audit->require_subcommand(1);
  add_examples(*audit,
               "flywheel audit list --subject p-5f3a9c21d0aa\n"
               "flywheel audit verify --head 5d1a...\nflywheel audit export >audit.jsonl");
  auto* list = audit->add_subcommand("list", "List who decided what, the newest first");
  auto listed = std::make_shared<ListOptions>();
  list->add_option("--subject", listed->subject, "About this alone: the id of a proposal, a review, ...")
      ->type_name("ID");
  list->add_option("--limit", listed->limit, "At most so many; 0: all")->type_name("N");
  list->add_flag("--json", listed->json, "Print the service's answer");
  add_server_option(*list, context);
  list->callback([&context, listed] {
    context.action = [&context, listed] { return list_entries(*listed, context.server_url); };
  });
  const auto add = [&](const char* name, const char* help, int (*run)(const Options&), bool has_head) {
    auto options = std::make_shared<Options>();
    auto* command = audit->add_subcommand(name, help);
    auto* data =
        command
            ->add_option(
                "--data", options->data,
                "The service's data folder: its file is read, and no service asked [default, where none is named: "
                "$FLYWHEEL_DATA, else ~/.local/share/flywheel]")
            ->type_name("DIR");
    command->add_option("--server", options->server, "URL of the service [default: $FLYWHEEL_URL]")
        ->excludes(data)
        ->type_name("URL");
    if (has_head) {
      command
          ->add_option("--head", options->head,
                       "Hash that an entry must have: written down earlier, it shows whether entries were cut off")
          ->check([](const std::string& head) {
            return head.empty() ? std::string("is empty: give the hash that was written down, or leave --head out")
                                : std::string();
          })
          ->type_name("HASH");
    }
    command->callback([&context, options, run] {
      const char* url = std::getenv("FLYWHEEL_URL");
      if (options->server.empty() && url != nullptr) options->server = url;
      if (!options->server.empty() && options->server.find("://") == std::string::npos)
        options->server.insert(0, "http://");
      context.action = [options, run] { return run(*options); };
    });
  };
  add("verify", "Say how many entries hold, and what is wrong with the next one", verify, true);
  add("export", "Print the log, if it holds, as JSON lines", export_log, false);
}

}  // namespace fw::app
