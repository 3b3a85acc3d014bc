#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json_documents.h"
#include "record/interaction.h"

namespace fw::capture {

/// What documents do not say themselves.
struct ReadOptions {
  std::optional<record::WorkloadId> workload;          ///< in place of the documents' own
  std::optional<record::ClientId> client;              ///< in place of the documents' own
  std::optional<record::WorkloadId> default_workload;  ///< where a document names none
  std::optional<record::ClientId> default_client;      ///< where a document names none
  record::Origin origin = record::Origin::kFile;       ///< the way in, where a document names none
  Timestamp loaded_at;  ///< the time of documents without one, themselves or around them; a nanosecond more each
};

/// Gets each outcome once: a document is one record or more (of a list), a bad one, or skipped.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void take(record::Interaction record, std::size_t bytes) = 0;
  virtual void refuse(const codec::JsonDocument& document, const std::string& reason) = 0;
  /// `as`: what it is, a constant text.
  virtual void skip(std::string_view as) = 0;
  /// Before take(): something was done to the record that its owner should know. `how` is a constant text.
  virtual void repair(std::string_view) {}
};

/// The documents of one source as Interactions (docs/traffic.md). Around the formats of formats/ it knows what spans
/// documents: action lines of Elasticsearch's `_bulk` and the ids they give, hits, lists within an object (`data`,
/// `hits`, ...), OpenAI's batch requests and their results.
///
/// A record's id is the one that a log store gave it (`flywheel.id`), unless it gets another workload or client here;
/// else it comes from its `_id` where Elasticsearch gave one, else from what makes the document itself and from
/// how often that came before in this source. Takes any bytes. Memory: 16 to 24 bytes for each different document, and
/// 64 MiB at most of batch lines that wait for their other half. Not thread-safe.
class RecordReader final {
 public:
  explicit RecordReader(ReadOptions options);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  void read(const codec::JsonDocument& document, RecordSink& sink);
  /// At the end of the source: what still waits for its other half is refused.
  void finish(RecordSink& sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::capture
