#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "app/cli/waiting_line.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr auto kPause = std::chrono::milliseconds(500);
constexpr int kPage = 1000;

struct LogOptions {
  std::string workload;
  int lines = 10;
  bool follows = true;
  bool as_json = false;
};

std::string milliseconds(const Json& about, const char* key) {
  const auto found = about.find(key);
  if (found == about.end() || !found->is_number()) return "-";
  return std::to_string(found->get<std::int64_t>() / 1000) + " ms";
}

/// One interaction on a line: when, whose, how it ended, and what it took.
std::string summary(const Json& one) {
  const Json about = one.value("flywheel", Json::object());
  const auto seconds = one.value("timestamp", 0.0);
  const Timestamp when{std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6))};
  std::string line = to_iso8601(when).substr(0, 23);
  const Json status = about.value("http_status", Json());
  for (const std::string& part :
       {one.value("workload_id", ""), one.value("client_id", ""), about.value("origin", ""), about.value("ending", ""),
        status.is_number() ? status.dump() : std::string("-"), milliseconds(about, "first_token_us"),
        milliseconds(about, "total_us"), about.value("model_answered", about.value("model_asked", "-"))}) {
    line += "  " + printable(part);
  }
  if (about.contains("content_expired")) line += "  content expired";
  return line;
}

std::string path_of(const LogOptions& options, int limit) {
  std::string path = "/api/interactions?limit=" + std::to_string(limit);
  if (!options.as_json) path += "&content=false";
  if (!options.workload.empty()) path += "&workload_id=" + net::percent_encode(options.workload);
  return path;
}

class Tail {
 public:
  explicit Tail(const LogOptions& options) : options_(options) {}

  /// The newest of what is there, the oldest of them first.
  void begin(const Json& answer) {
    Json page = answer.value("interactions", Json::array());
    for (auto one = page.rbegin(); options_.lines > 0 && one != page.rend(); ++one) {
      shown_.insert(id_of(*one));
      show(*one);
    }
  }
  /// What has arrived since, in its order.
  void go_on(const Json& answer) {
    if (const Json missed = answer.value("missed", Json(0)); missed.is_null()) {
      err_.line("the service has started anew: what arrived before that may be missing here");
    } else if (missed != 0) {
      err_.line(missed.dump() + " interactions, of all workloads, arrived faster than they could be shown and are " +
                "left out; flywheel log find finds them");
    }
    for (const Json& one : answer.value("interactions", Json::array())) {
      if (shown_.erase(id_of(one)) == 0) show(one);
    }
  }
  [[nodiscard]] bool is_closed() const { return out_.is_closed(); }

 private:
  static std::string id_of(const Json& one) { return one.value("flywheel", Json::object()).value("id", ""); }
  void show(const Json& one) { out_.line(options_.as_json ? one.dump() : summary(one)); }

  const LogOptions& options_;
  Terminal out_{1};
  Terminal err_{2};
  std::set<std::string> shown_;  // at the beginning: some of them have arrived since as well
};

int tail(const LogOptions& options, const std::string& server) {
  ApiClient client(server);
  Tail tail(options);
  auto answer = client.get(path_of(options, std::max(1, options.lines)));
  if (!answer.ok()) return fail(answer.error());
  tail.begin(*answer);
  while (options.follows && !tail.is_closed()) {
    if (!answer->value("has_more", false)) std::this_thread::sleep_for(kPause);
    const std::string mark = answer->value("arrived", "");
    answer = client.get(path_of(options, kPage) + "&arrived_after=" + net::percent_encode(mark));
    if (!answer.ok()) return fail(answer.error());
    tail.go_on(*answer);
  }
  return 0;
}

int stats(bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/log/stats");
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  std::vector<std::vector<std::string>> rows{{"workload", "client", "way in", "ending", "records"}};
  for (const auto& one : answer->value("counts", Json::array())) {
    rows.push_back({printable(one.value("workload_id", "")), printable(one.value("client_id", "")),
                    one.value("origin", ""), one.value("ending", ""), one.value("records", Json(0)).dump()});
  }
  for (const auto& line : align(rows, {false, false, false, false, true})) out.line(line);
  const Json left_out = answer->value("left_out", Json::object());
  for (const auto& [reason, documents] : left_out.items()) {
    out.line("left out of all reads: documents of the log store, " + documents.dump() + " x " + printable(reason));
  }
  if (const std::string waiting = waiting_line(*answer); !waiting.empty()) out.line(waiting);
  return 0;
}

/// Takes what the service has made to where the user wants it: at once within a file system, else by copying.
Status move_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return {};
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return system_error("cannot copy " + from.string() + " to " + to.string(), error.value());
  fs::remove_all(from, error);
  return {};
}

int back_up(const std::string& to, const std::string& server) {
  const fs::path target = fs::absolute(to).lexically_normal();
  if (fs::exists(target)) return fail(already_exists(to + " exists; a backup is written into a folder of its own"));
  ApiClient client(server);
  const auto answer = client.post("/api/log/backups", Json::object());
  if (!answer.ok()) return fail(answer.error());
  const fs::path made = answer->value("folder", "");
  Terminal out(1);
  if (!fs::exists(made)) {
    out.line("the service has another machine's files; the copy lies there in " + printable(made.string()));
    return 0;
  }
  if (const auto moved = move_to(made, target); !moved.ok()) return fail(moved.error());
  out.line(to + ": a copy of the log store; flywheel log restore puts it in place of that of a data folder");
  return 0;
}

}  // namespace

void add_log_command(CLI::App& app, CommandContext& context) {
  auto* command =
      app.add_subcommand(
             "log", "Look at the captured traffic, find in it, count it, copy it, take it elsewhere, erase from it")
          ->group(kEverydayGroup);
  command->require_subcommand(1);
  add_examples(*command,
               "flywheel log tail --workload router\nflywheel log find --class get_order\nflywheel log stats\nflywheel "
               "log backup /backups/log-monday\n"
               "flywheel log export --workload router -o router.jsonl.gz\n"
               "flywheel log erase --containing ada@example.com");
  auto options = std::make_shared<LogOptions>();
  auto* tail_command = command->add_subcommand("tail", "Show interactions as they arrive");
  add_examples(*tail_command,
               "flywheel log tail --workload router\n"
               "flywheel log tail --lines 100 --no-follow --json   the newest 100, with their contents");
  tail_command->add_option("--workload", options->workload, "Of one workload alone")->type_name("WORKLOAD");
  tail_command->add_option("--lines", options->lines, "How many of the newest are shown first")
      ->check(CLI::Range(0, kPage))
      ->type_name("N");
  tail_command->add_flag("!--no-follow", options->follows, "End after these");
  tail_command->add_flag("--json", options->as_json, "Print log documents, one a line");
  add_server_option(*tail_command, context);
  tail_command->callback(
      [&context, options] { context.action = [&context, options] { return tail(*options, context.server_url); }; });
  add_log_find_commands(*command, context);
  auto* stats_command = command->add_subcommand("stats", "Count by workload, client, way in and ending");
  auto as_json = std::make_shared<bool>(false);
  stats_command->add_flag("--json", *as_json, "Print JSON");
  add_examples(*stats_command, "flywheel log stats\nflywheel log stats --json");
  add_server_option(*stats_command, context);
  stats_command->callback(
      [&context, as_json] { context.action = [&context, as_json] { return stats(*as_json, context.server_url); }; });

  auto* backup = command->add_subcommand("backup", "Copy the log store of a running service into a new folder");
  auto to = std::make_shared<std::string>();
  add_examples(*backup, "flywheel log backup /backups/log-monday");
  backup->add_option("DIR", *to, "The folder; it must not exist")->required()->type_name("");
  add_server_option(*backup, context);
  add_log_restore_command(*command, context);
  add_log_export_command(*command, context);
  add_log_import_command(*command, context);
  add_log_verify_command(*command, context);
  add_log_erase_commands(*command, context);
  backup->callback([&context, to] { context.action = [&context, to] { return back_up(*to, context.server_url); }; });
}

}  // namespace fw::app
