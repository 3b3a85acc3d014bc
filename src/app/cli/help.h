#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace fw::app {

/// Names of the groups that `flywheel --help` shows commands in.
inline constexpr const char* kEverydayGroup = "Every day";
inline constexpr const char* kResultsGroup = "Results";
inline constexpr const char* kSetupGroup = "Setting up";
/// An option or command of this group works and is not shown: an older spelling.
inline constexpr const char* kHidden = "";

/// The help that all commands show: values as plain words (`N`, `FILE`), defaults and environment variables in words.
/// Call on the root before commands are added; they inherit it.
void use_plain_help(CLI::App& root);

/// Examples below a command's help, one a line.
void add_examples(CLI::App& command, const std::string& lines);

/// What is wrong with a line that asks for the help of a command that does not exist; nothing where it does.
[[nodiscard]] std::optional<std::string> explain_stray_command(const CLI::App& root, int argc, const char* const* argv);

/// What is wrong with a command line that could not be parsed, in one line with the nearest command or option that
/// exists; `said` is the parser's own message, for what has no better one.
[[nodiscard]] std::string explain_usage(const CLI::App& root, int argc, const char* const* argv,
                                        const std::string& said);

}  // namespace fw::app
