#include "app/cli/help.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <memory>
#include <vector>

#include "base/edit_distance.h"

namespace fw::app {
namespace {

bool is_shown(const CLI::App* command) { return !command->get_group().empty(); }

std::vector<std::string> shown_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands(is_shown)) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> shown_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// The word for an option's value: its own type name without what its checks add.
std::string value_word(const CLI::Option* option) {
  std::string word = option->get_type_name();
  word = word.substr(0, word.find(':'));
  if (word == "INT" || word == "UINT") return "N";
  if (word == "FLOAT") return "NUMBER";
  return word;
}

class PlainFormatter final : public CLI::Formatter {
 public:
  PlainFormatter() { column_width(34); }

  /// `--no-follow{false}` carries what the flag sets.
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    for (auto begin = name.find('{'); begin != std::string::npos; begin = name.find('{')) {
      name.erase(begin, name.find('}', begin) + 1 - begin);
    }
    return name;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_items_expected_max() == 0 || option->get_positional()) return {};
    return ' ' + value_word(option);
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += " [default: " + option->get_default_str() + "]";
    if (!option->get_envname().empty()) text += " [or $" + option->get_envname() + "]";
    return text;
  }

  std::string make_footer(const CLI::App* command) const override;
};

/// Commands inherit the footer of what they are added to. An action shows its command's examples, which name it; what
/// has none shows none, not the program's.
std::string PlainFormatter::make_footer(const CLI::App* command) const {
  const CLI::App* root = command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  if (command != root && command->get_footer() == root->get_footer()) return {};
  return CLI::Formatter::make_footer(command);
}

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

/// The command that a line names as far as it can be followed, and the first word that is no command where one must
/// stand.
struct Followed {
  const CLI::App* command;
  std::string path;  ///< `flywheel jobs`
  std::string stray;
};

Followed follow(const CLI::App& root, int argc, const char* const* argv) {
  Followed at{&root, root.get_name(), {}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with('-')) {
      // The option's value is no command.
      const auto* option = at.command->get_option_no_throw(word.substr(0, word.find('=')));
      if (option != nullptr && option->get_items_expected_max() > 0 && word.find('=') == std::string::npos) ++i;
      continue;
    }
    if (at.command->get_subcommands([](const CLI::App*) { return true; }).empty()) return at;
    const auto* next = subcommand(*at.command, word);
    if (next == nullptr) {
      at.stray = word;
      return at;
    }
    at.command = next;
    at.path += ' ' + word;
  }
  return at;
}

std::string unknown_command(const Followed& at) {
  const auto names = shown_commands(*at.command);
  std::string text = "\"" + at.stray + "\" is no command of " + at.path;
  if (const auto near = nearest_name(at.stray, names)) return text + "; did you mean: " + at.path + ' ' + *near;
  return text + "; it has: " + joined(names);
}

/// The first option on the line that the command does not have.
std::string unknown_option(const CLI::App& command, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") return {};
    const bool is_option = word.size() > 1 && word[0] == '-' && std::isdigit(static_cast<unsigned char>(word[1])) == 0;
    if (!is_option) continue;
    const std::string name = word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
    const auto* option = command.get_option_no_throw(name);
    if (option == nullptr) return name;
    if (option->get_items_expected_max() > 0 && word == name) ++i;  // its value, which may begin with a dash
  }
  return {};
}

}  // namespace

void use_plain_help(CLI::App& root) { root.formatter(std::make_shared<PlainFormatter>()); }

void add_examples(CLI::App& command, const std::string& lines) {
  std::string text = "Examples:\n  ";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += lines[i];
    const bool is_followed_by_text = i + 1 < lines.size() && lines[i + 1] != '\n';
    if (lines[i] == '\n' && is_followed_by_text) text += "  ";
  }
  command.footer(text);
}

std::optional<std::string> explain_stray_command(const CLI::App& root, int argc, const char* const* argv) {
  const Followed at = follow(root, argc, argv);
  return at.stray.empty() ? std::nullopt : std::optional(unknown_command(at));
}

std::string explain_usage(const CLI::App& root, int argc, const char* const* argv, const std::string& said) {
  const Followed at = follow(root, argc, argv);
  if (!at.stray.empty()) return unknown_command(at);
  if (const auto stray = unknown_option(*at.command, argc, argv); !stray.empty()) {
    const auto near = nearest_name(stray, shown_options(*at.command));
    return at.path + " has no option " + stray + (near ? "; did you mean: " + *near : "");
  }
  const auto names = shown_commands(*at.command);
  if (!names.empty() && at.command->get_require_subcommand_min() > 0) {
    return at.path + " needs a command: " + joined(names);
  }
  return at.path + ": " + said;
}

}  // namespace fw::app
