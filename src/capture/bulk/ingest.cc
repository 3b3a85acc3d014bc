#include "capture/bulk/impl/ingest.h"

#include <algorithm>

#include "base/hash.h"
#include "base/log.h"
#include "capture/bulk/impl/packed_body.h"
#include "capture/impl/outside_error.h"

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::size_t kBatchItems = 4096;
constexpr std::size_t kSmallBody = std::size_t{32} << 10;

constexpr std::string_view kStored = R"(,"_version":1,"result":")";
constexpr std::string_view kShards =
    R"(","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1)";

/// `created`, or `noop` for what was there already.
std::string_view result_of(const BulkItem& item) { return item.status == 201 ? "created" : "noop"; }

void append_item(std::string& out, const BulkItem& item) {
  out += R"({")";
  out += to_string(item.verb);
  out += R"(":{"_index":)" + json_string(item.index) + R"(,"_id":)" + (item.id.empty() ? "null" : json_string(item.id));
  if (item.is_error()) {
    out += R"(,"status":)" + std::to_string(item.status) + R"(,"error":)" + cause(item.error_type, item.error_reason);
  } else {
    out += kStored;
    out += result_of(item);
    out += kShards;
    out += R"(,"status":)" + std::to_string(item.status);
  }
  out += "}}";
}

/// What tells two records of one id apart.
std::uint64_t content_of(const record::Interaction& record) {
  return hash64(record.request) * 31 + hash64(record.response) +
         static_cast<std::uint64_t>(to_epoch_seconds(record.timestamp));
}

/// An answer that makes the client try the whole request again.
Answer try_again(const Call& call, std::string_view type, std::string_view reason, int status) {
  Answer answer = refusal(status, type, reason);
  answer.is_cut = call.drops_what_is_refused();
  return answer;
}

/// Leaves out the records for which `keeps(record, item)` is false.
template <class Keeps>
void keep_where(BulkBatch& batch, Keeps keeps) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    if (!keeps(batch.records[i], batch.items[batch.item_of[i]])) continue;
    if (kept != i) batch.records[kept] = std::move(batch.records[i]);
    batch.item_of[kept++] = batch.item_of[i];
  }
  batch.records.resize(kept);
  batch.item_of.resize(kept);
}

/// Read in less time than it takes to wait for a thread, behind the large ones of others.
bool is_small(const Call& call) { return call.body.size() <= kSmallBody && !call.headers.contains("Content-Encoding"); }

bool passes_with_time(const BulkItem& item) { return item.status == 429 || item.status == 503; }

}  // namespace

BulkReadOptions Ingest::read_options(const Call& call, std::string index) const {
  BulkReadOptions options;
  options.path_index = std::move(index);
  options.whole_index = options_.index;
  options.read.loaded_at = dependencies_.clock.now();
  // The gateway's headers name the workload and client of documents that do not say so themselves.
  if (const auto workload = call.headers.find("x-flywheel-workload")) {
    if (auto id = record::WorkloadId::parse(std::string(*workload)); id.ok()) {
      options.read.default_workload = std::move(id).value();
    }
  }
  if (const auto client = call.headers.find("x-flywheel-client")) {
    if (auto id = record::ClientId::parse(std::string(*client)); id.ok()) {
      options.read.default_client = std::move(id).value();
    }
  }
  return options;
}

Task<Answer> Ingest::bulk(Call call) {
  const Instant begin = dependencies_.clock.instant();
  auto body = PackedBody::open(call, options_.max_body_bytes);
  if (!body.ok()) co_return refusal(body.error());
  BulkReader reader(**body, read_options(call, call.index));
  std::string items;
  std::size_t count = 0;
  bool has_errors = false;
  while (true) {
    auto batch = co_await read_batch(reader, call);
    if (!batch.ok()) co_return refusal(batch.error());
    if (!*batch) break;
    co_await store(**batch, call);
    // Nothing has been stored: the whole request can be sent again.
    const auto& all = (*batch)->items;
    if (const bool is_whole = items.empty() || call.drops_what_is_refused();
        is_whole && std::ranges::any_of(all, passes_with_time)) {
      const BulkItem& first = *std::ranges::find_if(all, passes_with_time);
      co_return try_again(call, first.error_type, first.error_reason, first.status);
    }
    for (const BulkItem& item : all) {
      if (count++ > 0) items += ',';
      append_item(items, item);
      has_errors |= item.is_error();
    }
  }
  if (count == 0) co_return refusal(400, "parse_exception", "request body is required");
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(dependencies_.clock.instant() - begin);
  co_return Answer{.body = R"({"errors":)" + std::string(has_errors ? "true" : "false") + R"(,"took":)" +
                           std::to_string(took.count()) + R"(,"items":[)" + items + "]}"};
}

Task<Answer> Ingest::index_document(Call call) { return one_document(std::move(call), Verb::kIndex); }
Task<Answer> Ingest::create_document(Call call) { return one_document(std::move(call), Verb::kCreate); }

Task<Answer> Ingest::one_document(Call call, Verb verb) {
  auto document = unpacked_body(call, options_.max_body_bytes);
  if (!document.ok()) co_return refusal(document.error());
  if (document->empty()) co_return refusal(400, "parse_exception", "request body is required");
  // As JSON a document may stand on many lines; the reader takes one.
  std::ranges::replace_if(*document, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  if (call.query.find("op_type") == "create") verb = Verb::kCreate;
  std::string text = R"({")" + std::string(to_string(verb)) + R"(":{"_index":)" + json_string(call.index);
  if (call.id) text += R"(,"_id":)" + json_string(*call.id);
  text += "}}\n" + *document + '\n';
  codec::StringSource source(text);
  BulkReader reader(source, read_options(call, call.index));
  auto batch = co_await read_batch(reader, call);
  if (!batch.ok()) co_return refusal(batch.error());
  if (!*batch) co_return refusal(400, "parse_exception", "request body is required");
  co_await store(**batch, call);
  const BulkItem& item = (*batch)->items.front();
  if (item.is_error() && passes_with_time(item)) {
    co_return try_again(call, item.error_type, item.error_reason, item.status);
  }
  if (item.is_error()) co_return refusal(item.status, item.error_type, item.error_reason);
  co_return Answer{.status = item.status,
                   .body = R"({"_index":)" + json_string(item.index) + R"(,"_id":)" + json_string(item.id) +
                           std::string(kStored) + std::string(result_of(item)) + std::string(kShards) + '}'};
}

Task<Result<std::optional<BulkBatch>>> Ingest::read_batch(BulkReader& reader, const Call& call) const {
  const auth::Caller& caller = auth::caller_of(call.caller);
  if (is_small(call)) co_return next_batch(reader, caller);
  co_return co_await run_on(dependencies_.cpu, [this, &reader, &caller] { return next_batch(reader, caller); });
}

Result<std::optional<BulkBatch>> Ingest::next_batch(BulkReader& reader, const auth::Caller& caller) const {
  FW_ASSIGN(auto batch, reader.next(kBatchBytes, kBatchItems));
  if (batch) attribute(*batch, caller);
  if (batch) redact(*batch);
  return batch;
}

void Ingest::attribute(BulkBatch& batch, const auth::Caller& caller) {
  if (caller.via == auth::Via::kNothing) return;
  keep_where(batch, [&](record::Interaction& record, BulkItem& item) {
    if (!caller.may_write(*record.workload)) {
      item.fail(403, "security_exception", "key " + caller.key_id + " is not for workload " + *record.workload);
      return false;
    }
    if (!caller.tenant.empty()) record.client = record::ClientId::from_stored(caller.tenant);
    record.provenance.key = caller.key_id;
    return true;
  });
}

void Ingest::redact(BulkBatch& batch) const {
  const Redactor& redactor = dependencies_.redactor;
  if (!redactor.has_rules()) return;
  for (QuarantinedLine& line : batch.bad_lines) line.bytes = redactor.redact_unread(line.bytes);
  keep_where(batch, [&](record::Interaction& record, BulkItem& item) {
    const auto done = redactor.apply(record);
    if (done.ok()) return true;
    item.fail(400, "document_parsing_exception", "it cannot be redacted, so it is not stored: " + done.error().message);
    return false;
  });
}

Task<void> Ingest::store(BulkBatch& batch, const Call& call) {
  const bool is_new_index = note_indices(batch);
  if (is_new_index || !batch.bad_lines.empty()) {
    co_await run_on(dependencies_.disk, [&] {
      keep_aside(batch);
      if (is_new_index) save_indices();
    });
  }
  if (batch.records.empty()) co_return;
  std::vector<Sent> sent;
  for (const record::Interaction& record : batch.records) sent.push_back({record.id, content_of(record)});
  const Deadline deadline = call.drops_what_is_refused() ? call.deadline : call.deadline.within(options_.patience);
  const auto report = co_await dependencies_.committer.commit(std::move(batch.records), deadline, call.sharer);
  if (!report.ok()) {
    fail(batch, report.error());
    co_return;
  }
  counters_.accepted += sent.size();
  counters_.known += report->known.size();
  if (report->known.empty()) co_return;
  co_await run_on(dependencies_.disk, [&] { note_known(batch, report->known, sent); });
}

void Ingest::fail(BulkBatch& batch, const Error& error) {
  counters_.refused += batch.item_of.size();
  // No room until the deadline is what 429 is for; the rest is the store's trouble.
  const bool is_busy = error.code == ErrorCode::kResourceExhausted || error.code == ErrorCode::kDeadlineExceeded;
  const Error told = is_busy ? resource_exhausted(error.message) : told_outside(error);
  const ErrorKind kind = kind_of(told.code);
  if (!is_busy) log_error("elasticsearch", "documents were not stored", {{"error", error.message}});
  for (const std::size_t item : batch.item_of) batch.items[item].fail(kind.status, kind.type, told.message);
}

void Ingest::save_indices() {
  if (const Status saved = indices_.save(); !saved.ok()) {
    log_warning("elasticsearch", "the names of indexes were not kept", {{"error", saved.error().message}});
  }
}

void Ingest::note_known(BulkBatch& batch, std::span<const std::size_t> known, std::span<const Sent> sent) {
  for (const std::size_t place : known) {
    BulkItem& item = batch.items[batch.item_of[place]];
    if (item.is_error()) continue;
    item.status = 200;
    if (!item.has_own_id) continue;
    const auto stored = dependencies_.log.find(sent[place].id);
    // What has expired cannot be compared: it was stored, and stays as it is.
    const bool is_same =
        !stored.ok() || !*stored || !(*stored)->has_content() || content_of(**stored) == sent[place].content;
    if (item.verb == Verb::kIndex && is_same) continue;
    item.fail(409, "version_conflict_engine_exception",
              "[" + item.id + "]: version conflict, document already exists; captured traffic does not change");
  }
}

void Ingest::keep_aside(BulkBatch& batch) {
  if (batch.bad_lines.empty()) return;
  counters_.kept_aside += batch.bad_lines.size();
  const auto kept = dependencies_.quarantine.add(batch.bad_lines);
  if (kept.ok()) return;
  log_error("elasticsearch", "documents were not kept aside", {{"error", kept.error().message}});
  const Error told = told_outside(kept.error());
  const ErrorKind kind = kind_of(told.code);
  for (BulkItem& item : batch.items) {
    if (item.error_type == "document_parsing_exception") item.fail(kind.status, kind.type, told.message);
  }
}

bool Ingest::note_indices(const BulkBatch& batch) {
  bool is_any_new = false;
  const std::string* last = nullptr;
  for (const std::size_t item : batch.item_of) {
    const std::string& index = batch.items[item].index;
    if (last == nullptr || *last != index) is_any_new |= indices_.note(index);
    last = &index;
  }
  return is_any_new;
}

}  // namespace fw::capture::elastic
