#include "app/cli/report_page_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/random.h"
#include "io/file.h"
#include "pages/report_page.h"

namespace fw::app {

namespace fs = std::filesystem;

Status check_writable(const std::string& file) {
  const fs::path path = fs::absolute(file);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return invalid_argument(path.string() + " is a folder; name a file in it, for example " +
                            (path / "report.html").string());
  }
  const fs::path folder = path.parent_path();
  if (!fs::is_directory(folder, ignored)) {
    return not_found("cannot write " + path.string() + ": the folder " + folder.string() + " does not exist");
  }
  // Whether a file can be made is only known by making one: permissions, read-only and full file systems.
  const fs::path probe = folder / (".flywheel-" + random_hex(6));
  const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return system_error("cannot write " + path.string(), errno);
  ::close(fd);
  ::unlink(probe.c_str());
  return {};
}

Result<std::string> write_report_page(const std::string& report, const std::string& file) {
  const fs::path path = fs::absolute(file);
  FW_TRY(io::write_file_atomically(path, pages::report_page(report)));
  return path.string();
}

}  // namespace fw::app
