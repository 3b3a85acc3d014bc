#include "capture/bulk/impl/bulk_reader.h"

#include <algorithm>
#include <span>

#include "capture/bulk/impl/elastic_answer.h"
#include "capture/formats/format.h"

namespace fw::capture::elastic {
namespace {

using codec::JsonKind;
using codec::JsonMember;

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kMaxIndexName = 255;

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

std::optional<Verb> verb_of(std::string_view name) {
  for (const Verb verb : {Verb::kIndex, Verb::kCreate, Verb::kUpdate, Verb::kDelete}) {
    if (to_string(verb) == name) return verb;
  }
  return std::nullopt;
}

/// A text or the digits of a number; nothing when the member is absent or null.
Result<std::optional<std::string>> text_at(const Document& object, std::string_view key, codec::JsonSlicer& slicer) {
  const JsonMember* member = object.find(key);
  if (member == nullptr) return std::optional<std::string>();
  FW_ASSIGN(auto text, text_of(*member, slicer));
  return std::optional(std::move(text));
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::kIndex: return "index";
    case Verb::kCreate: return "create";
    case Verb::kUpdate: return "update";
    case Verb::kDelete: return "delete";
  }
  return "";
}

Status check_index_name(std::string_view name) {
  const auto wrong = [&](std::string_view why) {
    return invalid_argument("Invalid index name [" + std::string(name) + "], " + std::string(why));
  };
  if (name.empty()) return wrong("must not be empty");
  if (name.size() > kMaxIndexName) return wrong("must not be longer than 255 bytes");
  if (name == "." || name == "..") return wrong("must not be '.' or '..'");
  if (name.front() == '_' || name.front() == '-' || name.front() == '+')
    return wrong("must not start with '_', '-', or '+'");
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c >= 'A' && c <= 'Z') return wrong("must be lowercase");
    if (byte <= ' ' || byte == 0x7f || std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos) {
      return wrong("must not contain spaces or any of \\ / * ? \" < > | , # :");
    }
  }
  return {};
}

void BulkItem::fail(int code, std::string_view type, std::string reason) {
  status = code;
  error_type = type;
  error_reason = std::move(reason);
}

BulkReader::BulkReader(codec::ByteSource& body, BulkReadOptions options)
    : body_(body), options_(std::move(options)), records_(options_.read) {}

Result<std::optional<BulkBatch>> BulkReader::next(std::size_t max_bytes, std::size_t max_items) {
  batch_ = BulkBatch{};
  while (batch_.bytes < max_bytes && batch_.items.size() < max_items) {
    FW_ASSIGN(const auto line, next_line());
    if (!line) break;
    if (line->bytes.empty()) continue;
    FW_TRY(take_action(line->bytes));
    begin_item();
    if (action_.has_document()) FW_TRY(take_document());
  }
  if (batch_.items.empty()) return std::optional<BulkBatch>();
  return std::optional(std::move(batch_));
}

Result<bool> BulkReader::fill() {
  if (is_at_end_) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    seen_ -= begin_;
    begin_ = 0;
  }
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kPiece);
  const auto count = body_.read(std::span(buffer_).subspan(had));
  buffer_.resize(had + (count.ok() ? *count : 0));
  if (!count.ok()) return count.error();
  is_at_end_ = *count == 0;
  return !is_at_end_;
}

Result<std::optional<BulkReader::Line>> BulkReader::next_line() {
  while (true) {
    const auto end = buffer_.find('\n', seen_);
    if (end != std::string::npos) {
      const std::string_view bytes = trimmed(std::string_view(buffer_).substr(begin_, end - begin_));
      begin_ = seen_ = end + 1;
      ++line_number_;
      return std::optional(Line{bytes, bytes.size()});
    }
    seen_ = buffer_.size();
    FW_ASSIGN(const bool has_more, fill());
    if (has_more) continue;
    if (begin_ == buffer_.size()) return std::optional<Line>();
    const std::string_view bytes = trimmed(std::string_view(buffer_).substr(begin_));  // a last line without its end
    begin_ = seen_ = buffer_.size();
    ++line_number_;
    return std::optional(Line{bytes, bytes.size()});
  }
}

Status BulkReader::take_action(std::string_view line) {
  if (line == action_line_) return {};
  action_line_.clear();
  const auto malformed = [&](std::string_view why) {
    return invalid_argument("Malformed action/metadata line [" + std::to_string(line_number_) + "], " +
                            std::string(why) + "; operations before it are done");
  };
  const auto outer = slicer_.members(line);
  if (!outer.ok()) return malformed(outer.error().message);
  if (outer->size() != 1) return malformed("expected one action");
  const auto verb = verb_of(outer->front().key);
  if (!verb) return malformed("expected field [create], [delete], [index] or [update]");
  const auto inner = slicer_.members(outer->front().raw);
  if (!inner.ok()) return malformed(inner.error().message);
  const Document members{outer->front().raw, *inner};
  const auto index = text_at(members, "_index", slicer_);
  const auto id = text_at(members, "_id", slicer_);
  if (!index.ok() || !id.ok()) return malformed("_index and _id are texts");
  action_ = {.verb = *verb, .index = index->value_or(options_.path_index), .id = *id, .for_reader = {}};
  if (action_.index.empty()) return invalid_argument("Validation Failed: 1: index is missing;");
  action_.for_reader = R"({"index":{"_index":)" + json_string(action_.index) +
                       (action_.id ? R"(,"_id":)" + json_string(*action_.id) : "") + "}}";
  action_line_ = line;
  return {};
}

void BulkReader::begin_item() {
  ++item_number_;
  BulkItem item{.verb = action_.verb,
                .index = action_.index,
                .id = action_.id.value_or(""),
                .has_own_id = action_.id.has_value()};
  if (const Status name = check_index_name(item.index); !name.ok()) {
    item.fail(400, "invalid_index_name_exception", name.error().message);
  } else if (action_.verb == Verb::kDelete || action_.verb == Verb::kUpdate) {
    item.fail(400, "illegal_argument_exception",
              std::string(to_string(action_.verb)) +
                  " is refused in _bulk: captured traffic does not change; delete by id or by query");
  } else if (action_.id && (action_.id->empty() || action_.id->size() > 512)) {
    item.fail(400, "illegal_argument_exception", "_id has 1 to 512 bytes");
  }
  batch_.items.push_back(std::move(item));
}

Status BulkReader::take_document() {
  FW_ASSIGN(const auto line, next_line());
  if (!line) {
    return invalid_argument("the body ends after the action line [" + std::to_string(line_number_) +
                            "], which needs a document");
  }
  batch_.bytes += line->length;
  if (!batch_.items.back().is_error()) read_document(*line);
  return {};
}

void BulkReader::read_document(const Line& line) {
  const std::size_t had = batch_.records.size();
  records_.read({.bytes = action_.for_reader, .line = item_number_, .length = action_.for_reader.size()}, *this);
  const bool is_long = line.length > options_.line_limit;
  records_.read({.bytes = is_long ? line.bytes.substr(0, codec::JsonDocumentReader::kKeptOfLong) : line.bytes,
                 .line = item_number_,
                 .length = line.length},
                *this);
  BulkItem& item = batch_.items.back();
  if (batch_.records.size() == had && !item.is_error()) {
    item.fail(400, "document_parsing_exception", "[1:1] the document holds no record");
  } else if (!item.is_error() && !item.has_own_id) {
    item.id = *batch_.records[had].id;
  }
}

void BulkReader::take(record::Interaction record, std::size_t) {
  const BulkItem& item = batch_.items.back();
  record.provenance.origin = record::Origin::kBulk;
  if (item.has_own_id) record.provenance.tags.push_back({"_id", item.id});
  if (item.index != options_.whole_index) record.provenance.tags.push_back({"_index", item.index});
  batch_.item_of.push_back(batch_.items.size() - 1);
  batch_.records.push_back(std::move(record));
}

void BulkReader::refuse(const codec::JsonDocument& document, const std::string& reason) {
  batch_.items.back().fail(400, "document_parsing_exception", "[1:1] " + reason);
  batch_.bad_lines.push_back({.source = options_.source,
                              .line = item_number_,
                              .reason = reason,
                              .bytes = std::string(document.bytes.substr(0, QuarantineLimits{}.bytes_per_line)),
                              .length = document.length});
}

}  // namespace fw::capture::elastic
