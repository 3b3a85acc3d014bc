#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/record_reader.h"
#include "codec/json_documents.h"

namespace fw::capture {

/// What became of a text's documents.
struct Outcome {
  std::vector<record::Interaction> records;
  std::vector<std::string> reasons;
  std::vector<std::string> repairs;
  int skipped = 0;
};

class CollectingSink final : public RecordSink {
 public:
  void take(record::Interaction record, std::size_t) override { outcome.records.push_back(std::move(record)); }
  void refuse(const codec::JsonDocument&, const std::string& reason) override { outcome.reasons.push_back(reason); }
  void skip(std::string_view) override { ++outcome.skipped; }
  void repair(std::string_view how) override { outcome.repairs.emplace_back(how); }
  Outcome outcome;
};

inline Outcome read_records(std::string_view text, const ReadOptions& options = {}) {
  codec::StringSource source(text);
  codec::JsonDocumentReader documents(source, 1 << 20);
  RecordReader reader(options);
  CollectingSink sink;
  for (auto document = documents.next(); document.ok() && *document; document = documents.next()) {
    reader.read(**document, sink);
  }
  reader.finish(sink);
  return std::move(sink.outcome);
}

}  // namespace fw::capture
