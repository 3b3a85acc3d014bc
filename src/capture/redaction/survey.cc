#include "capture/redaction/survey.h"

#include "capture/files/file_source.h"
#include "capture/files/impl/sniff.h"
#include "capture/files/impl/unpacked.h"
#include "capture/record_reader.h"

namespace fw::capture {
namespace {

constexpr std::size_t kLineLimit = std::size_t{32} << 20;

class Counting final : public RecordSink {
 public:
  Counting(const Redactor& redactor, RedactionSurvey& survey) : redactor_(redactor), survey_(survey) {}

  void take(record::Interaction record, std::size_t) override {
    const auto counts = redactor_.apply(record);
    if (!counts.ok()) return refuse({}, counts.error().message);
    ++survey_.records;
    if (!counts->empty()) ++survey_.touched;
    for (const auto& [rule, count] : *counts) {
      survey_.counts[rule] += count;
      survey_.by_workload[*record.workload][rule] += count;
    }
  }
  void refuse(const codec::JsonDocument&, const std::string&) override { ++survey_.bad; }
  void skip(std::string_view) override {}

 private:
  const Redactor& redactor_;
  RedactionSurvey& survey_;
};

}  // namespace

Status survey_redaction(const std::string& path, const Redactor& redactor, Timestamp now, Deadline deadline,
                        RedactionSurvey& survey) {
  FW_ASSIGN(const auto file, FileSource::open(path, deadline));
  Unpacked unpacked(*file);
  if (const auto why = why_not_json(unpacked.text().peek(kSniffBytes))) {
    return invalid_argument("cannot read " + path + ": " + *why);
  }
  codec::JsonDocumentReader documents(unpacked.text(), kLineLimit);
  RecordReader records({.default_workload = record::WorkloadId("workload"),
                        .default_client = record::ClientId("client"),
                        .loaded_at = now});
  Counting sink(redactor, survey);
  while (true) {
    FW_ASSIGN(const auto document, documents.next());
    if (!document) break;
    records.read(*document, sink);
  }
  records.finish(sink);
  return {};
}

}  // namespace fw::capture
