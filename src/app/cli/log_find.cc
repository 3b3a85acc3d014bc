#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/record_filters.h"
#include "app/cli/terminal.h"
#include "codec/json_member.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kPage = 500;
constexpr std::size_t kShownOfText = 60;  // bytes of what was asked and answered

struct FindOptions {
  RecordFilters filters;
  std::uint64_t limit = 50;
  bool json = false;
};

std::string shortened(const std::string& said) {
  const std::string shown = printable(said);
  return shown.size() <= kShownOfText ? shown : printable(said.substr(0, kShownOfText)) + "...";
}

std::string called(const Json& one) {
  std::string names;
  for (const auto& name : one.value("called", Json::array()))
    names += (names.empty() ? "" : ", ") + (name.is_string() ? printable(name.get<std::string>()) : std::string());
  return names.empty() ? "-" : names;
}

void print(const Json& one, Terminal& out) {
  out.line(out.styled(Style::kBold, printable(codec::text_at(one, "id"))) + "  " +
           codec::text_at(one, "timestamp").substr(0, 19) + "  " + printable(codec::text_at(one, "workload_id")) +
           "  " + printable(codec::text_at(one, "client_id")) + "  calls " + called(one) +
           (one.value("is_error", false) ? "  " + out.styled(Style::kBad, "error") : ""));
  out.line("  " + shortened(codec::text_at(one, "asked")));
  out.line("  " + shortened(codec::text_at(one, "answered")));
}

/// Page by page: the newest first. A page may hold nothing of what is looked for and lead on all the same.
int find(const FindOptions& options, const std::string& server) {
  ApiClient client(server);
  Terminal out(1);
  const std::string query = options.filters.query();
  std::uint64_t found = 0;
  for (std::string cursor; !out.is_closed();) {
    const std::uint64_t missing = options.limit == 0 ? kPage : options.limit - found;
    std::string path = "/api/traffic?limit=" + std::to_string(std::min(missing, kPage)) + query;
    if (!cursor.empty()) path += "&cursor=" + net::percent_encode(cursor);
    const auto page = client.get(path);
    if (!page.ok()) return fail(page.error());
    for (const auto& one : page->value("interactions", Json::array())) {
      ++found;
      options.json ? out.line(one.dump()) : print(one, out);
    }
    cursor = codec::text_at(*page, "next_cursor");
    if (cursor.empty() || (options.limit != 0 && found >= options.limit)) break;
  }
  if (found == 0 && !options.json) out.line("no interaction is like that");
  return 0;
}

int show(const std::string& id, const char* part, const std::string& server) {
  ApiClient client(server);
  const std::string path = "/api/traffic/" + net::percent_encode(id) + part;
  if (part[0] != '\0' && std::string_view(part) != "/lineage") {
    const auto bytes = client.get_text(path);
    if (!bytes.ok()) return fail(bytes.error());
    std::cout << *bytes << '\n';
    return 0;
  }
  const auto answer = client.get(path);
  if (!answer.ok()) return fail(answer.error());
  std::cout << answer->dump(2) << '\n';
  return 0;
}

int rate(const std::string& id, const std::string& outcome, const std::string& comment, const std::string& server) {
  ApiClient client(server);
  Json body{{"id", id}, {"outcome", outcome}};
  if (!comment.empty()) body["comment"] = comment;
  const auto answer = client.post("/api/feedback", body);
  if (!answer.ok()) return fail(answer.error());
  Terminal(1).line("rated " + outcome);
  return 0;
}

void add_find(CLI::App& log, CommandContext& context) {
  auto* command = log.add_subcommand("find", "List the interactions that are as you say, the newest first");
  add_examples(*command,
               "flywheel log find --workload router --class get_order --text parcel\n"
               "flywheel log find --errors --from 2026-11-27T00:00:00Z --limit 0 --json   all, one a line");
  auto options = std::make_shared<FindOptions>();
  options->filters.add_to(*command);
  command->add_option("--limit", options->limit, "At most so many; 0: all")->type_name("N");
  command->add_flag("--json", options->json, "Print JSON, one interaction a line");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return find(*options, context.server_url); }; });
}

void add_show(CLI::App& log, CommandContext& context) {
  struct ShowOptions {
    std::string id;
    bool request = false;
    bool response = false;
    bool lineage = false;
  };
  auto* command =
      log.add_subcommand("show", "Print one interaction, the bytes of one side of it, or what became of it");
  add_examples(*command,
               "flywheel log show 0192f0c1b2a34d5e8f90a1b2c3d4e5f6\n"
               "flywheel log show 0192f0c1b2a34d5e8f90a1b2c3d4e5f6 --lineage   runs, models and promotions");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("id", options->id, "Id of its record (flywheel log find)")->required()->type_name("ID");
  auto* request = command->add_flag("--request", options->request, "The request alone, byte for byte");
  auto* response = command->add_flag("--response", options->response, "The response alone, byte for byte");
  command->add_flag("--lineage", options->lineage, "The runs whose datasets have rows of it, and what came of them")
      ->excludes(request)
      ->excludes(response);
  request->excludes(response);
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      const char* part = options->request    ? "/request"
                         : options->response ? "/response"
                         : options->lineage  ? "/lineage"
                                             : "";
      return show(options->id, part, context.server_url);
    };
  });
}

void add_rate(CLI::App& log, CommandContext& context) {
  struct RateOptions {
    std::string id, outcome, comment;
  };
  auto* command = log.add_subcommand("rate", "Say that an answer was good or bad, once; it counts for who gave it");
  add_examples(*command, "flywheel log rate 0192f0c1b2a34d5e8f90a1b2c3d4e5f6 bad --comment 'wrong order'");
  auto options = std::make_shared<RateOptions>();
  command->add_option("id", options->id, "Id of its record (flywheel log find)")->required()->type_name("ID");
  command->add_option("outcome", options->outcome, "good or bad")
      ->required()
      ->check(CLI::IsMember({"good", "bad"}))
      ->type_name("OUTCOME");
  command->add_option("--comment", options->comment, "What is wrong")->type_name("TEXT");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      return rate(options->id, options->outcome, options->comment, context.server_url);
    };
  });
}

}  // namespace

void add_log_find_commands(CLI::App& log, CommandContext& context) {
  add_find(log, context);
  add_show(log, context);
  add_rate(log, context);
}

}  // namespace fw::app
