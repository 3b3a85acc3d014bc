#include "trainer/lora/adapter_files.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>

#include "io/file.h"
#include "trainer/model/kernels.h"

namespace fw::trainer {
namespace {

// Both folders change names in one step where there is an old one, so that one whole adapter is always in place.
Status put_in_place(const std::filesystem::path& stage, const std::filesystem::path& folder) {
  std::error_code error;
  const bool replaces = std::filesystem::exists(folder, error);
  const unsigned flags = replaces ? RENAME_EXCHANGE : 0;
  int failed = ::renameat2(AT_FDCWD, stage.c_str(), AT_FDCWD, folder.c_str(), flags) == 0 ? 0 : errno;
  if (replaces && (failed == EINVAL || failed == ENOSYS)) {  // some file systems cannot: two steps
    const std::filesystem::path old = folder.string() + ".old";
    std::filesystem::remove_all(old, error);
    failed = ::rename(folder.c_str(), old.c_str()) == 0 && ::rename(stage.c_str(), folder.c_str()) == 0 ? 0 : errno;
    std::filesystem::remove_all(failed == 0 ? old : stage, error);
  }
  if (failed != 0) return system_error("cannot rename " + stage.string() + " to " + folder.string(), failed);
  FW_TRY(io::sync_folder(folder.parent_path()));
  if (replaces) std::filesystem::remove_all(stage, error);
  return {};
}

Status check_finite(const Adapter& adapter) {
  for (const auto& item : adapter.named())
    if (!kernels::all_finite(values(item.tensor).data(), item.tensor.numel()))
      return data_loss("the adapter holds values that are no numbers (" + item.name + "); it is not written");
  return {};
}

}  // namespace

Result<AdapterPaths> write_adapter(const Adapter& adapter, const ModelConfig& config, const std::string& base_model,
                                   double dropout, const std::filesystem::path& folder) {
  FW_TRY(check_finite(adapter));
  const auto target = std::filesystem::absolute(folder).lexically_normal();
  const std::filesystem::path clean = target.has_filename() ? target : target.parent_path();
  const std::filesystem::path stage = clean.string() + ".partial";
  std::error_code error;
  std::filesystem::remove_all(stage, error);
  FW_TRY(io::create_folders(stage));
  FW_TRY(write_gguf_adapter(adapter, config, stage / "adapter.gguf"));
  FW_TRY(write_peft_adapter(adapter, config, base_model, dropout, stage / "peft"));
  FW_TRY(io::sync_folder(stage));
  FW_TRY(put_in_place(stage, clean));
  return AdapterPaths{clean / "adapter.gguf", clean / "peft"};
}

}  // namespace fw::trainer
