#include "capture/record_reader.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "capture/formats/format.h"
#include "capture/formats/impl/formats.h"
#include "capture/impl/batch_pairs.h"
#include "capture/impl/occurrences.h"
#include "record/record_id.h"

namespace fw::capture {
namespace {

using codec::JsonDocument;
using codec::JsonKind;
using codec::JsonMember;

constexpr int kMaxNesting = 3;         // of lists and hits within each other
constexpr std::size_t kGlobalId = 16;  // shorter ids of Elasticsearch are a person's, unique within their index only

enum class Action { kNone, kDocument, kUpdate, kDelete };

/// What the action line of a `_bulk` body announces.
Action action_of(const Document& document, codec::JsonSlicer& slicer) {
  if (document.members.size() != 1 || document.members.front().kind != JsonKind::kObject) return Action::kNone;
  const std::string& verb = document.members.front().key;
  if (verb != "index" && verb != "create" && verb != "update" && verb != "delete") return Action::kNone;
  const auto inner = slicer.members(document.members.front().raw);
  if (!inner.ok() || Document{{}, *inner}.has("messages")) return Action::kNone;
  if (verb == "delete") return Action::kDelete;
  return verb == "update" ? Action::kUpdate : Action::kDocument;
}

/// `_id` of a hit or of an action, made unique across indices.
std::optional<std::string> elastic_id(const Document& document, codec::JsonSlicer& slicer) {
  const JsonMember* id = document.find("_id");
  if (id == nullptr) return std::nullopt;
  auto text = text_of(*id, slicer);
  if (!text.ok() || text->empty()) return std::nullopt;
  const JsonMember* index = document.find("_index");
  if (text->size() >= kGlobalId || index == nullptr) return "_id " + *text;
  return "_id " + *text + ' ' + text_of(*index, slicer).value_or("");
}

/// What stands around a record: the id that Elasticsearch gave it, and the time of the line that a shipper wrote.
struct Surroundings {
  std::optional<std::string> key;
  std::optional<Timestamp> time;
};

/// The time under the usual names, where it is one.
std::optional<Timestamp> time_in(const Document& document, codec::JsonSlicer& slicer) {
  constexpr auto kKeys = std::to_array<std::string_view>({"timestamp", "@timestamp", "time", "ts", "_time", "datetime",
                                                          "date", "eventTime", "receiveTimestamp", "created_at",
                                                          "createdAt", "start_time", "startTime", "created"});
  for (const std::string_view key : kKeys) {
    const JsonMember* value = document.find(key);
    if (value == nullptr) continue;
    if (const auto time = time_of(*value, slicer); time.ok()) return *time;
  }
  return std::nullopt;
}

/// ShareGPT's turns may be under a name of lists of records.
bool is_list_of_turns(std::string_view list, codec::JsonSlicer& slicer) {
  const auto elements = slicer.elements(list);
  if (!elements.ok() || elements->empty()) return false;
  const auto members = slicer.members(elements->front());
  return members.ok() && Document{elements->front(), *members}.has("from");
}

/// The list that an object is only the wrapping of: an answer of a search, a page of an API, a trace with its
/// observations.
std::optional<std::string_view> list_within(const Document& document, codec::JsonSlicer& slicer) {
  if (const JsonMember* hits = document.find("hits"); hits != nullptr && hits->kind == JsonKind::kObject) {
    const auto inner = slicer.members(hits->raw);
    if (!inner.ok()) return std::nullopt;
    const JsonMember* list = Document{hits->raw, *inner}.find("hits");
    return list != nullptr && list->kind == JsonKind::kArray ? std::optional(list->raw) : std::nullopt;
  }
  if (document.has("request") || document.has("response") || document.has("messages")) return std::nullopt;
  constexpr std::array<std::string_view, 13> kKeys{"observations", "data",      "records", "items",     "results",
                                                   "traces",       "logs",      "rows",    "documents", "docs",
                                                   "responses",    "logEvents", "events"};
  for (const std::string_view key : kKeys) {
    const JsonMember* list = document.find(key);
    if (list == nullptr || list->kind != JsonKind::kArray) continue;
    const auto first = list->raw.find_first_not_of(" \t\r\n", 1);
    if (list->raw[first] == '{' && (key != "items" || !is_list_of_turns(list->raw, slicer))) return list->raw;
    const bool is_page = is_text(document.find("object"), "list", slicer) || document.members.size() == 1;
    if (list->raw[first] == ']' && is_page) return list->raw;
  }
  return std::nullopt;
}

/// Whether the object is a record in some form, or the envelope of one.
bool is_record(const Document& document) {
  constexpr auto kKeys = std::to_array<std::string_view>({"request", "messages", "conversations", "request_body",
                                                          "requestBody", "contract_version", "call_type", "schemaType",
                                                          "_source", "prompt", "instruction"});
  return std::ranges::any_of(kKeys, [&](std::string_view key) { return document.has(key); });
}

/// The record that a shipper of logs, a queue or a table put under a key of its own, as an object or as text.
std::optional<std::string> enveloped(const Document& document, codec::JsonSlicer& slicer, int depth = kMaxNesting) {
  constexpr auto kKeys = std::to_array<std::string_view>({"@message", "message", "log", "line", "jsonPayload",
                                                          "textPayload", "event", "msg", "_raw", "value", "row",
                                                          "payload", "record", "body", "result", "attributes"});
  if (is_record(document) || document.has("response") || document.has("input") || document.has("custom_id")) return {};
  for (const std::string_view key : kKeys) {
    const JsonMember* value = document.find(key);
    if (value == nullptr || (value->kind != JsonKind::kObject && value->kind != JsonKind::kString)) continue;
    std::string text =
        value->kind == JsonKind::kObject ? std::string(value->raw) : slicer.string(value->raw).value_or(std::string());
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || text[first] != '{') continue;
    const auto inner = slicer.members(text);
    if (!inner.ok()) continue;
    const Document found{text, *inner};
    if (is_record(found) || (depth > 1 && enveloped(found, slicer, depth - 1))) return text;
  }
  return {};
}

/// What a line that is no JSON object is, where that is known and has a way out; else the parser's own words.
std::string why_no_object(std::string_view line, const std::string& otherwise) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || otherwise == "not valid UTF-8") return otherwise;
  if (line[first] == '"' && line.find("{\\\"") == first + 1)
    return "JSON written as a text; unwrap it (jq -c fromjson FILE | flywheel load -)";
  if (line[first] != '{' && line.find("{\"") != std::string_view::npos)
    return "text before the JSON object; cut it off (sed 's/^[^{]*//' FILE | flywheel load -)";
  for (const std::string_view before : {":", ": ", ",", ", ", "["}) {
    for (const std::string_view number : {"NaN", "Infinity", "-Infinity"}) {
      if (line.find(std::string(before) + std::string(number)) != std::string_view::npos && line[first] == '{')
        return "not valid JSON: NaN or Infinity, which JSON does not have (write null)";
    }
  }
  return otherwise;
}

}  // namespace

struct RecordReader::Impl {
  explicit Impl(ReadOptions o) : options(std::move(o)), occurrences(std::stoull(random_hex(8), nullptr, 16)) {}

  void read(const JsonDocument& source, int nesting, RecordSink& sink);
  /// A document whose members are known.
  void read_object(const Document& document, const Surroundings& around, const JsonDocument& source, int nesting,
                   RecordSink& sink);
  void read_list(std::string_view list, const JsonDocument& source, int nesting, RecordSink& sink);
  Result<Draft> read_record(const Document& document, const Surroundings& around);
  /// The draft as a record; `text` is the document's.
  void take(Result<Draft> draft, std::string_view text, const std::optional<std::string>& key,
            const JsonDocument& source, RecordSink& sink);
  Result<record::Interaction> complete(Draft draft, std::string_view text, const std::optional<std::string>& key);
  void take_pair(Result<std::optional<Draft>> pair, const JsonDocument& source, RecordSink& sink);
  bool take_action(const Document& document, const JsonDocument& source, RecordSink& sink);
  void refuse_pending(RecordSink& sink);

  ReadOptions options;
  codec::JsonSlicer slicer;
  Occurrences occurrences;
  BatchPairs pairs;
  std::uint64_t documents = 0;
  Action pending = Action::kNone;
  std::optional<std::string> pending_key;
  std::string pending_text;
  std::uint64_t pending_line = 0;
};

RecordReader::RecordReader(ReadOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
RecordReader::~RecordReader() = default;

void RecordReader::read(const JsonDocument& document, RecordSink& sink) { impl_->read(document, 0, sink); }
void RecordReader::finish(RecordSink& sink) {
  impl_->refuse_pending(sink);
  impl_->pairs.finish(sink);
}

void RecordReader::Impl::read(const JsonDocument& source, int nesting, RecordSink& sink) {
  ++documents;
  // Whatever follows an action line is its document, also what cannot be read.
  const Action action = std::exchange(pending, Action::kNone);
  const Surroundings around{.key = std::exchange(pending_key, std::nullopt), .time = {}};
  if (source.is_cut()) return sink.refuse(source, "the line is longer than the limit");
  const auto members = slicer.members(source.bytes);
  if (!members.ok()) return sink.refuse(source, why_no_object(source.bytes, members.error().message));
  const Document document{source.bytes, *members};
  if (nesting == 0 && action == Action::kNone && take_action(document, source, sink)) return;
  if (action != Action::kNone && action_of(document, slicer) != Action::kNone)
    return sink.refuse(source, "an action line of a _bulk body where the document of another should be");
  if (action != Action::kUpdate) return read_object(document, around, source, nesting, sink);
  const JsonMember* whole = document.find("doc") != nullptr ? document.find("doc") : document.find("upsert");
  if (whole == nullptr) return sink.refuse(source, "an update of a document, which does not hold all of it");
  const auto inner = slicer.members(whole->raw);
  if (!inner.ok()) return sink.refuse(source, inner.error().message);
  read_object({whole->raw, *inner}, around, source, nesting, sink);
}

/// An action line that nothing follows.
void RecordReader::Impl::refuse_pending(RecordSink& sink) {
  if (std::exchange(pending, Action::kNone) == Action::kNone) return;
  sink.refuse({.bytes = pending_text, .line = pending_line, .length = pending_text.size()},
              "an action line of a _bulk body without its document");
}

bool RecordReader::Impl::take_action(const Document& document, const JsonDocument& source, RecordSink& sink) {
  const Action action = action_of(document, slicer);
  if (action == Action::kNone) return false;
  if (action != Action::kDelete) {
    const auto inner = slicer.members(document.members.front().raw);
    pending = action;
    pending_text = source.bytes;
    pending_line = source.line;
    pending_key = elastic_id({document.members.front().raw, *inner}, slicer);
  }
  sink.skip(action == Action::kDelete ? "a line that deletes (nothing is deleted)" : "an action line of a _bulk body");
  return true;
}

void RecordReader::Impl::read_object(const Document& document, const Surroundings& around, const JsonDocument& source,
                                     int nesting, RecordSink& sink) {
  const bool is_log_document = document.has("request") || document.has("response");
  if (const JsonMember* hit = document.find("_source"); hit != nullptr && !is_log_document && nesting < kMaxNesting) {
    if (hit->kind != JsonKind::kObject) return sink.refuse(source, "_source is not an object");
    const auto inner = slicer.members(hit->raw);
    if (!inner.ok()) return sink.refuse(source, inner.error().message);
    const auto id = elastic_id(document, slicer);
    return read_object({hit->raw, *inner}, {.key = id ? id : around.key, .time = around.time}, source, nesting + 1,
                       sink);
  }
  if (const auto list = nesting < kMaxNesting ? list_within(document, slicer) : std::nullopt) {
    return read_list(*list, source, nesting + 1, sink);
  }
  if (BatchPairs::is_request(document)) {
    return take_pair(pairs.take_request(document, source, slicer), source, sink);
  }
  if (BatchPairs::is_result(document, slicer)) {
    return take_pair(pairs.take_result(document, source, slicer), source, sink);
  }
  if (nesting < kMaxNesting) {
    if (const auto inner = enveloped(document, slicer)) {
      const auto time = time_in(document, slicer);
      const auto members = slicer.members(*inner);
      return read_object({*inner, *members}, {.key = around.key, .time = time ? time : around.time}, source,
                         nesting + 1, sink);
    }
  }
  take(read_record(document, around), document.text, around.key, source, sink);
}

void RecordReader::Impl::take(Result<Draft> draft, std::string_view text, const std::optional<std::string>& key,
                              const JsonDocument& source, RecordSink& sink) {
  if (!draft.ok()) return sink.refuse(source, draft.error().message);
  std::vector<const char*> repairs = std::move(draft->repairs);
  if (!draft->timestamp) repairs.push_back("no time of its own; it got the time of loading");
  auto record = complete(std::move(draft).value(), text, key);
  if (!record.ok()) return sink.refuse(source, record.error().message);
  for (const char* how : repairs) sink.repair(how);
  sink.take(std::move(record).value(), source.bytes.size());
}

void RecordReader::Impl::read_list(std::string_view list, const JsonDocument& source, int nesting, RecordSink& sink) {
  const auto elements = slicer.elements(list);
  if (!elements.ok()) return sink.refuse(source, elements.error().message);
  if (elements->empty()) return sink.skip("an empty list");
  for (const std::string_view element : *elements) {
    read({.bytes = element, .line = source.line, .length = element.size()}, nesting, sink);
  }
}

void RecordReader::Impl::take_pair(Result<std::optional<Draft>> pair, const JsonDocument& source, RecordSink& sink) {
  if (!pair.ok()) return sink.refuse(source, pair.error().message);
  if (!*pair) return;  // counted when its other half comes, or at the end
  take(std::move(**pair), source.bytes, std::nullopt, source, sink);
  sink.skip("the other half of a batch's pair");  // that waited
}

Result<Draft> RecordReader::Impl::read_record(const Document& document, const Surroundings& around) {
  for (const Format* format : all_formats()) {
    if (!format->recognises(document, slicer)) continue;
    FW_ASSIGN(Draft draft, format->read(document, slicer));
    if (!draft.timestamp) draft.timestamp = time_in(document, slicer);
    if (!draft.timestamp) draft.timestamp = around.time;
    return draft;
  }
  return internal("no format took the document");
}

Result<record::Interaction> RecordReader::Impl::complete(Draft draft, std::string_view text,
                                                         const std::optional<std::string>& key) {
  if (draft.outline) return invalid_argument(kContentExpired);
  record::Interaction record;
  const auto name = [](auto& into, const auto& given, const auto& otherwise, std::optional<std::string>& own,
                       const std::string& what) -> Status {
    if (given || (otherwise && !own)) {
      into = given ? *given : *otherwise;
      return {};
    }
    if (!own) return invalid_argument(what + " is missing");
    auto id = std::remove_cvref_t<decltype(into)>::parse(std::move(*own));
    if (!id.ok()) return invalid_argument(what + ' ' + id.error().message);
    into = std::move(id).value();
    return {};
  };
  FW_TRY(name(record.workload, options.workload, options.default_workload, draft.workload, "workload_id"));
  FW_TRY(name(record.client, options.client, options.default_client, draft.client, "client_id"));
  record.timestamp = draft.timestamp.value_or(options.loaded_at + std::chrono::nanoseconds(documents));
  record.request = std::move(draft.request);
  record.response = std::move(draft.response);
  record.provenance = std::move(draft.provenance);
  record.provenance.origin = draft.origin.value_or(options.origin);
  if (draft.record_id && !options.workload && !options.client) {
    auto id = record::RecordId::parse(*std::move(draft.record_id));
    if (!id.ok()) return invalid_argument("flywheel.id " + id.error().message);
    record.id = std::move(id).value();
    return record;
  }
  const std::string_view identity = key ? *key : draft.identity ? *draft.identity : text;
  const std::uint64_t occurrence = key ? 0 : occurrences.note(hash64(identity));
  record.id = record::content_id(record.workload, record.client, identity, occurrence);
  return record;
}

}  // namespace fw::capture
