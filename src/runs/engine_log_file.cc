#include "runs/impl/engine_log_file.h"

#include "io/file.h"
#include "modelops/engine_log.h"

namespace fw::runs {
namespace {

constexpr std::uint64_t kMostBytes = modelops::EngineLog::kMostLines * (modelops::kLongestLogLine + 1);

std::filesystem::path file_of(const std::filesystem::path& job_folder, std::size_t candidate, const Stage& stage) {
  return job_folder / "candidates" / std::to_string(candidate) / ("engine-" + to_string(stage) + ".log");
}

}  // namespace

Status keep_engine_log(const std::filesystem::path& job_folder, const EngineLogPart& log) {
  if (log.lines.empty()) return {};
  std::string text;
  for (const auto& line : log.lines) text += line + '\n';
  const auto file = file_of(job_folder, log.candidate, log.stage);
  FW_TRY(io::create_folders(file.parent_path()));
  return io::write_file_atomically(file, text);
}

std::vector<EngineLogPart> kept_engine_logs(const std::filesystem::path& job_folder, std::size_t candidate) {
  std::vector<EngineLogPart> found;
  for (const StageKind stage : {StageKind::kDeploy, StageKind::kDeployTuned}) {
    const auto text = io::read_file(file_of(job_folder, candidate, stage), kMostBytes);
    if (!text.ok()) continue;
    EngineLogPart log{.candidate = candidate, .stage = stage, .lines = {}};
    for (std::size_t from = 0, end = 0; (end = text->find('\n', from)) != text->npos; from = end + 1)
      log.lines.push_back(text->substr(from, end - from));
    found.push_back(std::move(log));
  }
  return found;
}

}  // namespace fw::runs
