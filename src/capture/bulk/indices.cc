#include "capture/bulk/impl/indices.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/json_member.h"
#include "io/atomic_file.h"
#include "io/file.h"

namespace fw::capture::elastic {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostFileBytes = std::uint64_t{1} << 30;

std::int64_t to_ms(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_object() ? "{}" : found->dump();
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

Indices::Indices(std::filesystem::path file, std::string whole, const Clock& clock)
    : file_(std::move(file)), whole_(std::move(whole)), clock_(clock) {}

Status Indices::open() {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return {};
  FW_ASSIGN(const std::string text, io::read_file(file_, kMostFileBytes));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return data_loss(file_.string() + " is not a JSON object; remove it, it holds only names");
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : json.items()) {
    if (!entry.is_object()) continue;
    entries_[name] = {.mappings = text_of(entry, "mappings"),
                      .settings = text_of(entry, "settings"),
                      .created_ms = static_cast<std::int64_t>(codec::count_at(entry, "created"))};
  }
  return {};
}

Status Indices::save() {
  const std::lock_guard saving(saving_);
  Json json = Json::object();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      json[name] = {{"mappings", Json::parse(entry.mappings, nullptr, false)},
                    {"settings", Json::parse(entry.settings, nullptr, false)},
                    {"created", entry.created_ms}};
    }
  }
  FW_TRY(io::create_folders(file_.parent_path()));
  return io::write_file_atomically(file_, json.dump() + '\n');
}

bool Indices::exists(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(name);
}

bool Indices::note(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (entries_.contains(name) || entries_.size() >= kMost) return false;
  entries_[name] = {.created_ms = to_ms(clock_.now())};
  return true;
}

Status Indices::create(const std::string& name, IndexEntry entry) {
  if (entry.mappings.size() > kMostBytes || entry.settings.size() > kMostBytes) {
    return too_large("the mapping or the settings of index [" + name + "] are larger than 256 KiB");
  }
  const std::lock_guard lock(mutex_);
  if (entries_.contains(name)) return already_exists("index [" + name + "] already exists");
  if (entries_.size() >= kMost) return resource_exhausted("there are 1000 indexes already; delete some");
  entry.created_ms = to_ms(clock_.now());
  entries_[name] = std::move(entry);
  return {};
}

Status Indices::put_mapping(const std::string& name, const std::string& mappings) {
  if (mappings.size() > kMostBytes) return too_large("the mapping of index [" + name + "] is larger than 256 KiB");
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return not_found("no such index [" + name + "]");
  Json merged = Json::parse(found->second.mappings, nullptr, false);
  merged.merge_patch(Json::parse(mappings, nullptr, false));
  if (merged.dump().size() > kMostBytes) return too_large("the mapping of index [" + name + "] is larger than 256 KiB");
  found->second.mappings = merged.dump();
  return {};
}

std::optional<IndexEntry> Indices::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void Indices::remove(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(name); found != entries_.end()) entries_.erase(found);
}

Result<std::vector<std::string>> Indices::resolve(std::string_view expression, Missing missing) const {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  };
  if (expression.empty() || expression == "_all") expression = "*";
  const std::lock_guard lock(mutex_);
  const auto fits_whole = [&](std::string_view pattern) {
    return pattern.find('*') != std::string_view::npos && matches_pattern(pattern, whole_);
  };
  while (!expression.empty()) {
    const auto comma = expression.find(',');
    const std::string_view part = expression.substr(0, comma);
    expression = comma == std::string_view::npos ? std::string_view{} : expression.substr(comma + 1);
    if (part == whole_ || fits_whole(part)) add(whole_);
    if (part.find('*') != std::string_view::npos) {
      for (const auto& [name, entry] : entries_) {
        if (matches_pattern(part, name)) add(name);
      }
    } else if (entries_.contains(part)) {
      add(std::string(part));
    } else if (!part.empty() && part != whole_ && missing == Missing::kRefused) {
      return not_found("no such index [" + std::string(part) + "]");
    }
  }
  return out;
}

}  // namespace fw::capture::elastic
