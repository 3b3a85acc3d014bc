#include "io/moved_folder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "io/file_uri.h"

namespace fw::io {
namespace {

namespace fs = std::filesystem;

/// Nothing for what does not lie in the folder.
std::optional<fs::path> below(const fs::path& folder, const fs::path& path) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  if (end != folder.end() || rest == path.end()) return std::nullopt;
  fs::path out;
  for (auto part = rest; part != path.end(); ++part) out /= *part;
  return out;
}

/// `written` without its scheme.
fs::path path_of(std::string_view written) { return path_of_file_uri(written).value_or(fs::path(written)); }

}  // namespace

void MovedFolder::learn(std::string_view written, std::string_view part) {
  const std::string path = path_of(written).string();
  const std::string whole = "/" + std::string(part);
  const auto at = path.rfind(whole);
  if (at == std::string::npos || at == 0) return;
  const auto end = at + whole.size();
  if (end < path.size() && path[end] != '/') return;
  const fs::path place = path.substr(0, at);
  if (place != now_ && std::ranges::find(before_, place) == before_.end()) before_.push_back(place);
}

std::string MovedFolder::present(const std::string& written) const {
  if (before_.empty() || written.empty()) return written;
  const fs::path path = path_of(written);
  // Of places that lie in each other the innermost is meant: `/data` may have moved to `/data/flywheel`.
  auto deepest = std::pair(now_, below(now_, path));
  for (const auto& place : before_) {
    const auto rest = below(place, path);
    if (rest && (!deepest.second || place.string().size() > deepest.first.string().size())) deepest = {place, rest};
  }
  if (!deepest.second || deepest.first == now_) return written;
  const fs::path here = now_ / *deepest.second;
  std::error_code error;
  if (!fs::exists(here, error) && fs::exists(path, error)) return written;
  return written.starts_with(kFileScheme) ? file_uri(here) : here.string();
}

}  // namespace fw::io
