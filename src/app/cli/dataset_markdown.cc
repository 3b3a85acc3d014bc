#include "app/cli/dataset_markdown.h"

#include <fmt/format.h>

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/cli/dataset_view.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownBytes = 200;

/// Text as it stands in a cell or a list.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>#|!~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string shown(const Json& value) {
  return value.is_string() ? plain(value.get_ref<const std::string&>()) : plain(value.dump());
}

std::string text_of(const Json& row) { return plain(beginning_for_line(row.value("text", ""), kShownBytes)); }

std::string row(std::initializer_list<std::string> cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += ' ' + cell + " |";
  return out + '\n';
}

std::string number(const Json& object, const char* key) { return std::to_string(object.value(key, std::uint64_t{0})); }

std::string steps(const Json& card) {
  std::string out = "## Records at every step\n\n" + row({"step", "in", "out", "left out"}) + "|---|--:|--:|---|\n";
  for (const Json& step : card.value("steps", Json::array())) {
    std::string reasons;
    const Json counts = step.value("reasons", Json::object());
    for (const auto& [reason, count] : counts.items()) {
      reasons += (reasons.empty() ? "" : "; ") + plain(reason) + ": " + count.dump();
    }
    out += row({plain(step.value("step", "")), number(step, "in"), number(step, "out"), reasons});
  }
  return out;
}

std::string classes(const Json& card) {
  std::string out = "\n## Classes\n\n" + row({"class", "evaluation", "train", "validation"}) + "|---|--:|--:|--:|\n";
  for (const Json& one : card.value("classes", Json::array())) {
    const std::string label = one.value("label", "");
    out += row(
        {label.empty() ? "(all)" : plain(label), number(one, "eval"), number(one, "train"), number(one, "validation")});
  }
  return out;
}

std::string datasets(const Json& card) {
  std::string out = "\n## Files\n\n" + row({"dataset", "rows", "digest"}) + "|---|--:|---|\n";
  for (const Json& one : card.value("datasets", Json::array())) {
    out += row({plain(one.value("name", "")), number(one, "num_records"), plain(one.value("digest", ""))});
  }
  return out;
}

std::string settings(const Json& card) {
  std::string out;
  for (const char* section : {"data_split_config", "icl_config"}) {
    const Json values = card.value(section, Json());
    if (!values.is_object()) continue;
    for (const auto& [key, value] : values.items()) out += row({section, plain(key), shown(value)});
  }
  return out.empty() ? out : "\n## Settings\n\n" + row({"section", "key", "value"}) + "|---|---|---|\n" + out;
}

std::string leaks(const Json& card) {
  const Json leak = card.value("leak", Json::object());
  std::string out = "\n## Leaks between evaluation and training\n\n" + row({"what", "rows"}) + "|---|--:|\n";
  for (const auto& [key, value] : leak.items()) {
    if (value.is_number()) out += row({plain(key), value.dump()});
  }
  if (leak.contains("method")) out += "\nMethod: " + shown(leak["method"]) + ".\n";
  for (const Json& pair : leak.value("pairs", Json::array())) {
    const Json evaluation = pair.value("evaluation", Json::object()), training = pair.value("training", Json::object());
    out += fmt::format("\n- {}, likeness {:.2f}\n  - evaluation {}: {}\n  - training {}: {}\n", pair.value("kind", ""),
                       pair.value("likeness", 0.0), plain(evaluation.value("record_id", "")), text_of(evaluation),
                       plain(training.value("record_id", "")), text_of(training));
  }
  return out;
}

std::string clusters(const Json& card) {
  const Json found = card.value("near_duplicates", Json::object());
  if (found.value("clusters", 0) == 0) return "";
  std::string out = fmt::format(
      "\n## Near-duplicates\n\n{} rows in {} clusters, {} of them with rows in training and in validation. The "
      "largest:\n",
      number(found, "rows"), number(found, "clusters"), number(found, "training_and_validation"));
  for (const Json& one : found.value("largest", Json::array())) {
    out += fmt::format("\n- {} rows ({} train, {} validation, {} evaluation)\n", number(one, "rows"),
                       number(one, "train"), number(one, "validation"), number(one, "evaluation"));
    for (const Json& example : one.value("examples", Json::array())) {
      out += "  - " + plain(example.value("record_id", "")) + ": " + text_of(example) + '\n';
    }
  }
  return out;
}

std::string suspicious(const Json& card) {
  const Json found = card.value("suspicious", Json::object());
  const Json reasons = found.value("reasons", Json::array());
  if (reasons.empty()) return "";
  std::string out =
      "\n## Answers that look wrong\n\n" + row({"why", "training and validation", "evaluation"}) + "|---|--:|--:|\n";
  for (const Json& reason : reasons) {
    out += row({plain(reason.value("why", "")), number(reason, "training"), number(reason, "evaluation")});
  }
  return out + (found.value("left_out", false) ? "\nLeft out of training and validation.\n" : "");
}

std::string notes(const Json& card) {
  std::string out;
  for (const Json& note : card.value("notes", Json::array())) out += "- " + shown(note) + '\n';
  return out.empty() ? out : "\n## Notes\n\n" + out;
}

}  // namespace

std::string card_markdown(const Json& card) {
  const auto of = [&](const char* key) {
    const auto found = card.find(key);
    return found == card.end() || found->is_null() ? std::string("-") : shown(*found);
  };
  std::string out = fmt::format("# Datasets of run {}\n\nWorkload {}, client {}, {}, seed {}.\n", of("job"),
                                of("workload_id"), of("client_id"), of("workload_type"), of("seed"));
  if (card.contains("refused")) out += "\n**Refused, and not kept: " + of("refused") + "**\n";
  if (card.contains("erased_since")) out += "\n**" + of("erased_since") + "**\n";
  return out + '\n' + steps(card) + classes(card) + datasets(card) + settings(card) + leaks(card) + clusters(card) +
         suspicious(card) + notes(card);
}

}  // namespace fw::app
