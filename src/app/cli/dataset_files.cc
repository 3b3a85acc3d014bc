#include "app/cli/dataset_files.h"

#include <algorithm>
#include <filesystem>

#include "app/cli/api_client.h"
#include "io/file.h"
#include "io/file_uri.h"
#include "net/url.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostBytes = std::size_t{4} << 30;

Status take(const fs::path& path, std::string& into) {
  if (!into.empty()) {
    return invalid_argument("the folder holds the rows of several runs (" + path.string() +
                            " is a second file of its kind); name the datasets of one");
  }
  FW_ASSIGN(into, io::read_file(path, kMostBytes));
  return {};
}

/// The files of a run's datasets, wherever in the folder they lie.
Result<RunDatasets> read_folder(const std::string& name) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator at(name, error), end; at != end && !error; at.increment(error)) {
    if (at->is_regular_file(error)) paths.push_back(at->path());
  }
  if (error) return system_error("cannot read " + name, error.value());
  std::ranges::sort(paths);
  RunDatasets out{.name = name, .files = {}, .lineage = {}, .report = nullptr};
  dataset::RowFiles& files = out.files;
  for (const fs::path& path : paths) {
    const std::string file = path.filename().string();
    if (file == "train_data.jsonl") FW_TRY(take(path, files.training));
    if (file == "val_data.jsonl") FW_TRY(take(path, files.validation));
    if (file == "lineage.jsonl") FW_TRY(take(path, out.lineage));
    if (file != "eval_data.jsonl") continue;
    FW_ASSIGN(const std::string rows, io::read_file(path, kMostBytes));
    FW_TRY(take(path, dataset::has_examples(rows) || rows == files.evaluation ? files.in_context : files.evaluation));
  }
  if (files.evaluation.empty()) files.evaluation = files.in_context;
  return out;
}

Result<std::string> read_job_file(const fs::path& path, bool may_lack) {
  std::error_code error;
  if (fs::exists(path, error)) return io::read_file(path, kMostBytes);
  if (may_lack) return std::string();
  return not_found("the rows are in " + path.string() +
                   " on the service's machine and cannot be read here; run this there");
}

Status read_job_rows(RunDatasets& out) {
  const Json card = out.report.value("dataset", Json::object());
  for (const Json& one : card.value("datasets", Json::array())) {
    const std::string name = one.value("name", "");
    const std::string uri = one.value("uri", "");
    const auto place = io::path_of_file_uri(uri);
    if (!place) return failed_precondition("dataset " + name + " is no folder: " + uri);
    const fs::path& folder = *place;
    if (name.starts_with("flywheel-eval-")) {
      FW_ASSIGN(out.files.evaluation, read_job_file(folder / "eval_data.jsonl", false));
    } else if (name.starts_with("flywheel-icl-")) {
      FW_ASSIGN(out.files.in_context, read_job_file(folder / "eval_data.jsonl", false));
    } else if (name.starts_with("flywheel-train-")) {
      FW_ASSIGN(out.files.training, read_job_file(folder / "training/train_data.jsonl", true));
      FW_ASSIGN(out.files.validation, read_job_file(folder / "validation/val_data.jsonl", true));
      FW_ASSIGN(out.lineage, read_job_file(folder / "lineage.jsonl", true));
    }
  }
  return {};
}

Result<RunDatasets> read_job(const std::string& job, const std::string& server, bool with_rows) {
  ApiClient client(server);
  RunDatasets out{.name = job, .files = {}, .lineage = {}, .report = nullptr};
  FW_ASSIGN(out.report, client.get("/api/jobs/" + net::percent_encode(job) + "/report"));
  const Json card = out.report.value("dataset", Json::object());
  if (const std::string refused = card.value("refused", ""); with_rows && !refused.empty()) {
    return failed_precondition("the datasets of job " + job + " were refused, and are not kept: " + refused);
  }
  if (card.value("datasets", Json::array()).empty() && !card.contains("refused")) {
    return failed_precondition("job " + job + " has made no datasets");
  }
  if (with_rows) FW_TRY(read_job_rows(out));
  return out;
}

}  // namespace

Result<RunDatasets> read_datasets(const std::string& job_or_folder, const std::string& server, bool with_rows) {
  std::error_code ignored;
  if (!fs::is_directory(job_or_folder, ignored)) return read_job(job_or_folder, server, with_rows);
  FW_ASSIGN(auto out, read_folder(job_or_folder));
  if (out.files.evaluation.empty() && out.files.training.empty()) {
    return not_found("no eval_data.jsonl and no train_data.jsonl lies in " + job_or_folder);
  }
  return out;
}

Result<dataset::Side> parse_side(const std::string& name) {
  if (name == "train") return dataset::Side::kTraining;
  for (const dataset::Side side : dataset::kSides) {
    if (name == dataset::to_string(side)) return side;
  }
  return invalid_argument("there is no side \"" + name + "\"; there are evaluation, train and validation");
}

}  // namespace fw::app
