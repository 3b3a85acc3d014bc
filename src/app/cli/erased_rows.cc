#include "app/cli/erased_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "app/cli/terminal.h"
#include "net/url.h"

namespace fw::app {

using Json = nlohmann::ordered_json;

std::string erased_rows_of(ApiClient& client, const std::string& job) {
  const auto answer = client.get("/api/log/erasures");
  if (!answer.ok()) return "";
  std::uint64_t training = 0, validation = 0, evaluation = 0;
  std::string last;
  for (const Json& erasure : answer->value("erasures", Json::array())) {
    for (const Json& one : erasure.value("jobs", Json::array())) {
      if (one.value("id", "") != job) continue;
      training += one.value("training_rows", std::uint64_t{0});
      validation += one.value("validation_rows", std::uint64_t{0});
      evaluation += one.value("evaluation_rows", std::uint64_t{0});
      last = std::max(last, erasure.value("at", ""));
    }
  }
  if (last.empty()) return "";
  return fmt::format(
      "erased since: records of {} training, {} validation and {} evaluation rows are no longer in the log (last {}); "
      "a new run makes datasets and models without them",
      training, validation, evaluation, printable(last));
}

Result<std::set<std::string>> erased_records_of(ApiClient& client, const std::string& job) {
  FW_ASSIGN(const Json answer, client.get("/api/jobs/" + net::percent_encode(job) + "/datasets/erased"));
  std::set<std::string> ids;
  for (const Json& id : answer.value("record_ids", Json::array())) {
    if (id.is_string()) ids.insert(id.get<std::string>());
  }
  return ids;
}

namespace {

/// Numbers of a side's rows that lineage.jsonl traces back to these records.
std::set<std::uint64_t> rows_by_lineage(const std::string& lineage, dataset::Side side,
                                        const std::set<std::string>& records) {
  const std::string_view folder = side == dataset::Side::kTraining ? "training/" : "validation/";
  std::set<std::uint64_t> rows;
  std::istringstream lines(lineage);
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_object() || !row.value("file", "").starts_with(folder)) continue;
    if (records.contains(row.value("record_id", ""))) rows.insert(row.value("row", std::uint64_t{0}));
  }
  return rows;
}

}  // namespace

LeftRows without_erased(const RunDatasets& datasets, dataset::Side side, const std::set<std::string>& erased) {
  LeftRows left;
  const bool is_traced = side == dataset::Side::kTraining || side == dataset::Side::kValidation;
  const auto traced = is_traced ? rows_by_lineage(datasets.lineage, side, erased) : std::set<std::uint64_t>();
  std::uint64_t number = 0;
  for (std::string_view rest = datasets.rows(side); !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, std::min(rest.find('\n'), rest.size() - 1) + 1);
    rest.remove_prefix(line.size());
    const auto names_one = [&] {
      const Json row = Json::parse(line, nullptr, false);
      return row.is_object() && erased.contains(row.value("record_id", ""));
    };
    if (traced.contains(number) || (!is_traced && names_one())) {
      ++left.erased;
    } else {
      left.rows += line;
    }
  }
  return left;
}

}  // namespace fw::app
