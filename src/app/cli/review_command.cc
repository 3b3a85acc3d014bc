#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli/api_client.h"
#include "app/cli/command.h"
#include "app/cli/help.h"
#include "app/cli/shown_member.h"
#include "app/cli/terminal.h"
#include "base/percent.h"
#include "net/url.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kActions = "Commands";

std::string share(const Json& value) { return value.is_number() ? percent(value.get<double>()) : "-"; }

std::string quality_of(const Json& review) {
  const Json quality = review.value("quality", Json());
  if (!quality.is_object()) return "-";
  return share(quality["as_good"]) + " (" + share(quality["low"]) + " to " + share(quality["high"]) + ')';
}

std::string judged_of(const Json& review) {
  const Json counts = review.value("counts", Json::object());
  return counts.value("judged", Json(0)).dump() + " of " + counts.value("items", Json(0)).dump();
}

int list_reviews(bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.get("/api/reviews");
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  std::vector<std::vector<std::string>> rows{
      {"review", "job", "workload", "candidate", "judged", "as good as production"}};
  const Json reviews = answer->value("reviews", Json::array());
  for (const auto& review : reviews) {
    rows.push_back({shown_or_dash(review, "id"), shown_or_dash(review, "job_id"), shown_or_dash(review, "workload_id"),
                    shown_or_dash(review, "model_name") + ", " + shown_or_dash(review, "variant"), judged_of(review),
                    quality_of(review)});
  }
  if (rows.size() == 1) {
    out.line("no reviews yet; open one with: flywheel review open JOB");
    return 0;
  }
  for (const auto& line : align(rows, {})) out.line(line);
  return 0;
}

int open_review(const std::string& job, bool as_json, const std::string& server) {
  ApiClient client(server);
  const auto answer = client.post("/api/reviews", {{"job_id", job}});
  if (!answer.ok()) return fail(answer.error());
  if (as_json) {
    std::cout << answer->dump(2) << '\n';
  } else {
    Terminal(1).line("review " + shown_or_dash(*answer, "id") + ": " + client.base_url() + "/review/" +
                     shown_or_dash(*answer, "id"));
  }
  return 0;
}

int export_labels(const std::string& review, const std::string& server) {
  ApiClient client(server);
  const auto lines = client.get_text("/api/reviews/" + net::percent_encode(review) + "/labels.jsonl");
  if (!lines.ok()) return fail(lines.error());
  std::cout << *lines;
  return 0;
}

struct LabelOptions {
  std::string review;
  std::string record;
  std::string verdict;
  std::string person;
  std::string note;
  std::vector<std::string> tags;
  std::string corrected;
  bool alike = false;
  bool withdraw = false;
};

int label_row(const LabelOptions& options, const std::string& server) {
  const std::string person = person_or_login(options.person);
  if (options.verdict.empty() != options.withdraw)
    return misuse(invalid_argument("give a verdict, or --withdraw to take one back"));
  ApiClient client(server);
  const std::string path = "/api/reviews/" + net::percent_encode(options.review) + "/items/" +
                           net::percent_encode(options.record) + "/labels";
  if (options.withdraw) {
    const auto gone = client.remove(path + "?person=" + net::percent_encode(person));
    return gone.ok() ? 0 : fail(gone.error());
  }
  Json body{{"person", person},
            {"verdict", options.verdict},
            {"note", options.note},
            {"tags", options.tags},
            {"alike", options.alike}};
  if (!options.corrected.empty()) {
    body["corrected"] = Json::parse(options.corrected, nullptr, false);
    if (!body["corrected"].is_object()) body["corrected"] = {{"role", "assistant"}, {"content", options.corrected}};
  }
  const auto answer = client.post(path, body);
  if (!answer.ok()) return fail(answer.error());
  Terminal(1).line("labelled " + answer->value("labelled", Json(0)).dump());
  return 0;
}

void add_label(CLI::App& reviews, CommandContext& context) {
  auto* command = reviews.add_subcommand("label", "Say which of the two answers to a row is better")->group(kActions);
  add_examples(*command,
               "flywheel review label REVIEW ROW production_better --person ann --note 'wrong date'\n"
               "flywheel review label REVIEW ROW both_fine --alike        all rows that differ in the same way");
  auto options = std::make_shared<LabelOptions>();
  command->add_option("review", options->review, "Review id (flywheel review list)")->required()->type_name("REVIEW");
  command->add_option("row", options->record, "Record id of the row")->required()->type_name("ROW");
  command
      ->add_option("verdict", options->verdict,
                   "left_better, right_better, both_fine, both_wrong or cannot_tell; candidate_better and "
                   "production_better for who knows")
      ->check(CLI::IsMember({"left_better", "right_better", "both_fine", "both_wrong", "cannot_tell",
                             "candidate_better", "production_better"}))
      ->type_name("VERDICT");
  command->add_option("--person", options->person, "Who says so; default: FLYWHEEL_PERSON, else the login name")
      ->type_name("NAME");
  command->add_option("--note", options->note, "Why")->type_name("TEXT");
  command->add_option("--tag", options->tags, "A word to find it by; may be given more than once")->type_name("WORD");
  command->add_option("--corrected", options->corrected, "The right answer: its text, or a message as JSON")
      ->type_name("ANSWER");
  command->add_flag("--alike", options->alike, "Also every row that differs in the same way and is not judged yet");
  command->add_flag("--withdraw", options->withdraw, "Take back what was said");
  add_server_option(*command, context);
  command->callback([&context, options] {
    context.action = [&context, options] { return label_row(*options, context.server_url); };
  });
}

}  // namespace

void add_review_command(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("review", "People's verdicts on where a candidate and production differ")
                      ->group(kEverydayGroup);
  command->require_subcommand(1);
  auto as_json = std::make_shared<bool>(false);
  auto* list = command->add_subcommand("list", "List reviews with what people's verdicts add up to")->group(kActions);
  list->add_flag("--json", *as_json, "Print JSON");
  add_server_option(*list, context);
  list->callback([&context, as_json] {
    context.action = [&context, as_json] { return list_reviews(*as_json, context.server_url); };
  });

  auto id = std::make_shared<std::string>();
  auto* open = command->add_subcommand("open", "Open a review of an ended run")->group(kActions);
  open->add_option("job", *id, "Job id: 24 hex digits")->required()->type_name("JOB");
  open->add_flag("--json", *as_json, "Print JSON");
  add_server_option(*open, context);
  open->callback([&context, id, as_json] {
    context.action = [&context, id, as_json] { return open_review(*id, *as_json, context.server_url); };
  });

  add_review_show_command(*command, context);
  add_label(*command, context);

  auto* labels = command->add_subcommand("labels", "Print every label with its row as JSONL")->group(kActions);
  labels->add_option("review", *id, "Review id (flywheel review list)")->required()->type_name("REVIEW");
  add_server_option(*labels, context);
  labels->callback(
      [&context, id] { context.action = [&context, id] { return export_labels(*id, context.server_url); }; });
}

}  // namespace fw::app
