#include "trainer/lora/adapter_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "io/file.h"

namespace fw::trainer {
namespace {

Status sync_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + file.string(), errno);
  const int failed = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  return failed == 0 ? Status() : Status(system_error("cannot sync " + file.string(), error));
}

// The old folder, if any, makes way in one rename and is deleted last, so that one whole adapter is always there.
Status put_in_place(const std::filesystem::path& stage, const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path old = folder.string() + ".old";
  std::filesystem::remove_all(old, error);
  std::filesystem::rename(folder, old, error);
  std::filesystem::rename(stage, folder, error);
  if (error) return system_error("cannot rename " + stage.string() + " to " + folder.string(), error.value());
  std::filesystem::remove_all(old, error);
  return io::sync_folder(folder.parent_path().empty() ? "." : folder.parent_path());
}

}  // namespace

Result<AdapterPaths> write_adapter(const Adapter& adapter, const ModelConfig& config, const std::string& base_model,
                                   double dropout, const std::filesystem::path& folder) {
  const auto target = std::filesystem::absolute(folder).lexically_normal();
  const std::filesystem::path clean = target.has_filename() ? target : target.parent_path();
  const std::filesystem::path stage = clean.string() + ".partial";
  std::error_code error;
  std::filesystem::remove_all(stage, error);
  FW_TRY(io::create_folders(stage));
  FW_TRY(write_gguf_adapter(adapter, config, stage / "adapter.gguf"));
  FW_TRY(sync_file(stage / "adapter.gguf"));
  FW_TRY(write_peft_adapter(adapter, base_model, dropout, stage / "peft"));
  FW_TRY(io::sync_folder(stage));
  FW_TRY(put_in_place(stage, clean));
  return AdapterPaths{clean / "adapter.gguf", clean / "peft"};
}

}  // namespace fw::trainer
