#include "app/cli/erased_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli/terminal.h"

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

}  // namespace fw::app
