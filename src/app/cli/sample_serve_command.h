#pragma once

namespace CLI {
class App;
}

namespace fw::app {

struct CommandContext;

/// `flywheel sample serve`, below `sample`.
void add_sample_serve_command(CLI::App& sample, CommandContext& context);

}  // namespace fw::app
