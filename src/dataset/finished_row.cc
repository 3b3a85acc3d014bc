#include "dataset/finished_row.h"

#include <algorithm>

#include "dataset/impl/chat.h"
#include "dataset/impl/json.h"

namespace fw::dataset {
namespace {

constexpr std::uint64_t kRowsBetweenChecks = 64;

std::string label_of(const Json& answer) {
  const Json* calls = tool_calls_of(answer);
  if (calls == nullptr || calls->empty()) return "no_tool";
  const Json* function = member(calls->front(), "function");
  return function == nullptr ? "no_tool" : string_member(*function, "name");
}

bool read_row(const Json& line, FinishedRow& row) {
  const Json* holder = member(line, "request");
  if (holder == nullptr) holder = &line;
  const Json* messages = member(*holder, "messages");
  if (messages == nullptr || !messages->is_array()) return false;
  row.messages = *messages;
  if (holder != &line) {
    const Json* response = member(line, "response");
    const Json* answer = response == nullptr ? nullptr : answer_of(*response);
    if (answer == nullptr) return false;
    row.messages.push_back(*answer);
  }
  const bool are_objects = std::ranges::all_of(row.messages, [](const Json& message) { return message.is_object(); });
  if (row.messages.empty() || !are_objects) return false;
  const Json* tools = member(*holder, "tools");
  row.tools = tools != nullptr && tools->is_array() && !tools->empty() ? *tools : Json(nullptr);
  row.record_id = string_member(line, "record_id");
  row.label = label_of(row.messages.back());
  return true;
}

}  // namespace

Status for_each_row(std::string_view file, const Deadline& deadline,
                    const std::function<Status(const FinishedRow&)>& visit) {
  std::uint64_t line_number = 0;
  std::uint64_t rows = 0;
  for (std::size_t at = 0; at < file.size();) {
    if (++line_number % kRowsBetweenChecks == 0) FW_TRY(deadline.check("reading dataset rows"));
    const std::size_t end = std::min(file.find('\n', at), file.size());
    FinishedRow row;
    row.line = file.substr(at, end - at);
    at = end + 1;
    if (row.line.find_first_not_of(" \t\r") == row.line.npos) continue;
    const auto json = parse_json(row.line);
    if (!json || !read_row(*json, row)) {
      return invalid_argument("line " + std::to_string(line_number) +
                              " is no row of a dataset (a JSON object with messages, or a request and a response)");
    }
    row.number = rows++;
    FW_TRY(visit(row));
  }
  return {};
}

}  // namespace fw::dataset
