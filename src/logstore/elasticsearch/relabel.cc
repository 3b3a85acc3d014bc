#include "logstore/elasticsearch/impl/relabel.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "codec/json_slicer.h"
#include "net/url.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDocumentsAtOnce = 100;
constexpr std::size_t kMostBytes = std::size_t{8} << 20;  // of a bulk request, unless one document has more
constexpr const char* kWorkload = "workload_id";

const codec::JsonMember* member(const std::vector<codec::JsonMember>& members, std::string_view key) {
  const auto at = std::ranges::find(members, key, &codec::JsonMember::key);
  return at == members.end() ? nullptr : &*at;
}

/// A document on its way back, if nobody writes it in between.
struct Rewritten {
  const FoundKey* key = nullptr;
  std::string_view version;  ///< sequence number and term, as numbers
  std::string_view term;
  std::string source;
};

class Relabelling final {
 public:
  Relabelling(Cluster& cluster, const record::WorkloadId& workload)
      : cluster_(cluster), workload_(Json(*workload).dump()) {}

  Result<std::uint64_t> run(std::span<const FoundKey> keys) {
    while (!keys.empty()) {
      const auto some = keys.first(std::min(keys.size(), kDocumentsAtOnce));
      FW_TRY(rewrite(some));
      keys = keys.subspan(some.size());
    }
    return moved_;
  }

 private:
  Status rewrite(std::span<const FoundKey> keys) {
    Json docs = Json::array();
    for (const FoundKey& found : keys) docs.push_back({{"_index", found.index}, {"_id", *found.key.id}});
    FW_ASSIGN(const auto answer, cluster_.call(net::Method::kPost, "/_mget", Json{{"docs", std::move(docs)}}.dump()));
    if (!answer.is_success()) return Cluster::error_of(answer);
    FW_ASSIGN(const auto top, slicer_.members(answer.body));
    const auto* found = member(top, "docs");
    if (found == nullptr) return data_loss("Elasticsearch's answer to _mget names no documents");
    FW_ASSIGN(const auto elements, slicer_.elements(found->raw));
    if (elements.size() != keys.size()) return data_loss("Elasticsearch's answer to _mget has not all documents");
    std::string body;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      FW_ASSIGN(const auto document, rewritten(keys[i], elements[i]));
      if (!document) continue;
      if (document->source.find('\n') != std::string::npos) {
        FW_TRY(write_alone(*document));
        continue;
      }
      body += R"({"index":{"_index":)" + Json(document->key->index).dump() + R"(,"_id":)" +
              Json(*document->key->key.id).dump() + R"(,"if_seq_no":)" + std::string(document->version) +
              R"(,"if_primary_term":)" + std::string(document->term) + "}}\n" + document->source + '\n';
      if (body.size() >= kMostBytes) FW_TRY(write(body));
    }
    return write(body);
  }

  /// Nothing where the document has gone, or says the workload in no place of its own.
  Result<std::optional<Rewritten>> rewritten(const FoundKey& key, std::string_view element) {
    FW_ASSIGN(const auto members, slicer_.members(element));
    const auto* source = member(members, "_source");
    const auto* version = member(members, "_seq_no");
    const auto* term = member(members, "_primary_term");
    if (source == nullptr || version == nullptr || term == nullptr) return std::optional<Rewritten>();
    FW_ASSIGN(const auto fields, slicer_.members(source->raw));
    const auto* workload = member(fields, kWorkload);
    if (workload == nullptr || workload->kind != codec::JsonKind::kString) return std::optional<Rewritten>();
    const auto at = static_cast<std::size_t>(workload->raw.data() - source->raw.data());
    std::string whole(source->raw.substr(0, at));
    whole.append(workload_).append(source->raw.substr(at + workload->raw.size()));
    return std::optional(Rewritten{&key, version->raw, term->raw, std::move(whole)});
  }

  /// A line break within a document would end it in a bulk request.
  Status write_alone(const Rewritten& document) {
    const std::string path =
        '/' + net::percent_encode(document.key->index) + "/_doc/" + net::percent_encode(*document.key->key.id) +
        "?if_seq_no=" + std::string(document.version) + "&if_primary_term=" + std::string(document.term);
    FW_ASSIGN(const auto answer, cluster_.call(net::Method::kPut, path, document.source));
    if (answer.is_success()) ++moved_;
    return answer.is_success() || answer.status == 409 ? Status() : Status(Cluster::error_of(answer));
  }

  Status write(std::string& body) {
    if (body.empty()) return {};
    FW_ASSIGN(const auto answer,
              cluster_.call(net::Method::kPost, "/_bulk", std::exchange(body, {}), "application/x-ndjson"));
    if (!answer.is_success()) return Cluster::error_of(answer);
    const Json json = Json::parse(answer.body, nullptr, false);
    if (!json.is_object() || !json.contains("items") || !json["items"].is_array()) {
      return data_loss("Elasticsearch's answer to a bulk request names no items");
    }
    for (const Json& item : json["items"]) {
      const Json& of = item.is_object() && item.contains("index") ? item["index"] : item;
      const int status = of.is_object() ? of.value("status", 0) : 0;
      if (status == 200 || status == 201) ++moved_;
      if (status == 200 || status == 201 || status == 409) continue;
      const std::string message = "Elasticsearch does not take a document under another workload: " +
                                  (of.is_object() && of.contains("error") ? of["error"].dump() : of.dump());
      return status == 429 || status == 503 ? resource_exhausted(message) : failed_precondition(message);
    }
    return {};
  }

  Cluster& cluster_;
  std::string workload_;  ///< as JSON
  codec::JsonSlicer slicer_{{.bytes = std::size_t{1} << 30}};
  std::uint64_t moved_ = 0;
};

}  // namespace

Result<std::uint64_t> bulk_relabel(Cluster& cluster, std::span<const FoundKey> keys,
                                   const record::WorkloadId& workload) {
  return Relabelling(cluster, workload).run(keys);
}

}  // namespace fw::logstore
