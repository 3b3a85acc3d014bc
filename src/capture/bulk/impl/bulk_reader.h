#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/quarantine.h"
#include "capture/record_reader.h"
#include "codec/byte_source.h"
#include "codec/json_slicer.h"

namespace fw::capture::elastic {

enum class Verb : std::uint8_t { kIndex, kCreate, kUpdate, kDelete };
[[nodiscard]] std::string_view to_string(Verb verb);

/// One operation of a `_bulk` body and what became of it.
struct BulkItem {
  Verb verb = Verb::kIndex;
  std::string index;
  std::string id;          ///< the action's `_id`; the record's own where it gave none
  bool has_own_id = true;  ///< `id` came with the action
  int status = 201;
  std::string error_type;  ///< empty: no error
  std::string error_reason;

  void fail(int code, std::string_view type, std::string reason);
  [[nodiscard]] bool is_error() const { return !error_type.empty(); }
};

/// What one call of BulkReader::next() read.
struct BulkBatch {
  std::vector<BulkItem> items;
  std::vector<record::Interaction> records;
  std::vector<std::size_t> item_of;  ///< of each record, an index into `items`
  std::vector<QuarantinedLine> bad_lines;
  std::size_t bytes = 0;
};

struct BulkReadOptions {
  std::string path_index;   ///< of actions that name none; may be empty
  std::string whole_index;  ///< the index that is all traffic: what is written to it carries no tag
  ReadOptions read;
  std::size_t line_limit = std::size_t{32} << 20;
  std::string source = "elasticsearch";  ///< of lines that are kept aside
};

/// The operations of a `_bulk` body (NDJSON: an action line, then a document for `index` and `create`), batch by batch.
/// A document that is no traffic is an item with an error; an action line that is none ends the reading. Not
/// thread-safe; `body` outlives the reader.
class BulkReader final : private RecordSink {
 public:
  BulkReader(codec::ByteSource& body, BulkReadOptions options);

  /// The next operations, up to about `max_bytes` of documents; nothing at the end. kInvalidArgument for a malformed
  /// action line, with its number; the body's error when it fails. The reader is spent then.
  [[nodiscard]] Result<std::optional<BulkBatch>> next(std::size_t max_bytes, std::size_t max_items);

 private:
  struct Line {
    std::string_view bytes;  ///< valid until the next line is read
    std::uint64_t length = 0;
  };
  struct Action {
    Verb verb = Verb::kIndex;
    std::string index;
    std::optional<std::string> id;
    std::string for_reader;  ///< the same action with the index that counts, as RecordReader takes it
    [[nodiscard]] bool has_document() const { return verb != Verb::kDelete; }
  };

  /// The next line without its end; nothing at the end of the body.
  [[nodiscard]] Result<std::optional<Line>> next_line();
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Status take_action(std::string_view line);
  [[nodiscard]] Status take_document();
  void begin_item();
  /// Gives the document to the RecordReader as one file line after its action.
  void read_document(const Line& line);

  void take(record::Interaction record, std::size_t bytes) override;
  void refuse(const codec::JsonDocument& document, const std::string& reason) override;
  void skip(std::string_view) override {}

  codec::ByteSource& body_;
  BulkReadOptions options_;
  RecordReader records_;
  codec::JsonSlicer slicer_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what was not returned yet
  std::size_t seen_ = 0;   // from here on no line end has been looked for
  bool is_at_end_ = false;
  std::uint64_t line_number_ = 0;
  std::uint64_t item_number_ = 0;
  std::string action_line_;  // the last one: shippers send the same again and again
  Action action_;
  BulkBatch batch_;
};

/// Why a name cannot be an index's; nothing when it can.
[[nodiscard]] Status check_index_name(std::string_view name);

}  // namespace fw::capture::elastic
