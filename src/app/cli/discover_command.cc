#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/dataset_view.h"
#include "app/cli/help.h"
#include "app/cli/terminal.h"
#include "capture/files/folder.h"
#include "capture/files/visit.h"
#include "codec/json_member.h"
#include "discovery/discover.h"
#include "discovery/discovery_json.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPath = "/api/workloads/discovery";
constexpr auto kBetweenLooks = std::chrono::milliseconds(300);
constexpr std::size_t kShownBytes = 100;  // of a pattern or an example
constexpr std::size_t kShownNames = 3;

struct DiscoverOptions {
  std::vector<std::string> files;
  std::string workload;
  std::string client;
  bool is_all = false;
  bool is_json = false;
  bool is_rules = false;
};

std::uint64_t number(const Json& json, const char* key) { return json.value(key, std::uint64_t{0}); }

/// Names with the highest counts: `gpt-4o, small and 3 more`.
std::string most_frequent(const Json& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (const auto& [name, count] : counts.items()) all.emplace_back(name, count.get<std::uint64_t>());
  std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& pair) { return pair.second; });
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kShownNames); ++i)
    out += (i > 0 ? ", " : "") + printable(all[i].first);
  if (all.size() > kShownNames) out += fmt::format(" and {} more", all.size() - kShownNames);
  return out;
}

std::string answers_of(const Json& workload) {
  const Json kinds = workload.value("answers", Json::object());
  std::string out;
  for (const auto& [key, words] : {std::pair("tool_calls", "calls"), std::pair("text", "text"),
                                   std::pair("json", "JSON"), std::pair("error", "errors")}) {
    if (number(kinds, key) > 0) out += (out.empty() ? "" : ", ") + fmt::format("{} {}", number(kinds, key), words);
  }
  return out;
}

void print_rule(const Json& rule, Terminal& out) {
  for (const auto& [key, value] : rule.items()) {
    if (key == "workload") continue;
    out.line(fmt::format("  {:<15} {}", key,
                         beginning_for_line(value.is_string() ? value.get<std::string>() : value.dump(), kShownBytes)));
  }
}

void print_workload(const Json& workload, Terminal& out) {
  out.line("");
  out.line(out.styled(Style::kBold, printable(codec::text_at(workload, "name"))));
  print_rule(workload.value("rule", Json::object()), out);
  const auto variants = number(workload, "prompt_variants");
  if (variants > 1) out.line(fmt::format("  {:<15} {} wordings", "prompt", variants));
  if (const auto called = most_frequent(workload.value("called", Json::object())); !called.empty()) {
    out.line(fmt::format("  {:<15} {}", "calls", called));
  }
  for (const Json& example : workload.value("examples", Json::array())) {
    out.line(fmt::format("  {:<15} {}", "example", printable(codec::text_at(example, "record_id"))));
    out.line(fmt::format("    {:<13} {}", "asked", beginning_for_line(codec::text_at(example, "asked"), kShownBytes)));
    out.line(
        fmt::format("    {:<13} {}", "answered", beginning_for_line(codec::text_at(example, "answered"), kShownBytes)));
  }
}

void print_found(const Json& found, Terminal& out) {
  const Json workloads = found.value("workloads", Json::array());
  out.line(fmt::format("{} records, {} workloads proposed, {} records in none", number(found, "records"),
                       workloads.size(), number(found, "in_none")));
  if (const auto without = number(found, "without_content"); without > 0) {
    out.line(fmt::format("{} more were passed over: their content has expired", without));
  }
  if (workloads.empty()) return;
  std::vector<std::vector<std::string>> rows{{"workload", "records", "share", "answers", "models"}};
  for (const Json& one : workloads) {
    rows.push_back({printable(codec::text_at(one, "name")), std::to_string(number(one, "records")),
                    fmt::format("{:.1f} %", 100 * one.value("share", 0.0)), answers_of(one),
                    most_frequent(one.value("models", Json::object()))});
  }
  out.line("");
  for (const auto& line : align(rows, {false, true, true, false, false})) out.line(line);
  for (const Json& one : workloads) print_workload(one, out);
}

/// The rules as a part of the configuration file: JSON is YAML.
void print_rules(const Json& found) {
  std::cout << "gateway:\n  capture:\n    rules:\n";
  for (const Json& one : found.value("workloads", Json::array())) {
    std::cout << "      - " << one.value("rule", Json::object()).dump(-1, ' ', false, Json::error_handler_t::replace)
              << '\n';
  }
}

int show(const Json& found, const DiscoverOptions& options) {
  if (options.is_rules) {
    print_rules(found);
  } else if (options.is_json) {
    std::cout << found.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    Terminal out(1);
    print_found(found, out);
  }
  return 0;
}

/// Files that are read twice.
class FileTraffic final : public discovery::Traffic {
 public:
  FileTraffic(std::vector<std::string> files, const DiscoverOptions& options)
      : files_(std::move(files)), options_(options) {}

  Status sample(std::size_t, const Visit& visit) override { return scan(visit); }
  Status scan(const Visit& visit) override {
    skipped_ = bad_ = 0;
    const std::string wanted = options_.workload.empty() ? "untagged" : options_.workload;
    for (const std::string& file : files_) {
      const auto each = [&](const record::Interaction& record) -> Status {
        const bool is_wanted = (options_.is_all || *record.workload == wanted) &&
                               (options_.client.empty() || *record.client == options_.client);
        if (is_wanted) return visit(std::span(&record, 1));
        ++skipped_;
        return {};
      };
      FW_ASSIGN(const auto read, capture::visit_records(file,
                                                        {.default_workload = record::WorkloadId("untagged"),
                                                         .default_client = record::ClientId("unknown"),
                                                         .loaded_at = SystemClock{}.now()},
                                                        Deadline::never(), each));
      for (const auto& [reason, count] : read.reasons) bad_ += count;
    }
    return {};
  }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
  [[nodiscard]] std::uint64_t bad() const { return bad_; }

 private:
  std::vector<std::string> files_;
  const DiscoverOptions& options_;
  std::uint64_t skipped_ = 0;
  std::uint64_t bad_ = 0;
};

Result<std::vector<std::string>> files_named(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (path == "-") return invalid_argument("standard input cannot be read twice; give files");
    FW_ASSIGN(auto found, capture::files_of(path));
    std::ranges::move(found.files, std::back_inserter(files));
  }
  return files;
}

int discover_in_files(const DiscoverOptions& options) {
  const auto files = files_named(options.files);
  if (!files.ok()) return fail(files.error());
  FileTraffic traffic(*files, options);
  Terminal live(2);
  const auto found = discovery::discover(traffic, {}, Deadline::never(), [&](const discovery::DiscoveryProgress& p) {
    if ((p.learned + p.counted) % 1000 == 0) {
      live.live(fmt::format("  {} records compared, {} counted", p.learned, p.counted));
    }
  });
  live.end_live();
  if (!found.ok()) return fail(found.error());
  if (traffic.bad() > 0) live.line(fmt::format("{} documents are no record and were passed over", traffic.bad()));
  if (traffic.skipped() > 0) {
    live.line(
        fmt::format("{} records that name another workload or client were passed over; --all looks into these too",
                    traffic.skipped()));
  }
  return show(discovery::to_json(*found), options);
}

int discover_in_store(const DiscoverOptions& options, const std::string& server) {
  ApiClient client(server);
  Json body = Json::object();
  if (!options.workload.empty()) body["workload_id"] = options.workload;
  if (!options.client.empty()) body["client_id"] = options.client;
  auto state = client.post(kPath, body);
  Terminal live(2);
  while (state.ok() && codec::text_at(*state, "status") == "running") {
    live.live(fmt::format("  {} records compared, {} of {} counted", number(*state, "records_compared"),
                          number(*state, "records_counted"), number(*state, "records_total")));
    std::this_thread::sleep_for(kBetweenLooks);
    state = client.get(kPath);
  }
  live.end_live();
  if (!state.ok()) return fail(state.error());
  if (codec::text_at(*state, "status") != "done") {
    const std::string why = codec::text_at(*state, "error");
    return fail(cancelled("the search was " + codec::text_at(*state, "status") + (why.empty() ? "" : ": " + why)));
  }
  const Json found = state->value("found", Json::object());
  const int code = show(found, options);
  if (options.is_json || options.is_rules) return code;
  if (number(found, "records") == 0) {
    live.line("no record is of workload " + printable(codec::text_at(*state, "workload_id")) +
              "; --workload-id names another one to look into");
  } else if (!found.value("workloads", Json::array()).empty()) {
    live.line("\nflywheel workloads accept NAME... makes them workloads");
  }
  return code;
}

/// Names what is stored by the accepted rules, slice by slice.
int apply_rules(ApiClient& client, const std::string& workload) {
  Terminal live(2);
  std::uint64_t read = 0;
  std::uint64_t moved = 0;
  Json cursor = nullptr;
  do {
    const auto slice = client.post("/api/workloads/accepted/apply", {{"workload_id", workload}, {"cursor", cursor}});
    if (!slice.ok()) {
      live.end_live();
      fail(slice.error());
      live.line(fmt::format("{} records were named; flywheel workloads apply goes on", moved));
      return 1;
    }
    read += number(*slice, "read");
    moved += number(*slice, "moved");
    cursor = slice->value("next_cursor", Json(nullptr));
    live.live(fmt::format("  {} records looked at, {} named", read, moved));
  } while (cursor.is_string());
  live.end_live();
  Terminal out(1);
  out.line(fmt::format("{} of {} stored records of {} were named", moved, read, printable(workload)));
  return 0;
}

int accept(const std::vector<std::string>& names, const std::string& as, const std::string& server) {
  ApiClient client(server);
  Json body{{"names", names}};
  if (!as.empty()) body["as"] = as;
  const auto accepted = client.post("/api/workloads/accepted", body);
  if (!accepted.ok()) return fail(accepted.error());
  Terminal out(1);
  for (const Json& rule : accepted->value("rules", Json::array())) {
    out.line("accepted: " + printable(codec::text_at(rule, "workload")));
  }
  return apply_rules(client, codec::text_at(*accepted, "workload_id"));
}

int show_accepted(bool is_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/workloads/accepted");
  if (!answer.ok()) return fail(answer.error());
  if (is_json) {
    std::cout << answer->dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return 0;
  }
  Terminal out(1);
  const Json accepted = answer->value("accepted", Json::array());
  if (accepted.empty()) out.line("no workload was accepted yet; flywheel workloads discover proposes some");
  for (const Json& source : accepted) {
    for (const Json& rule : source.value("rules", Json::array())) {
      out.line(out.styled(Style::kBold, printable(codec::text_at(rule, "workload"))) + ", out of " +
               printable(codec::text_at(source, "workload_id")));
      print_rule(rule, out);
    }
  }
  return 0;
}

int forget(const std::string& name, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.remove("/api/workloads/accepted/" + net::percent_encode(name));
  if (!answer.ok()) return fail(answer.error());
  Terminal out(1);
  out.line(printable(name) + " names no more traffic; what it named stays");
  return 0;
}

void add_discover_command(CLI::App& workloads, CommandContext& context) {
  auto* command = workloads.add_subcommand("discover", "Propose workloads for traffic that nothing names");
  add_examples(*command,
               "flywheel workloads discover                              what the service's log holds untagged\n"
               "flywheel workloads discover --from traffic.jsonl --all   a file, without a service\n"
               "flywheel workloads discover --rules                      the rules for the configuration file");
  auto options = std::make_shared<DiscoverOptions>();
  command
      ->add_option("--from", options->files, "Files or folders to look into, as of flywheel load; no service is asked")
      ->type_name("FILE");
  command->add_option("--workload-id", options->workload, "Whose records are looked into [default: untagged]");
  command->add_option("--client-id", options->client, "Only the records of this client");
  command->add_flag("--all", options->is_all, "With --from: whatever workload the records name");
  command->add_flag("--json", options->is_json, "Print JSON");
  command->add_flag("--rules", options->is_rules, "Print the rules as a part of the configuration file");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] {
      return options->files.empty() ? discover_in_store(*options, context.server_url) : discover_in_files(*options);
    };
  });
}

void add_accept_command(CLI::App& workloads, CommandContext& context) {
  auto* command =
      workloads.add_subcommand("accept", "Make proposed workloads workloads: of what is stored, and of what comes");
  add_examples(*command,
               "flywheel workloads accept airline-agent-policy --as airline\n"
               "flywheel workloads accept router-1 router-2 --as router   several as one");
  auto names = std::make_shared<std::vector<std::string>>();
  auto as = std::make_shared<std::string>();
  command->add_option("names", *names, "Names that flywheel workloads discover proposed")
      ->required()
      ->type_name("NAME...");
  command->add_option("--as", *as, "Another name for the workload");
  add_server_option(*command, context);
  command->callback([&context, names, as] {
    context.action = [&context, names, as] { return accept(*names, *as, context.server_url); };
  });
}

void add_apply_command(CLI::App& workloads, CommandContext& context) {
  auto* command = workloads.add_subcommand("apply", "Name stored records by the accepted rules once more");
  auto workload = std::make_shared<std::string>("untagged");
  command->add_option("--workload-id", *workload, "Whose records are looked at")->capture_default_str();
  add_server_option(*command, context);
  command->callback([&context, workload] {
    context.action = [&context, workload] {
      ApiClient client(context.server_url);
      return apply_rules(client, *workload);
    };
  });
}

}  // namespace

void add_discover_commands(CLI::App& workloads, CommandContext& context) {
  add_discover_command(workloads, context);
  add_accept_command(workloads, context);
  auto* list = workloads.add_subcommand("accepted", "List the rules of accepted workloads");
  auto is_json = std::make_shared<bool>(false);
  list->add_flag("--json", *is_json, "Print JSON");
  add_server_option(*list, context);
  list->callback([&context, is_json] {
    context.action = [&context, is_json] { return show_accepted(*is_json, context.server_url); };
  });
  add_apply_command(workloads, context);
  auto* command = workloads.add_subcommand("forget", "Take the rules of an accepted workload away");
  auto name = std::make_shared<std::string>();
  command->add_option("name", *name, "The workload")->required()->type_name("NAME");
  add_server_option(*command, context);
  command->callback(
      [&context, name] { context.action = [&context, name] { return forget(*name, context.server_url); }; });
}

}  // namespace fw::app
