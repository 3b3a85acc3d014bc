#include "app/cli/sample_serve_command.h"

#include <pthread.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/help.h"
#include "sample/server.h"

namespace fw::app {
namespace {

struct Options {
  sample::ServeSettings settings;
  int port = 9000;
  int latency_ms = 0;
  int piece_ms = 0;
};

int serve(const Options& options) {
  // Blocked before threads begin, so that this one alone is told.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  sample::ServeSettings settings = options.settings;
  settings.port = static_cast<std::uint16_t>(options.port);
  settings.first_byte = std::chrono::milliseconds(options.latency_ms);
  settings.between_pieces = std::chrono::milliseconds(options.piece_ms);
  const EventLoops loops(1);
  sample::ModelServer server(loops, std::move(settings));
  if (const auto status = server.start(); !status.ok()) {
    return status.error().code == ErrorCode::kInvalidArgument ? misuse(status.error()) : fail(status.error());
  }
  std::printf("%s/v1\n", server.url().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop_blocking(std::chrono::seconds(1));
  return 0;
}

}  // namespace

void add_sample_serve_command(CLI::App& sample, CommandContext& context) {
  auto* command =
      sample.add_subcommand("serve", "Answer as the sample's production model: an OpenAI-compatible server");
  add_examples(*command,
               "flywheel sample serve --port 9000\n"
               "flywheel sample serve --latency-ms 300 --piece-ms 20 --fail-rate 0.01 --fail 429\n"
               "curl -H 'x-sample-fail: cut' ...   one request whose answer breaks off");
  auto options = std::make_shared<Options>();
  command->add_option("--port", options->port, "Port; 0 takes a free one. The URL is printed")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535))
      ->type_name("PORT");
  command->add_option("--latency-ms", options->latency_ms, "Time to the first byte; header x-sample-latency-ms")
      ->check(CLI::Range(0, 600'000))
      ->type_name("N");
  command->add_option("--piece-ms", options->piece_ms, "Time between pieces of a stream; header x-sample-piece-ms")
      ->check(CLI::Range(0, 600'000))
      ->type_name("N");
  command->add_option("--fail-rate", options->settings.fail_rate, "Share of requests that fail, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE");
  command
      ->add_option("--fail", options->settings.fail,
                   "How: a status, cut, stall, error or no-done; header x-sample-fail")
      ->capture_default_str()
      ->type_name("HOW");
  command->add_option("--seed", options->settings.seed, "Which requests fail")->capture_default_str();
  command->add_option("--api-key", options->settings.api_key, "Key that requests must bring")
      ->envname("SAMPLE_API_KEY")
      ->type_name("KEY");
  command->callback([&context, options] { context.action = [options] { return serve(*options); }; });
}

}  // namespace fw::app
