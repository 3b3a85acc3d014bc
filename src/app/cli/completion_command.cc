#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "app/cli/command.h"
#include "app/cli/help.h"

namespace fw::app {
namespace {

/// The words that may follow one command: its subcommands and its options.
std::string words_of(const CLI::App& app) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) add(sub->get_name());
  for (const auto* option : app.get_options([](const CLI::Option* o) { return !o->get_group().empty(); })) {
    for (const auto& name : option->get_lnames()) add("--" + name);
  }
  return out;
}

/// A case of a shell's `case` statement for each command path: `"jobs watch") words="..." ;;`
void write_cases(const CLI::App& app, const std::string& path, std::ostream& out) {
  out << "    \"" << path << "\") words=\"" << words_of(app) << "\" ;;\n";
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    write_cases(*sub, path.empty() ? sub->get_name() : path + ' ' + sub->get_name(), out);
  }
}

void write_lookup(const CLI::App& root, std::ostream& out) {
  out << "_flywheel_words() {\n"
         "  local path=\"\" word words=\"\"\n"
         "  for word in \"$@\"; do\n"
         "    case \"$word\" in -*) ;; *) if _flywheel_is_command \"${path:+$path }$word\"; then path=\"${path:+$path "
         "}$word\"; fi ;; esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  write_cases(root, "", out);
  out << "  esac\n"
         "  printf '%s' \"$words\"\n"
         "}\n";
}

void write_paths(const CLI::App& app, const std::string& path, std::ostream& out) {
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string full = path.empty() ? sub->get_name() : path + ' ' + sub->get_name();
    out << " | \"" << full << '"';
    write_paths(*sub, full, out);
  }
}

void write_is_command(const CLI::App& root, std::ostream& out) {
  out << "_flywheel_is_command() {\n  case \"$1\" in \"\"";
  write_paths(root, "", out);
  out << ") return 0 ;; *) return 1 ;; esac\n}\n";
}

void write_bash(const CLI::App& root, std::ostream& out) {
  out << "# bash completion for flywheel; use: source <(flywheel completion bash)\n";
  write_is_command(root, out);
  write_lookup(root, out);
  out << "_flywheel() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
         "  local words=\"$(_flywheel_words \"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\"\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  case \"$current\" in -*) ;; *) COMPREPLY+=($(compgen -f -- \"$current\")) ;; esac\n"
         "}\n"
         "complete -o filenames -F _flywheel flywheel\n";
}

void write_zsh(const CLI::App& root, std::ostream& out) {
  out << "#compdef flywheel\n# zsh completion for flywheel; use: source <(flywheel completion zsh)\n";
  write_is_command(root, out);
  write_lookup(root, out);
  out << "_flywheel() {\n"
         "  local -a found\n"
         "  found=(${(s: :)\"$(_flywheel_words ${words[2,CURRENT-1]})\"})\n"
         "  compadd -- $found\n"
         "  [[ $PREFIX == -* ]] || _files\n"
         "}\n"
         "compdef _flywheel flywheel\n";
}

}  // namespace

void add_completion_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand("completion", "Print completion for a shell; use: source <(flywheel completion bash)")
          ->group(kSetupGroup);
  add_examples(*command, "source <(flywheel completion bash)\nflywheel completion zsh > ~/.zfunc/_flywheel");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("SHELL");
  command->callback([&app, &context, shell] {
    context.action = [&app, shell] {
      *shell == "bash" ? write_bash(app, std::cout) : write_zsh(app, std::cout);
      return 0;
    };
  });
}

}  // namespace fw::app
