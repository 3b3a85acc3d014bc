#include "app/cli/dataset_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codec/utf8.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

void print_pair(const Json& pair, Terminal& out) {
  const bool is_answer = pair.value("kind", "") == "answer";
  out.line("");
  out.line(is_answer ? "  a training row holds the answer:"
                     : fmt::format("  likeness {:.2f}:", pair.value("likeness", 0.0)));
  for (const char* side : {"evaluation", "training"}) {
    const Json row = pair.value(side, Json::object());
    out.line(fmt::format("    {:<10} {}  {}", side, printable(row.value("record_id", "")),
                         printable(row.value("text", ""))));
  }
}

}  // namespace

void print_leak(const Json& leak, Terminal& out) {
  const std::vector<std::pair<const char*, const char*>> figures{
      {"conversations_on_two_sides", "conversations on both sides"},
      {"requests_on_two_sides", "requests on both sides"},
      {"eval_rows_near_training", "evaluation rows with a near-duplicate in training"},
      {"eval_rows_request_in_training", "evaluation rows whose request stands whole in another row of training"},
      {"eval_rows_near_example", "evaluation rows that an in-context example resembles"},
      {"eval_rows_answered_in_training", "evaluation rows whose answer a training row holds"},
      {"eval_rows_own_answer_in_training", "of these, rows whose answer fewer than three conversations give"},
      {"eval_rows_said_in_training", "evaluation rows whose last message training has word for word"},
      {"eval_rows_template_in_training", "evaluation rows whose wording (template) training has"}};
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, words] : figures) rows.push_back({std::to_string(leak.value(name, std::uint64_t{0})), words});
  for (const auto& line : align(rows, {true, false})) out.line("  " + line);
  if (leak.contains("method")) out.line("  method: " + printable(leak.value("method", "")));
  for (const Json& pair : leak.value("pairs", Json::array())) print_pair(pair, out);
}

std::string beginning_for_line(std::string_view text, std::size_t bytes) {
  return printable(codec::utf8_prefix(text, bytes)) + (text.size() > bytes ? " ..." : "");
}

}  // namespace fw::app
