#include "modelops/local/dataset_store.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "io/file_uri.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxNameLength = 200;
constexpr std::size_t kMaxPathParts = 16;
constexpr std::uint64_t kMaxNameFile = 64 * 1024;

bool is_safe_part(std::string_view part) {
  if (part.empty() || part.size() > kMaxNameLength || part.front() == '.') return false;
  return std::ranges::all_of(part,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; });
}

Status check_name(const std::string& name) {
  if (is_safe_part(name)) return {};
  return invalid_argument(
      "dataset name \"" + name.substr(0, kMaxNameLength) +
      "\" is not usable; a name is 1 to 200 letters, digits, '.', '_' and '-', and does not begin with '.'");
}

Status check_path(const std::string& path) {
  std::size_t parts = 0;
  for (std::size_t begin = 0; begin <= path.size(); ++parts) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (parts == kMaxPathParts || !is_safe_part(std::string_view(path).substr(begin, end - begin))) {
      return invalid_argument("dataset file \"" + path.substr(0, kMaxNameLength) + "\" must be a plain relative path");
    }
    begin = end + 1;
  }
  return {};
}

Status check_files(const std::vector<DatasetFile>& files) {
  if (files.empty()) return invalid_argument("a dataset needs at least one file");
  std::set<std::string> seen;
  for (const auto& file : files) {
    FW_TRY(check_path(file.path));
    if (!seen.insert(file.path).second) return invalid_argument("dataset file \"" + file.path + "\" is given twice");
  }
  return {};
}

/// SHA-256 over path and content of each file, ordered by path, each preceded by its length and a line break.
std::string digest_of(const std::vector<DatasetFile>& files) {
  std::vector<const DatasetFile*> ordered;
  for (const auto& file : files) ordered.push_back(&file);
  std::ranges::sort(ordered, {}, [](const DatasetFile* f) -> const std::string& { return f->path; });
  Sha256 hash;
  for (const DatasetFile* file : ordered) {
    for (const std::string* part : {&file->path, &file->content}) {
      hash.update(std::to_string(part->size()) + "\n");
      hash.update(*part);
    }
  }
  return hash.finish_hex();
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Removes a folder below stage/ at the end of scope, unless it was moved away.
class Staging {
 public:
  explicit Staging(fs::path folder) : folder_(std::move(folder)) {}
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

Status remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return system_error("cannot remove " + path.string(), error.value());
  return {};
}

Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> out;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    out.push_back(it->path());
  if (error) return system_error("cannot read folder " + folder.string(), error.value());
  return out;
}

}  // namespace

LocalDatasetStore::LocalDatasetStore(fs::path folder) : folder_(std::move(folder)) {}

Result<std::unique_ptr<LocalDatasetStore>> LocalDatasetStore::open(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  for (const char* part : {"objects", "names", "stage"}) FW_TRY(io::create_folders(folder / part));
  std::unique_ptr<LocalDatasetStore> store(new LocalDatasetStore(std::move(folder)));
  FW_TRY(store->clean());
  return store;
}

Status LocalDatasetStore::clean() const {
  FW_ASSIGN(const auto staged, entries_of(folder_ / "stage"));
  for (const auto& path : staged) FW_TRY(remove_tree(path));
  FW_ASSIGN(const auto names, entries_of(folder_ / "names"));
  for (const auto& path : names) {
    if (path.extension() != ".json") FW_TRY(remove_tree(path));
  }
  FW_ASSIGN(const auto objects, entries_of(folder_ / "objects"));
  for (const auto& path : objects) {
    FW_ASSIGN(const bool in_use, is_referred_to(path.filename().string()));
    if (in_use) continue;
    log_info("modelops", "removing a dataset that no name refers to", {{"digest", path.filename().string()}});
    FW_TRY(remove_tree(path));
  }
  return {};
}

fs::path LocalDatasetStore::object_path(const std::string& digest) const { return folder_ / "objects" / digest; }
fs::path LocalDatasetStore::name_path(const std::string& name) const { return folder_ / "names" / (name + ".json"); }

Result<std::optional<DatasetRef>> LocalDatasetStore::find(const std::string& name) const {
  auto text = io::read_file(name_path(name), kMaxNameFile);
  if (!text.ok() && text.error().code == ErrorCode::kNotFound) return std::optional<DatasetRef>();
  FW_TRY(text);
  const Json json = Json::parse(*text, nullptr, false);
  const auto damaged = data_loss("dataset reference " + name_path(name).string() + " is damaged; remove the file");
  if (!json.is_object() || !json.contains("digest") || !json["digest"].is_string()) return damaged;
  if (!json.contains("num_records") || !json["num_records"].is_number_unsigned()) return damaged;
  DatasetRef ref{.name = name, .digest = json["digest"], .num_records = json["num_records"]};
  if (!is_digest(ref.digest)) return damaged;
  ref.uri = io::file_uri(object_path(ref.digest));
  return std::optional(std::move(ref));
}

Result<bool> LocalDatasetStore::is_referred_to(const std::string& digest) const {
  FW_ASSIGN(const auto names, entries_of(folder_ / "names"));
  for (const auto& path : names) {
    FW_ASSIGN(const auto ref, find(path.stem().string()));
    if (ref && ref->digest == digest) return true;
  }
  return false;
}

Status LocalDatasetStore::store_object(const std::string& digest, const std::vector<DatasetFile>& files) const {
  std::error_code error;
  if (fs::exists(object_path(digest), error)) return {};
  const Staging stage(folder_ / "stage" / random_hex(8));
  std::set<fs::path> folders{stage.folder()};
  for (const auto& file : files) {
    const fs::path path = stage.folder() / file.path;
    FW_TRY(io::create_folders(path.parent_path()));
    FW_TRY(io::write_file_atomically(path, file.content));
    for (fs::path up = path.parent_path(); up != stage.folder(); up = up.parent_path()) folders.insert(up);
  }
  for (const auto& folder : folders) FW_TRY(io::sync_folder(folder));
  fs::rename(stage.folder(), object_path(digest), error);
  if (error) return system_error("cannot store dataset " + digest, error.value());
  return io::sync_folder(folder_ / "objects");
}

Result<DatasetRef> LocalDatasetStore::put(const std::string& name, const std::vector<DatasetFile>& files,
                                          std::uint64_t num_records) {
  FW_TRY(check_name(name));
  FW_TRY(check_files(files));
  DatasetRef ref{.name = name, .digest = digest_of(files), .num_records = num_records};
  ref.uri = io::file_uri(object_path(ref.digest));
  const std::lock_guard lock(mutex_);
  FW_ASSIGN(const auto existing, find(name));
  if (existing && *existing == ref) return ref;
  if (existing) return already_exists("dataset \"" + name + "\" exists with other content; remove it first");
  FW_TRY(store_object(ref.digest, files));
  const Json json{{"name", name}, {"digest", ref.digest}, {"num_records", num_records}};
  FW_TRY(io::write_file_atomically(name_path(name), json.dump() + "\n"));
  return ref;
}

Result<fs::path> LocalDatasetStore::local_path(const DatasetRef& dataset, const std::string& path) {
  if (!is_digest(dataset.digest)) return invalid_argument("dataset \"" + dataset.name + "\" has no valid digest");
  FW_TRY(check_path(path));
  fs::path file = object_path(dataset.digest) / path;
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    return not_found("dataset \"" + dataset.name + "\" has no file \"" + path + "\"");
  return file;
}

Status LocalDatasetStore::remove(const std::string& name) {
  FW_TRY(check_name(name));
  const std::lock_guard lock(mutex_);
  FW_ASSIGN(const auto ref, find(name));
  if (!ref) return {};
  FW_TRY(remove_tree(name_path(name)));
  FW_TRY(io::sync_folder(folder_ / "names"));
  FW_ASSIGN(const bool in_use, is_referred_to(ref->digest));
  if (in_use) return {};
  // Moved away first: a removal that stops half-way must not leave a part of the object under its digest.
  const Staging grave(folder_ / "stage" / random_hex(8));
  std::error_code error;
  fs::rename(object_path(ref->digest), grave.folder(), error);
  if (error && error != std::errc::no_such_file_or_directory) {
    return system_error("cannot remove dataset " + name, error.value());
  }
  return {};
}

}  // namespace fw::modelops
