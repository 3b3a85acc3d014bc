#include "modelops/local/impl/chat_template.h"

#include <cctype>
#include <string>

#include "base/hash.h"
#include "io/file.h"
#include "modelops/local/impl/chatml_tools.inc.h"
#include "modelops/local/impl/model_facts.h"

namespace fw::modelops {

bool knows_tools(std::string_view chat_template) {
  constexpr std::string_view kName = "tools";
  const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (std::size_t at = chat_template.find(kName); at != std::string_view::npos;
       at = chat_template.find(kName, at + 1)) {
    const std::size_t end = at + kName.size();
    const bool begins = at == 0 || !is_word(chat_template[at - 1]);
    const bool ends = end == chat_template.size() || !is_word(chat_template[end]);
    if (begins && ends) return true;
  }
  return false;
}

std::string_view tools_template() { return kChatmlTools; }

Result<std::filesystem::path> write_tools_template(const std::filesystem::path& data_folder) {
  const std::string bytes(tools_template());
  const auto folder = data_folder / "templates";
  const auto path = folder / ("chatml_tools-" + sha256_hex(bytes).substr(0, 12) + ".jinja");
  const auto existing = io::read_file(path);
  if (existing.ok() && *existing == bytes) return path;
  FW_TRY(io::create_folders(folder));
  FW_TRY(io::write_file_atomically(path, bytes));
  return path;
}

Result<std::filesystem::path> chat_template_for(const std::filesystem::path& data_folder,
                                                const std::filesystem::path& model) {
  std::error_code error;
  if (std::filesystem::is_directory(model, error)) return std::filesystem::path();
  FW_ASSIGN(const auto facts, read_model_facts(model));
  if (knows_tools(facts.chat_template)) return std::filesystem::path();
  return write_tools_template(data_folder);
}

}  // namespace fw::modelops
