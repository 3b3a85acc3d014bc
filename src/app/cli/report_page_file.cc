#include "app/cli/report_page_file.h"

#include <filesystem>

#include "io/output_file.h"
#include "pages/report_page.h"

namespace fw::app {

Result<std::string> write_report_page(const std::string& report, const std::string& file) {
  const auto path = std::filesystem::absolute(file);
  FW_TRY(io::write_output_file(path, pages::report_page(report)));
  return path.string();
}

}  // namespace fw::app
