#include "modelfile/gguf_model.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unordered_set>

#include "modelfile/impl/gguf_layout.h"

namespace fw::modelfile {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostFiles = 999;
constexpr std::size_t kPiece = 4U << 20;

std::uint64_t number(const GgufHeader& header, std::string_view key, std::uint64_t otherwise) {
  const GgufValue* value = header.find(key);
  return value == nullptr ? otherwise : value->as_uint().value_or(UINT64_MAX);
}

// `-00002-of-00003.gguf`
std::string suffix_of(std::uint64_t part, std::uint64_t count) {
  char text[40];
  std::snprintf(text, sizeof text, "-%05u-of-%05u.gguf", static_cast<unsigned>(part), static_cast<unsigned>(count));
  return text;
}

// The files of which `path` is part `number` (from 0).
Result<std::vector<fs::path>> names_of(const fs::path& path, std::uint64_t number, std::uint64_t count) {
  const std::string name = path.filename().string();
  const std::string own = suffix_of(number + 1, count);
  if (!name.ends_with(own)) {
    return invalid_argument(path.string() + " is part " + std::to_string(number + 1) + " of a model in " +
                            std::to_string(count) + " files, but its name does not end in " + own +
                            ", so the others cannot be found; give the files their names back");
  }
  const std::string stem = name.substr(0, name.size() - own.size());
  std::vector<fs::path> files;
  for (std::uint64_t part = 1; part <= count; ++part)
    files.push_back(path.parent_path() / (stem + suffix_of(part, count)));
  return files;
}

// Puts the tensors of one more file into the model.
Status add_file(GgufModel& model, const fs::path& path, GgufHeader header) {
  std::error_code error;
  model.file_bytes += fs::file_size(path, error);
  if (error) return system_error("cannot read " + path.string(), error.value());
  model.data_offsets.push_back(header.data_offset);
  for (GgufTensor& tensor : header.tensors) {
    model.header.tensors.push_back(std::move(tensor));
    model.file_of.push_back(model.files.size());
  }
  model.files.push_back(path);
  return {};
}

Status check_tensors(const GgufModel& model, std::uint64_t expected) {
  std::unordered_set<std::string_view> names;
  for (const GgufTensor& tensor : model.header.tensors)
    if (!names.insert(tensor.name).second)
      return data_loss("the files of " + model.files.front().string() + " hold tensor " + shown(tensor.name) +
                       " twice");
  if (expected != 0 && expected != names.size())
    return data_loss("the files of " + model.files.front().string() + " hold " + std::to_string(names.size()) +
                     " tensors together; the first says " + std::to_string(expected));
  return {};
}

}  // namespace

Result<GgufModel> read_gguf_model(const fs::path& path) {
  FW_ASSIGN(GgufHeader first, read_gguf_header(path));
  const std::uint64_t count = number(first, "split.count", 1);
  const std::uint64_t part = number(first, "split.no", 0);
  GgufModel model;
  model.header = first;
  model.header.tensors.clear();
  for (const char* key : {"split.no", "split.count", "split.tensors.count"}) model.header.erase(key);
  if (count <= 1) {
    FW_TRY(add_file(model, path, std::move(first)));
    return model;
  }
  if (count > kMostFiles || part >= count) return data_loss(path.string() + " has impossible split.no or split.count");
  FW_ASSIGN(const auto names, names_of(path, part, count));
  if (part != 0) {
    return invalid_argument(path.string() + " is part " + std::to_string(part + 1) + " of " + std::to_string(count) +
                            "; name the first, " + names.front().string());
  }
  const std::uint64_t tensors = number(first, "split.tensors.count", 0);
  FW_TRY(add_file(model, path, std::move(first)));
  for (std::size_t i = 1; i < names.size(); ++i) {
    auto header = read_gguf_header(names[i]);
    if (!header.ok()) {
      return header.error().within("part " + std::to_string(i + 1) + " of " + std::to_string(count) + " of " +
                                   path.string());
    }
    if (number(*header, "split.no", UINT64_MAX) != i || number(*header, "split.count", 0) != count)
      return data_loss(names[i].string() + " does not say that it is part " + std::to_string(i + 1) + " of " +
                       std::to_string(count));
    FW_TRY(add_file(model, names[i], std::move(header).value()));
  }
  FW_TRY(check_tensors(model, tensors));
  return model;
}

Result<GgufModelFiles> GgufModelFiles::open(const GgufModel& model) {
  GgufModelFiles out(model);
  for (const fs::path& path : model.files) {
    FW_ASSIGN(auto file, io::InputFile::open(path));
    out.files_.push_back(std::move(file));
  }
  return out;
}

Status GgufModelFiles::copy(std::size_t index, const std::function<Status(std::string_view)>& sink) const {
  const GgufTensor& tensor = model_.header.tensors[index];
  const std::size_t file = model_.file_of[index];
  std::string piece;
  for (std::uint64_t done = 0; done < tensor.bytes; done += piece.size()) {
    piece.resize(std::min<std::uint64_t>(kPiece, tensor.bytes - done));
    FW_TRY(files_[file].read_at(model_.data_offsets[file] + tensor.offset + done, piece));
    FW_TRY(sink(piece));
  }
  return {};
}

}  // namespace fw::modelfile
