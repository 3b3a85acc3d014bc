#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/data_folder.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "audit/audit_log.h"
#include "io/file.h"

namespace fw::app {
namespace {

struct Options {
  std::string data = default_data_folder().string();
  std::string head;
};

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
  auto* audit = app.add_subcommand("audit", "Check or print the log of who decided what")->group(kResultsGroup);
  audit->require_subcommand(1);
  add_examples(*audit, "flywheel audit verify --head 5d1a...\nflywheel audit export >audit.jsonl");
  const auto add = [&](const char* name, const char* help, int (*run)(const Options&), bool has_head) {
    auto options = std::make_shared<Options>();
    auto* command = audit->add_subcommand(name, help);
    command->add_option("--data", options->data, "The service's data folder")->type_name("DIR");
    if (has_head) {
      command
          ->add_option("--head", options->head,
                       "Hash that an entry must have: written down earlier, it shows whether entries were cut off")
          ->type_name("HASH");
    }
    command->callback([&context, options, run] { context.action = [options, run] { return run(*options); }; });
  };
  add("verify", "Say how many entries hold, and what is wrong with the next one", verify, true);
  add("export", "Print the log, if it holds, as JSON lines", export_log, false);
}

}  // namespace fw::app
