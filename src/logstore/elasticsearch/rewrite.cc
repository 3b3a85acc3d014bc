#include "logstore/elasticsearch/impl/rewrite.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "codec/json_member.h"
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

/// What a document is to be; nothing where it stays as it is.
using NewSource = std::function<Result<std::optional<std::string>>(const FoundKey& key, std::string_view source)>;

class Rewriting final {
 public:
  Rewriting(Cluster& cluster, NewSource new_source, std::string refused)
      : cluster_(cluster), new_source_(std::move(new_source)), refused_(std::move(refused)) {}

  Result<std::uint64_t> run(std::span<const FoundKey> keys) {
    while (!keys.empty()) {
      const auto some = keys.first(std::min(keys.size(), kDocumentsAtOnce));
      FW_TRY(rewrite(some));
      keys = keys.subspan(some.size());
    }
    return written_;
  }

 private:
  Status rewrite(std::span<const FoundKey> keys) {
    Json docs = Json::array();
    for (const FoundKey& found : keys) docs.push_back({{"_index", found.index}, {"_id", found.document}});
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
              Json(document->key->document).dump() + R"(,"if_seq_no":)" + std::string(document->version) +
              R"(,"if_primary_term":)" + std::string(document->term) + "}}\n" + document->source + '\n';
      if (body.size() >= kMostBytes) FW_TRY(write(body));
    }
    return write(body);
  }

  /// Nothing where the document has gone, too.
  Result<std::optional<Rewritten>> rewritten(const FoundKey& key, std::string_view element) {
    FW_ASSIGN(const auto members, slicer_.members(element));
    const auto* source = member(members, "_source");
    const auto* version = member(members, "_seq_no");
    const auto* term = member(members, "_primary_term");
    if (source == nullptr || version == nullptr || term == nullptr) return std::optional<Rewritten>();
    FW_ASSIGN(auto whole, new_source_(key, source->raw));
    if (!whole) return std::optional<Rewritten>();
    return std::optional(Rewritten{&key, version->raw, term->raw, *std::move(whole)});
  }

  /// A line break within a document would end it in a bulk request.
  Status write_alone(const Rewritten& document) {
    const std::string path =
        '/' + net::percent_encode(document.key->index) + "/_doc/" + net::percent_encode(document.key->document) +
        "?if_seq_no=" + std::string(document.version) + "&if_primary_term=" + std::string(document.term);
    FW_ASSIGN(const auto answer, cluster_.call(net::Method::kPut, path, document.source));
    if (answer.is_success()) ++written_;
    return answer.is_success() || answer.status == 409 ? Status() : Status(Cluster::error_of(answer));
  }

  Status write(std::string& body) {
    if (body.empty()) return {};
    FW_ASSIGN(const auto answer,
              cluster_.call(net::Method::kPost, "/_bulk", std::exchange(body, {}), "application/x-ndjson"));
    if (!answer.is_success()) return Cluster::error_of(answer);
    const Json json = Json::parse(answer.body, nullptr, false);
    if (!codec::member_of(json, "items").is_array()) {
      return data_loss("Elasticsearch's answer to a bulk request names no items");
    }
    for (const Json& item : codec::list_at(json, "items")) {
      const Json& of = codec::member_of(item, "index");
      const std::uint64_t status = codec::count_at(of, "status");
      if (status == 200 || status == 201) ++written_;
      if (status == 200 || status == 201 || status == 409) continue;
      const std::string message =
          refused_ + ": " + (of.contains("error") ? codec::member_of(of, "error") : item).dump();
      return status == 429 || status == 503 ? resource_exhausted(message) : failed_precondition(message);
    }
    return {};
  }

  Cluster& cluster_;
  NewSource new_source_;
  std::string refused_;  ///< how an error begins
  codec::JsonSlicer slicer_{{.bytes = std::size_t{1} << 30}};
  std::uint64_t written_ = 0;
};

/// The document with the workload, as JSON, in the place of its own; nothing where it says that in no place of its own.
Result<std::optional<std::string>> relabelled(std::string_view source, std::string_view workload,
                                              codec::JsonSlicer& slicer) {
  FW_ASSIGN(const auto fields, slicer.members(source));
  const auto* old = member(fields, kWorkload);
  if (old == nullptr || old->kind != codec::JsonKind::kString) return std::optional<std::string>();
  const auto at = static_cast<std::size_t>(old->raw.data() - source.data());
  std::string whole(source.substr(0, at));
  whole.append(workload).append(source.substr(at + old->raw.size()));
  return std::optional(std::move(whole));
}

}  // namespace

Result<std::uint64_t> bulk_relabel(Cluster& cluster, std::span<const FoundKey> keys,
                                   const record::WorkloadId& workload) {
  codec::JsonSlicer slicer({.bytes = std::size_t{1} << 30});
  const std::string name = Json(*workload).dump();
  const auto with_name = [&](const FoundKey&, std::string_view source) { return relabelled(source, name, slicer); };
  return Rewriting(cluster, with_name, "Elasticsearch does not take a document under another workload").run(keys);
}

Result<std::uint64_t> bulk_expire(Cluster& cluster, std::span<const FoundKey> keys, const Documents& documents,
                                  const std::function<std::string(const FoundKey&)>& outlined) {
  const auto without_content = [&](const FoundKey& key, std::string_view source) -> Result<std::optional<std::string>> {
    const auto record = documents.read(*key.key.id, source);
    if (!record.ok() || !record->has_content()) return std::optional<std::string>();
    return std::optional(outlined(key));
  };
  return Rewriting(cluster, without_content, "Elasticsearch does not take a document without its content").run(keys);
}

}  // namespace fw::logstore
