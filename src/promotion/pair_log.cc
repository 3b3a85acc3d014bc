#include "promotion/pair_log.h"

#include <algorithm>

#include "io/append_file.h"
#include "io/file.h"

namespace fw::promotion {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 64 << 20;

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

fs::path PairLog::path_of(const std::string& proposal) const { return folder_ / ("pairs-" + proposal + ".jsonl"); }

PairLog::File& PairLog::file_of(const std::string& proposal) {
  const auto found = files_.find(proposal);
  if (found != files_.end()) return found->second;
  File file;
  std::size_t lines = 0;
  for (const fs::path& path : {fs::path(path_of(proposal).string() + ".1"), path_of(proposal)}) {
    lines = 0;
    const auto text = io::read_file(path, kMostBytes);
    if (!text.ok()) continue;
    for (std::size_t start = 0, end = 0; (end = text->find('\n', start)) != std::string::npos; start = end + 1) {
      ++lines;
      auto pair = pair_of(std::string_view(*text).substr(start, end - start));
      if (pair) file.last.push_back(std::move(*pair));
      if (file.last.size() > kMostShown) file.last.pop_front();
    }
  }
  file.lines = lines;
  return files_.emplace(proposal, std::move(file)).first->second;
}

Status PairLog::append(const std::string& proposal, const Pair& pair) {
  const std::lock_guard lock(mutex_);
  File& file = file_of(proposal);
  FW_TRY(io::create_folders(folder_));
  const fs::path path = path_of(proposal);
  if (file.lines >= kMostInFile) {
    std::error_code error;
    fs::rename(path, path.string() + ".1", error);
    if (error) return unavailable("cannot put " + path.string() + " aside: " + error.message());
    file.lines = 0;
  }
  FW_ASSIGN(auto out, io::AppendFile::open(path));
  FW_TRY(out.append(to_json(pair) + '\n'));
  ++file.lines;
  file.last.push_back(pair);
  if (file.last.size() > kMostShown) file.last.pop_front();
  return {};
}

std::vector<Pair> PairLog::recent(const std::string& proposal, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto& last = file_of(proposal).last;
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, last.size()));
  return {last.rbegin(), last.rbegin() + count};
}

PairSummary PairLog::summary(const std::string& proposal) {
  const std::lock_guard lock(mutex_);
  PairSummary sum;
  std::vector<double> candidate, other;
  for (const Pair& pair : file_of(proposal).last) {
    ++sum.pairs;
    if (!pair.metric.empty()) {
      ++sum.compared;
      sum.score += pair.score;
    }
    if (!pair.is_answered) continue;
    ++sum.answered;
    candidate.push_back(pair.candidate_seconds);
    other.push_back(pair.other_seconds);
  }
  if (sum.compared > 0) sum.score /= static_cast<double>(sum.compared);
  sum.candidate_p50 = quantile(candidate, 0.5);
  sum.candidate_p95 = quantile(candidate, 0.95);
  sum.other_p50 = quantile(other, 0.5);
  sum.other_p95 = quantile(other, 0.95);
  return sum;
}

}  // namespace fw::promotion
