#include "logstore/elasticsearch/impl/contents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "codec/json_slicer.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFirstDocuments = 64;
constexpr std::size_t kMostDocuments = 2000;
constexpr std::size_t kMostBytesOfRequest = std::size_t{16} << 20;

const codec::JsonMember* member(const std::vector<codec::JsonMember>& members, std::string_view key) {
  const auto at = std::ranges::find(members, key, &codec::JsonMember::key);
  return at == members.end() ? nullptr : &*at;
}

/// The `_source` bytes of every document of an `_mget` answer; empty for those that are not there. Views into `body`.
Result<std::vector<std::string_view>> sources_in(std::string_view body) {
  codec::JsonSlicer slicer({.bytes = std::size_t{1} << 30});
  FW_ASSIGN(const auto top, slicer.members(body));
  const auto* docs = member(top, "docs");
  if (docs == nullptr) return data_loss("Elasticsearch's answer to _mget names no documents");
  FW_ASSIGN(const auto elements, slicer.elements(docs->raw));
  std::vector<std::string_view> sources;
  for (const std::string_view element : elements) {
    FW_ASSIGN(const auto members, slicer.members(element));
    if (member(members, "error") != nullptr) {
      return unavailable("Elasticsearch cannot read a document: " + std::string(member(members, "error")->raw));
    }
    const auto* source = member(members, "_source");
    sources.push_back(source == nullptr ? std::string_view() : source->raw);
  }
  return sources;
}

Result<net::Response> ask_for(Cluster& cluster, std::span<const FoundKey> keys) {
  Json docs = Json::array();
  for (const FoundKey& found : keys) docs.push_back({{"_index", found.index}, {"_id", found.document}});
  FW_ASSIGN(auto answer, cluster.call(net::Method::kPost, "/_mget", Json{{"docs", std::move(docs)}}.dump()));
  if (!answer.is_success()) return Cluster::error_of(answer);
  return answer;
}

void take(const FoundKey& found, std::string_view source, const Documents& documents, Contents& contents) {
  auto record = documents.read(*found.key.id, source);
  if (!record.ok()) {
    log_warning("logstore", "document left out",
                {{"index", found.index}, {"id", found.document}, {"reason", record.error().message}});
    return;
  }
  record->id = found.key.id;
  record->workload = found.key.workload;
  record->client = found.key.client;
  record->timestamp = found.key.timestamp;
  contents.records.push_back(std::move(record).value());
}

}  // namespace

Result<Contents> read_contents(Cluster& cluster, const Documents& documents, std::span<const FoundKey> keys,
                               std::size_t most_bytes) {
  Contents contents;
  std::size_t bytes = 0;
  std::size_t size = kFirstDocuments;
  while (contents.asked < keys.size() && bytes < most_bytes) {
    const auto some = keys.subspan(contents.asked, std::min(size, keys.size() - contents.asked));
    auto answer = ask_for(cluster, some);
    if (!answer.ok() && answer.error().code == ErrorCode::kTooLarge && some.size() > 1) {
      size = some.size() / 2;
      continue;
    }
    if (!answer.ok()) return std::move(answer).error();
    FW_ASSIGN(const auto sources, sources_in(answer->body));
    if (sources.size() != some.size()) return data_loss("Elasticsearch's answer to _mget has not all documents");
    for (std::size_t i = 0; i < some.size() && bytes < most_bytes; ++i) {
      ++contents.asked;
      bytes += sources[i].size();
      if (!sources[i].empty()) take(some[i], sources[i], documents, contents);
    }
    const std::size_t each = std::max<std::size_t>(answer->body.size() / some.size(), 1);
    size = std::clamp<std::size_t>(kMostBytesOfRequest / each, 1, kMostDocuments);
  }
  return contents;
}

}  // namespace fw::logstore
