#include "capture/files/traffic_files.h"

#include <algorithm>
#include <filesystem>

#include "capture/files/file_source.h"
#include "capture/files/impl/unpacked.h"
#include "capture/impl/batch_pairs.h"
#include "codec/json_documents.h"

namespace fw::capture {
namespace {

constexpr std::size_t kLookedAt = std::size_t{1} << 20;  // a longer first line tells nothing

enum class Half { kNone, kRequests, kResults };

/// What the file's first document is.
Half half_in(const std::string& path) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return Half::kNone;
  const auto file = FileSource::open(path, Deadline::never());
  if (!file.ok()) return Half::kNone;
  Unpacked unpacked(**file);
  codec::JsonDocumentReader documents(unpacked.text(), kLookedAt);
  const auto first = documents.next();
  if (!first.ok() || !*first || (*first)->is_cut()) return Half::kNone;
  codec::JsonSlicer slicer;
  const auto members = slicer.members((*first)->bytes);
  if (!members.ok()) return Half::kNone;
  const Document document{(*first)->bytes, *members};
  if (BatchPairs::is_request(document)) return Half::kRequests;
  return BatchPairs::is_result(document, slicer) ? Half::kResults : Half::kNone;
}

}  // namespace

std::string TrafficSource::name() const {
  std::string name;
  for (const std::string& file : files) name += (name.empty() ? "" : " + ") + file;
  return name;
}

std::vector<TrafficSource> sources_of(const std::vector<std::string>& files) {
  std::vector<Half> halves;
  for (const std::string& file : files) halves.push_back(files.size() > 1 ? half_in(file) : Half::kNone);
  const auto has = [&](Half half) { return std::ranges::find(halves, half) != halves.end(); };
  const bool has_pairs = has(Half::kRequests) && has(Half::kResults);
  std::vector<TrafficSource> sources;
  TrafficSource batch;
  for (const Half half : {Half::kRequests, Half::kResults}) {
    for (std::size_t i = 0; has_pairs && i < files.size(); ++i) {
      if (halves[i] == half) batch.files.push_back(files[i]);
    }
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!has_pairs || halves[i] == Half::kNone) {
      sources.push_back({{files[i]}});
    } else if (!batch.files.empty()) {
      sources.push_back(std::move(batch));
      batch.files.clear();
    }
  }
  return sources;
}

struct TrafficSourceReader::Part {
  std::unique_ptr<FileSource> file;
  std::unique_ptr<Unpacked> unpacked;  ///< of several files
  char last = '\n';
};

TrafficSourceReader::TrafficSourceReader(std::vector<std::unique_ptr<Part>> parts) : parts_(std::move(parts)) {}
TrafficSourceReader::~TrafficSourceReader() = default;

Result<std::unique_ptr<TrafficSourceReader>> TrafficSourceReader::open(const TrafficSource& source, Deadline deadline) {
  std::vector<std::unique_ptr<Part>> parts;
  for (const std::string& path : source.files) {
    auto part = std::make_unique<Part>();
    FW_ASSIGN(part->file, FileSource::open(path, deadline));
    if (source.files.size() > 1) part->unpacked = std::make_unique<Unpacked>(*part->file);
    parts.push_back(std::move(part));
  }
  return std::unique_ptr<TrafficSourceReader>(new TrafficSourceReader(std::move(parts)));
}

Result<std::size_t> TrafficSourceReader::read(std::span<char> into) {
  for (; current_ < parts_.size(); ++current_) {
    Part& part = *parts_[current_];
    codec::ByteSource& bytes = part.unpacked ? static_cast<codec::ByteSource&>(part.unpacked->text()) : *part.file;
    FW_ASSIGN(const std::size_t count, bytes.read(into));
    if (count > 0) {
      part.last = into[count - 1];
      return count;
    }
    if (part.last == '\n' || current_ + 1 == parts_.size()) continue;
    ++current_;
    into[0] = '\n';
    return std::size_t{1};
  }
  return std::size_t{0};
}

std::optional<std::uint64_t> TrafficSourceReader::size() const {
  std::uint64_t all = 0;
  for (const auto& part : parts_) {
    if (!part->file->size()) return std::nullopt;
    all += *part->file->size();
  }
  return all;
}

std::uint64_t TrafficSourceReader::position() const {
  std::uint64_t all = 0;
  for (const auto& part : parts_) all += part->file->position();
  return all;
}

}  // namespace fw::capture
