#pragma once

#include <span>

#include "capture/bulk/bulk_api.h"
#include "capture/bulk/impl/bulk_reader.h"
#include "capture/bulk/impl/call.h"
#include "capture/bulk/impl/counters.h"
#include "capture/bulk/impl/indices.h"

namespace fw::capture::elastic {

/// Documents into the log store: `_bulk`, `_doc`, `_create`. Any thread.
class Ingest final {
 public:
  Ingest(const BulkApiDependencies& dependencies, const BulkApiOptions& options, Indices& indices, Counters& counters)
      : dependencies_(dependencies), options_(options), indices_(indices), counters_(counters) {}

  /// `POST /_bulk` and `POST /{index}/_bulk`.
  [[nodiscard]] Task<Answer> bulk(Call call);
  /// `POST /{index}/_doc`, `PUT /{index}/_doc/{id}`, `PUT /{index}/_create/{id}`.
  [[nodiscard]] Task<Answer> index_document(Call call);
  [[nodiscard]] Task<Answer> create_document(Call call);

 private:
  [[nodiscard]] BulkReadOptions read_options(const Call& call, std::string index) const;
  [[nodiscard]] Task<Answer> one_document(Call call, Verb verb);
  /// Takes out of a batch what must not reach a disk; a document that cannot be redacted is an error of its item.
  void redact(BulkBatch& batch) const;
  /// Whose the documents are; one of a workload that the caller's key is not for is an error of its item.
  static void attribute(BulkBatch& batch, const auth::Caller& caller);
  /// The reader's next batch, attributed and redacted.
  [[nodiscard]] Task<Result<std::optional<BulkBatch>>> read_batch(BulkReader& reader, const Call& call) const;
  [[nodiscard]] Result<std::optional<BulkBatch>> next_batch(BulkReader& reader, const auth::Caller& caller) const;
  /// Stores what a batch holds; what did not go in is an error of its items.
  [[nodiscard]] Task<void> store(BulkBatch& batch, const Call& call);
  /// The store was busy, or in trouble: so are the items.
  void fail(BulkBatch& batch, const Error& error);
  struct Sent {
    record::RecordId id;
    std::uint64_t content;
  };
  /// Records that were there already: the same again is no error, unless it was to be created.
  void note_known(BulkBatch& batch, std::span<const std::size_t> known, std::span<const Sent> sent);
  void save_indices();
  void keep_aside(BulkBatch& batch);
  /// Whether there is an index among them that was not known.
  [[nodiscard]] bool note_indices(const BulkBatch& batch);

  const BulkApiDependencies& dependencies_;
  const BulkApiOptions& options_;
  Indices& indices_;
  Counters& counters_;
};

}  // namespace fw::capture::elastic
