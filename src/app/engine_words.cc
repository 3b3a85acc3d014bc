#include "app/engine_words.h"

#include "io/file.h"
#include "modelops/engine_log.h"

namespace fw::app {
namespace {

constexpr std::uint64_t kMostBytes = modelops::EngineLog::kMostLines * (modelops::kLongestLogLine + 1);

}  // namespace

Status write_engine_words(const std::filesystem::path& file, const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return io::write_file_atomically(file, text);
}

std::vector<std::string> read_engine_words(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  const auto kept = io::read_file(file, kMostBytes);
  if (!kept.ok()) return lines;
  for (std::size_t from = 0, end = 0; (end = kept->find('\n', from)) != kept->npos; from = end + 1)
    lines.push_back(kept->substr(from, end - from));
  return lines;
}

}  // namespace fw::app
