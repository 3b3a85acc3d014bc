#include "capture/files/visit.h"

#include "capture/files/file_source.h"
#include "capture/files/impl/sniff.h"
#include "capture/files/impl/unpacked.h"

namespace fw::capture {
namespace {

constexpr std::size_t kLineLimit = std::size_t{32} << 20;
constexpr std::uint64_t kDocumentsBetweenChecks = 64;

class Visitor final : public RecordSink {
 public:
  explicit Visitor(const std::function<Status(record::Interaction)>& visit) : visit_(visit) {}

  void take(record::Interaction record, std::size_t) override {
    if (!ended_.ok()) return;
    ++file_.records;
    ended_ = visit_(std::move(record));
  }
  void refuse(const codec::JsonDocument&, const std::string& reason) override { ++file_.reasons[reason]; }
  void skip(std::string_view) override {}

  [[nodiscard]] const Status& ended() const { return ended_; }
  [[nodiscard]] VisitedFile take_file() { return std::move(file_); }

 private:
  const std::function<Status(record::Interaction)>& visit_;
  Status ended_;
  VisitedFile file_;
};

}  // namespace

Result<VisitedFile> visit_records(const std::string& path, ReadOptions options, const Deadline& deadline,
                                  const std::function<Status(record::Interaction)>& visit) {
  FW_ASSIGN(const auto file, FileSource::open(path, deadline));
  Unpacked unpacked(*file);
  if (const auto why = why_not_json(unpacked.text().peek(kSniffBytes))) {
    return invalid_argument("cannot read " + path + ": " + *why);
  }
  codec::JsonDocumentReader documents(unpacked.text(), kLineLimit);
  RecordReader records(std::move(options));
  Visitor visitor(visit);
  for (std::uint64_t number = 0;; ++number) {
    if (number % kDocumentsBetweenChecks == 0) FW_TRY(deadline.check("reading " + path));
    FW_ASSIGN(const auto document, documents.next());
    if (!document) break;
    records.read(*document, visitor);
    FW_TRY(visitor.ended());
  }
  records.finish(visitor);
  FW_TRY(visitor.ended());
  return visitor.take_file();
}

}  // namespace fw::capture
