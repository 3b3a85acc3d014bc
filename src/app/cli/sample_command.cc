#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/sample_serve_command.h"
#include "sample/sample.h"

namespace fw::app {
namespace {

int write_sample(const sample::SampleSettings& settings) {
  sample::Generator generator(settings);
  while (const auto line = generator.next()) {
    if (std::fwrite(line->data(), 1, line->size(), stdout) != line->size() || std::fputc('\n', stdout) == EOF) {
      if (errno == EPIPE) return 0;  // the reader had enough
      return fail(system_error("cannot write the sample", errno));
    }
  }
  if (std::fflush(stdout) != 0 && errno != EPIPE) return fail(system_error("cannot write the sample", errno));
  return 0;
}

}  // namespace

void add_sample_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("sample", "Print made-up traffic of a customer-service agent as log documents (JSONL)")
          ->group(kSetupGroup);
  add_examples(*command, "flywheel sample --workload router --count 1400 > traffic.jsonl");
  auto settings = std::make_shared<sample::SampleSettings>();
  auto workload = std::make_shared<std::string>("router");
  command->add_option("--workload", *workload, "router, rewriter or writer")
      ->capture_default_str()
      ->type_name("WORKLOAD");
  command->add_option("--count", settings->count, "Lines, defective ones included")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  command->add_option("--seed", settings->seed, "Same seed, same bytes")->capture_default_str();
  command->add_option("--client-id", settings->client, "client_id of the lines")
      ->capture_default_str()
      ->type_name("CLIENT");
  command->add_option("--client", settings->client)->group(kHidden);
  add_sample_serve_command(*command, context);
  command->callback([&context, settings, workload, command] {
    if (!command->get_subcommands().empty()) return;  // the server's own callback has spoken
    context.action = [settings, workload] {
      auto parsed = sample::parse_workload(*workload);
      if (!parsed.ok()) return misuse(parsed.error());
      settings->workload = *parsed;
      return write_sample(*settings);
    };
  });
}

}  // namespace fw::app
