#include "capture/files/folder.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace fw::capture {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

/// Tells people about the files beside it, and is no traffic. A file that is named by itself is read whatever its name.
bool is_documentation(const fs::path& path) {
  static constexpr std::string_view kExtensions[] = {".md", ".rst", ".markdown"};
  static constexpr std::string_view kNames[] = {"README", "LICENSE", "LICENCE", "NOTICE", "CHANGELOG", "CITATION"};
  if (std::ranges::find(kExtensions, path.extension().native()) != std::end(kExtensions)) return true;
  const bool is_text = path.extension().empty() || path.extension() == ".txt";
  return is_text && std::ranges::find(kNames, path.stem().native()) != std::end(kNames);
}

Error cannot_read(const std::string& path, const std::string& why) {
  return invalid_argument("cannot read " + path + ": " + why);
}

}  // namespace

Result<NamedFiles> files_of(const std::string& path) {
  std::error_code error;
  if (path == "-" || !fs::is_directory(path, error)) return NamedFiles{.files = {path}, .documentation = {}};
  NamedFiles found;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (is_hidden(at->path())) {
      at.disable_recursion_pending();
    } else if (at->is_directory(ignored)) {
      if (at.depth() == kMaxFolderDepth) return cannot_read(path, "its folders are nested too deeply; name the files");
    } else if (at->is_regular_file(ignored)) {
      if (found.files.size() + found.documentation.size() == kMaxFolderFiles) {
        return cannot_read(path, "it holds more than " + std::to_string(kMaxFolderFiles) + " files; name the files");
      }
      (is_documentation(at->path()) ? found.documentation : found.files).push_back(at->path().string());
    }
  }
  if (error) return system_error("cannot read " + path, error.value());
  if (found.files.empty()) {
    return cannot_read(
        path, found.documentation.empty() ? "the folder holds no files" : "the folder holds nothing but documentation");
  }
  std::ranges::sort(found.files);
  std::ranges::sort(found.documentation);
  return found;
}

}  // namespace fw::capture
