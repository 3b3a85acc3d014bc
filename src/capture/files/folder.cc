#include "capture/files/folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace fw::capture {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

Error cannot_read(const std::string& path, const std::string& why) {
  return invalid_argument("cannot read " + path + ": " + why);
}

}  // namespace

Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> files;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (is_hidden(at->path())) {
      at.disable_recursion_pending();
    } else if (at->is_directory(ignored)) {
      if (at.depth() == kMaxFolderDepth) return cannot_read(path, "its folders are nested too deeply; name the files");
    } else if (at->is_regular_file(ignored)) {
      if (files.size() == kMaxFolderFiles) {
        return cannot_read(path, "it holds more than " + std::to_string(kMaxFolderFiles) + " files; name the files");
      }
      files.push_back(at->path().string());
    }
  }
  if (error) return system_error("cannot read " + path, error.value());
  if (files.empty()) return cannot_read(path, "the folder holds no files");
  std::ranges::sort(files);
  return files;
}

}  // namespace fw::capture
