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

struct Options {
  std::string review;
  std::string row;
  std::string person;
  std::string source;
  bool reveal = false;
  bool json = false;
};

std::string number(const Json& object, const char* key) { return object.value(key, Json(0)).dump(); }

std::string share(const Json& object, const char* key) {
  const Json value = object.value(key, Json());
  return value.is_number() ? percent(value.get<double>()) : "-";
}

/// `left better`.
std::string spoken(std::string word) {
  for (char& c : word) c = c == '_' ? ' ' : c;
  return word;
}

std::string joined(const Json& words) {
  std::string out;
  for (const auto& word : words)
    if (word.is_string()) out += (out.empty() ? "" : ", ") + printable(word.get<std::string>());
  return out;
}

void print_agreement(const Json& one, Terminal& out) {
  const Json kappa = one.value("kappa", Json());
  std::string line = "  " + joined(one.value("people", Json::array())) + ": the same verdict on " +
                     number(one, "equal") + " of " + number(one, "rows");
  char interval[96];
  if (kappa.is_number()) {
    std::snprintf(interval, sizeof interval, ", Cohen's kappa %.2f (%.2f to %.2f)", kappa.get<double>(),
                  one.value("low", 0.0), one.value("high", 0.0));
    line += interval;
  }
  out.line(line);
}

/// What verdicts add up to.
void print_figures(const Json& review, Terminal& out) {
  out.line(out.styled(Style::kBold, shown_at(review, "workload_id") + " of " + shown_at(review, "client_id")) + ": " +
           shown_at(review, "model_name") + ", " + shown_at(review, "variant") + " against production on " +
           number(review, "rows") + " rows, of which " + number(review, "divergent") + " differ");
  const Json counts = review.value("counts", Json::object());
  std::string line = "  judged " + number(counts, "judged") + " of " + number(counts, "items");
  if (const Json quality = review.value("quality", Json()); quality.is_object())
    line += "; as good as production " + share(quality, "as_good") + " (" + share(quality, "low") + " to " +
            share(quality, "high") + ')';
  out.line(line);
  if (const Json shadow = review.value("shadow", Json()); shadow.is_object())
    out.line("  of live traffic: judged " + number(shadow, "judged") + " of " + number(shadow, "items") +
             ", no worse " + share(shadow, "as_good"));
  for (const auto& one : review.value("agreements", Json::array())) print_agreement(one, out);
  if (const Json judge = review.value("judge", Json()); judge.is_object())
    out.line("  the judge finds good " + number(judge, "found_good") + " of " + number(judge, "good") + ", bad " +
             number(judge, "found_bad") + " of " + number(judge, "bad"));
}

void print_queue(const Json& review, Terminal& out) {
  std::vector<std::vector<std::string>> rows{{"row", "judged by", "you", "why"}};
  for (const auto& item : review.value("queue", Json::array())) {
    std::string why = joined(item.value("why", Json::array()));
    if (shown_at(item, "source") == "shadow") why = "of live traffic" + (why.empty() ? "" : ", " + why);
    const std::string mine = spoken(shown_at(item, "mine"));
    rows.push_back({shown_at(item, "record_id"), number(item, "judged_by"), mine.empty() ? "-" : mine, why});
  }
  for (const auto& line : align(rows, {false, true})) out.line(line);
}

/// The text of a message, and each of its calls on a line.
void print_message(const Json& message, Terminal& out) {
  if (!message.is_object()) return out.line("  no answer");
  const Json content = message.value("content", Json());
  const std::string said = content.is_string() ? content.get<std::string>() : content.is_null() ? "" : content.dump();
  if (!said.empty()) out.line("  " + printable(said));
  const Json calls = message.value("tool_calls", Json());
  for (const auto& call : calls.is_array() ? calls : Json::array()) {
    const Json function = call.is_object() ? call.value("function", Json::object()) : Json::object();
    const Json arguments = function.value("arguments", Json());
    out.line("  calls " + shown_at(function, "name") + ' ' +
             printable(arguments.is_string() ? arguments.get<std::string>() : arguments.dump()));
  }
}

void print_side(const Json& card, const char* side, Terminal& out) {
  const Json one = card.value(side, Json::object());
  const Json revealed = card.value("revealed", Json());
  const bool is_candidate = revealed.is_object() && shown_at(revealed, "candidate") == side;
  out.line(out.styled(Style::kBold, side) +
           (revealed.is_object() ? (is_candidate ? ", the candidate" : ", production") : ""));
  if (!shown_at(one, "failure").empty()) out.line("  " + out.styled(Style::kBad, shown_at(one, "failure")));
  print_message(one.value("message", Json()), out);
}

void print_card(const Json& card, Terminal& out) {
  const Json messages = card.value("messages", Json());
  for (const auto& message : messages.is_array() ? messages : Json::array()) {
    out.line(out.styled(Style::kBold, message.is_object() ? shown_at(message, "role") : ""));
    print_message(message, out);
  }
  print_side(card, "left", out);
  print_side(card, "right", out);
  if (const Json revealed = card.value("revealed", Json()); revealed.is_object()) {
    out.line("metric " + share(revealed, "agreement") + "; " + joined(revealed.value("mistakes", Json::array())));
    const Json scores = revealed.value("scores", Json::object());
    for (const auto& [name, value] : scores.items()) out.line("  " + printable(name) + ' ' + value.dump());
  }
  if (const Json mine = card.value("mine", Json()); mine.is_object())
    out.line("you said: " + spoken(shown_at(mine, "verdict")) +
             (shown_at(mine, "note").empty() ? "" : ": " + shown_at(mine, "note")));
}

int show(const Options& options, const std::string& server) {
  ApiClient client(server);
  const std::string who = "person=" + net::percent_encode(person_or_login(options.person));
  const std::string path = "/api/reviews/" + net::percent_encode(options.review);
  const auto answer = options.row.empty() ? client.get(path + '?' + who + "&source=" + options.source)
                                          : client.get(path + "/items/" + net::percent_encode(options.row) + '?' + who +
                                                       (options.reveal ? "&reveal=1" : ""));
  if (!answer.ok()) return fail(answer.error());
  if (options.json) {
    std::cout << answer->dump(2) << '\n';
    return 0;
  }
  Terminal out(1);
  if (!options.row.empty()) {
    print_card(*answer, out);
    return 0;
  }
  print_figures(*answer, out);
  print_queue(*answer, out);
  return 0;
}

}  // namespace

void add_review_show_command(CLI::App& reviews, CommandContext& context) {
  auto* command =
      reviews.add_subcommand("show", "Show a review with its queue, or one of its rows: both answers, without names")
          ->group("Commands");
  add_examples(*command,
               "flywheel review show REVIEW\nflywheel review show REVIEW ROW --person ann\n"
               "flywheel review show REVIEW --source shadow --json");
  auto options = std::make_shared<Options>();
  command->add_option("review", options->review, "Review id (flywheel review list)")->required()->type_name("REVIEW");
  command->add_option("row", options->row, "Record id of a row: its card, as PERSON gets it")->type_name("ROW");
  command->add_option("--person", options->person, "Who judges; default: FLYWHEEL_PERSON, else the login name")
      ->type_name("NAME");
  command->add_option("--source", options->source, "Rows of the evaluation alone, or of live traffic (shadow)")
      ->check(CLI::IsMember({"evaluation", "shadow"}))
      ->type_name("SOURCE");
  command->add_flag("--reveal", options->reveal, "Tell whose answer is whose, with the metric's and the judge's view");
  command->add_flag("--json", options->json, "Print the service's answer");
  add_server_option(*command, context);
  command->callback(
      [&context, options] { context.action = [&context, options] { return show(*options, context.server_url); }; });
}

}  // namespace fw::app
