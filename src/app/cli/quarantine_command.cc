#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/spelled_out.h"
#include "app/cli/terminal.h"
#include "codec/base64.h"
#include "io/output_file.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownCharacters = 100;
constexpr const char* kActions = "Commands";

struct QuarantineOptions {
  std::string reason;
  std::uint64_t limit = 20;
  bool json = false;
  std::string to;
};

/// A line that was kept aside.
struct KeptLine {
  std::string place;  ///< `file:17`
  std::string reason;
  std::string bytes;         ///< or their beginning
  std::uint64_t length = 0;  ///< of the whole line

  [[nodiscard]] bool is_whole() const { return bytes.size() == length; }
};

KeptLine read_line(const Json& line) {
  KeptLine kept;
  kept.place = line.value("source", "") + ':' + line.value("line", Json(0)).dump();
  kept.reason = line.value("reason", "");
  kept.length = line.value("length", std::uint64_t{0});
  kept.bytes = line.value("bytes", "");
  if (const auto exact = codec::base64_decode(line.value("base64", "")); exact && !exact->empty()) kept.bytes = *exact;
  return kept;
}

/// Calls `on_line` for the lines that were kept aside, oldest first, as long as it wants more; the counts by reason.
Result<Json> for_each_line(const QuarantineOptions& options, const std::string& server,
                           const std::function<bool(const KeptLine&)>& on_line) {
  ApiClient client(server);
  const std::string reason = options.reason.empty() ? "" : "&reason=" + net::percent_encode(options.reason);
  std::uint64_t offset = 0;
  while (true) {
    FW_ASSIGN(const auto page, client.get("/api/quarantine?offset=" + std::to_string(offset) + reason));
    Json counts = page.value("counts", Json::object());
    const Json lines = page.value("lines", Json::array());
    for (const auto& line : lines) {
      if (!on_line(read_line(line))) return counts;
    }
    const Json next = page.value("next", Json());
    if (!next.is_number_unsigned()) return counts;
    offset = next.get<std::uint64_t>();
  }
}

/// The first `options.limit` lines (0: all) and the counts by reason.
Result<Json> collect(const QuarantineOptions& options, const std::string& server, std::vector<KeptLine>& lines) {
  return for_each_line(options, server, [&](const KeptLine& line) {
    lines.push_back(line);
    return options.limit == 0 || lines.size() < options.limit;
  });
}

void print_counts(const Json& counts, Terminal& out) {
  std::vector<std::vector<std::string>> rows{{"lines", "reason"}};
  for (const auto& [reason, count] : counts.items()) rows.push_back({count.dump(), printable(reason)});
  for (const auto& line : align(rows, {true, false})) out.line(line);
}

std::string beginning(const std::string& bytes) {
  const std::string shown = spelled_out(bytes.substr(0, kShownCharacters));
  return bytes.size() > kShownCharacters ? shown + "..." : shown;
}

Json json_of(const Json& counts, const std::vector<KeptLine>& lines) {
  Json out{{"counts", counts}, {"lines", Json::array()}};
  for (const auto& line : lines) {
    out["lines"].push_back({{"place", line.place},
                            {"reason", line.reason},
                            {"length", line.length},
                            {"base64", codec::base64_encode(line.bytes)}});
  }
  return out;
}

int list_lines(const QuarantineOptions& options, const std::string& server) {
  std::vector<KeptLine> lines;
  const auto counts = collect(options, server, lines);
  if (!counts.ok()) return fail(counts.error());
  if (options.json) {
    std::cout << json_of(*counts, lines).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return 0;
  }
  Terminal out(1);
  if (counts->empty()) {
    out.line("no lines were kept aside");
    return 0;
  }
  print_counts(*counts, out);
  out.line("");
  for (const auto& line : lines) {
    out.line(out.styled(Style::kBold, printable(line.place)) + "  " + printable(line.reason));
    out.line("  " + beginning(line.bytes));
  }
  out.line("");
  out.line("flywheel quarantine show prints them whole, flywheel quarantine export --to FILE writes them for mending");
  return 0;
}

int show_lines(const QuarantineOptions& options, const std::string& server) {
  std::vector<KeptLine> lines;
  const auto counts = collect(options, server, lines);
  if (!counts.ok()) return fail(counts.error());
  Terminal out(1);
  for (const auto& line : lines) {
    out.line(out.styled(Style::kBold, printable(line.place)) + "  " + printable(line.reason) + "  (" +
             std::to_string(line.length) + " bytes)");
    out.line(spelled_out(line.bytes) + (line.is_whole() ? "" : "  [the rest was not kept]"));
  }
  if (lines.empty())
    out.line("no lines were kept aside" + std::string(options.reason.empty() ? "" : " for this reason"));
  return 0;
}

int export_lines(const QuarantineOptions& options, const std::string& server) {
  if (const auto status = io::check_output_file(options.to); !status.ok()) return fail(status.error());
  std::string text;
  std::uint64_t written = 0, cut = 0;
  const auto counts = for_each_line(options, server, [&](const KeptLine& line) {
    if (line.is_whole()) {
      text += line.bytes + '\n';
      ++written;
    } else {
      ++cut;
    }
    return true;
  });
  if (!counts.ok()) return fail(counts.error());
  if (const auto status = io::write_output_file(options.to, text); !status.ok()) return fail(status.error());
  Terminal out(1);
  out.line(options.to + ": " + std::to_string(written) + " lines; mend them and load the file again");
  if (cut > 0) {
    out.line(std::to_string(cut) + " lines are longer than what is kept of a line (64 KiB) and were left out");
  }
  return 0;
}

void add_reason(CLI::App& command, QuarantineOptions& options) {
  command.add_option("--reason", options.reason, "Only lines with this reason, as the list names it")
      ->type_name("TEXT");
}

void add_limit(CLI::App& command, QuarantineOptions& options) {
  command.add_option("--limit", options.limit, "Lines that are shown; 0: all")->capture_default_str();
}

}  // namespace

void add_quarantine_command(CLI::App& app, CommandContext& context) {
  auto* quarantine =
      app.add_subcommand("quarantine", "Look at lines of traffic that could not be read and were kept aside")
          ->group(kEverydayGroup);
  quarantine->require_subcommand(0, 1);
  add_examples(*quarantine,
               "flywheel quarantine\nflywheel quarantine show --reason \"not valid JSON\"\n"
               "flywheel quarantine export --to bad.jsonl");
  auto options = std::make_shared<QuarantineOptions>();
  const auto add = [&](CLI::App& command, int (*action)(const QuarantineOptions&, const std::string&)) {
    add_reason(command, *options);
    add_server_option(command, context);
    command.callback([&context, &command, options, action] {
      if (!command.get_subcommands().empty()) return;
      context.action = [&context, options, action] { return action(*options, context.server_url); };
    });
  };
  for (auto* command :
       {quarantine, quarantine->add_subcommand("list", "Counts by reason, and the lines' beginnings")}) {
    add_limit(*command, *options);
    command->add_flag("--json", options->json, "Print JSON; bytes are in base64");
    add(*command, list_lines);
  }
  auto* show = quarantine->add_subcommand("show", "Print lines whole; what could drive a terminal is spelled out");
  add_limit(*show, *options);
  add(*show, show_lines);
  auto* write = quarantine->add_subcommand("export", "Write the lines into a file, to mend them and load them again");
  write->add_option("--to", options->to, "The file")->required()->type_name("FILE");
  add(*write, export_lines);
  for (auto* command : quarantine->get_subcommands([](CLI::App*) { return true; })) command->group(kActions);
}

}  // namespace fw::app
