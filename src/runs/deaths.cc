#include "runs/impl/deaths.h"

#include <charconv>
#include <string>

#include "io/file.h"

namespace fw::runs {

Status Deaths::begin() const {
  int begun = 0;
  if (const auto text = io::read_file(file_, 64); text.ok()) {
    std::from_chars(text->data(), text->data() + text->size(), begun);
  }
  if (begun >= kMost) {
    return failed_precondition("the service died " + std::to_string(begun) +
                               " times while they were made, most likely for want of memory; order the job again with "
                               "a smaller data_split_config.limit, or on a machine with more memory");
  }
  FW_TRY(io::create_folders(file_.parent_path()));
  return io::write_file_atomically(file_, std::to_string(begun + 1) + "\n");
}

void Deaths::end() const {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace fw::runs
