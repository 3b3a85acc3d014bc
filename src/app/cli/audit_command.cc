#include <CLI/CLI.hpp>
#include <algorithm>
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

struct Options {
  std::string data = default_data_folder().string();
  std::string head;
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

std::filesystem::path file_of(const Options& options) {
  return std::filesystem::path(options.data) / "audit" / "audit.jsonl";
}

int verify(const Options& options) {
  const auto head = options.head.empty() ? std::nullopt : std::optional(options.head);
  const auto found = audit::verify(file_of(options), head);
  if (!found.ok()) return fail(found.error());
  if (found->fault)
    return fail(
        data_loss(printable(*found->fault) + "; the " + std::to_string(found->entries) + " entries before hold"));
  Terminal out(1);
  out.line(std::to_string(found->entries) + " entries, each follows the one before; head " + found->head);
  return 0;
}

int export_log(const Options& options) {
  const int code = verify(options);
  if (code != 0) return code;
  const auto bytes = io::read_file(file_of(options));
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
    command->add_option("--data", options->data, "The service's data folder")->type_name("DIR");
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
    command->callback([&context, options, run] { context.action = [options, run] { return run(*options); }; });
  };
  add("verify", "Say how many entries hold, and what is wrong with the next one", verify, true);
  add("export", "Print the log, if it holds, as JSON lines", export_log, false);
}

}  // namespace fw::app
