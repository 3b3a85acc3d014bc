#include "codec/parquet_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/assert.h"
#include "codec/impl/parquet_column.h"
#include "codec/impl/parquet_footer.h"
#include "codec/impl/parquet_schema.h"
#include "codec/utf8.h"

namespace fw::codec {
namespace {

using Json = nlohmann::ordered_json;
using Kind = ParquetField::Kind;

constexpr std::string_view kMagic = "PAR1";
constexpr std::size_t kMostRowBytes = 1U << 30U;

const Json* find(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// Whether a value fits its node, at `path` in the row. `bytes` counts what the row holds.
class Fit final {
 public:
  Status value(const ParquetNode& node, const Json& value, const std::string& path) {
    if (value.is_null()) return {};
    switch (node.field.kind) {
      case Kind::kText: return text(value, path);
      case Kind::kInteger:
        if (value.is_number_integer() && (!value.is_number_unsigned() || value.get<std::uint64_t>() <= kMostInteger)) {
          return {};
        }
        return wrong(path, "an integer of 64 bits");
      case Kind::kGroup: return members(node.children, value, path);
      case Kind::kList: break;
    }
    if (!value.is_array()) return wrong(path, "a list");
    for (const Json& element : value) FW_TRY(this->value(node.children.front(), element, path));
    return {};
  }

  Status members(const std::vector<ParquetNode>& nodes, const Json& value, const std::string& path) {
    if (!value.is_object()) return wrong(path, "an object");
    std::size_t known = 0;
    for (const ParquetNode& node : nodes) {
      const auto found = value.find(node.field.name);
      if (found == value.end()) continue;
      ++known;
      FW_TRY(this->value(node, *found, joined(path, node.field.name)));
    }
    if (known == value.size()) return {};
    for (const auto& [name, ignored] : value.items()) {
      const auto is_named = [&name](const ParquetNode& node) { return node.field.name == name; };
      if (std::ranges::none_of(nodes, is_named))
        return invalid_argument("there is no column for " + joined(path, name));
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kMostInteger = std::numeric_limits<std::int64_t>::max();

  static std::string joined(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + '.' + name;
  }
  static Status wrong(const std::string& path, const char* kind) {
    return invalid_argument((path.empty() ? "a row" : path) + " is not " + kind);
  }

  Status text(const Json& value, const std::string& path) {
    if (!value.is_string()) return wrong(path, "a text");
    const auto& text = value.get_ref<const std::string&>();
    if (!is_valid_utf8(text)) return wrong(path, "UTF-8");
    bytes_ += text.size();
    if (bytes_ > kMostRowBytes) return too_large("a row of more than a gigabyte");
    return {};
  }

  std::size_t bytes_ = 0;
};

}  // namespace

class ParquetWriter::Impl final {
 public:
  Impl(const std::vector<ParquetField>& columns, Sink sink, ParquetLimits limits)
      : pages_(std::move(sink)), limits_(limits) {
    for (const ParquetField& field : columns) nodes_.push_back(place_field(field, leaves_));
    FW_ASSERT(!nodes_.empty());
  }

  [[nodiscard]] Status check(const Json& row) const { return Fit().members(nodes_, row, ""); }

  Status add(const Json& row) {
    FW_TRY(check(row));
    for (const ParquetNode& node : nodes_) put(node, find(row, node.field.name), 0, 0);
    ++rows_waiting_;
    std::size_t waiting = 0;
    for (const ParquetColumn& column : leaves_.columns) waiting += column.bytes();
    return waiting < limits_.row_group ? Status() : flush();
  }

  Status finish() {
    if (rows_waiting_ > 0) FW_TRY(flush());
    FW_TRY(begin());
    std::string end = parquet_footer(nodes_, leaves_, groups_);
    const auto size = static_cast<std::uint32_t>(end.size());
    for (unsigned bit = 0; bit < 32; bit += 8) end += static_cast<char>(size >> bit);
    end += kMagic;
    return pages_.write(end);
  }

 private:
  Status begin() { return pages_.offset() == 0 ? pages_.write(kMagic) : Status(); }

  /// What is null at the level of definition down to which there is something.
  void put_null(const ParquetNode& node, int repetition, int definition) {
    for (std::size_t leaf = node.first_leaf; leaf < node.end_leaf; ++leaf) {
      leaves_.columns[leaf].add_null(repetition, definition);
    }
  }

  /// `repetition`: of the value that comes next; `definition`: of what is above it.
  void put(const ParquetNode& node, const Json* value, int repetition, int definition) {
    if (value == nullptr || value->is_null()) return put_null(node, repetition, definition);
    switch (node.field.kind) {
      case Kind::kText: leaves_.columns[node.first_leaf].add(repetition, value->get_ref<const std::string&>()); break;
      case Kind::kInteger: leaves_.columns[node.first_leaf].add(repetition, value->get<std::int64_t>()); break;
      case Kind::kGroup:
        for (const ParquetNode& child : node.children)
          put(child, find(*value, child.field.name), repetition, node.definition);
        break;
      case Kind::kList:
        if (value->empty()) put_null(node, repetition, node.definition);
        for (std::size_t i = 0; i < value->size(); ++i) {
          put(node.children.front(), &(*value)[i], i == 0 ? repetition : node.repetition, node.definition + 1);
        }
        break;
    }
  }

  Status flush() {
    FW_TRY(begin());
    ParquetRowGroup group{.rows = std::exchange(rows_waiting_, 0), .chunks = {}};
    for (ParquetColumn& column : leaves_.columns) {
      FW_ASSIGN(ParquetChunk chunk, column.flush(pages_, limits_.page));
      group.chunks.push_back(chunk);
    }
    groups_.push_back(std::move(group));
    return {};
  }

  ParquetLeaves leaves_;
  std::vector<ParquetNode> nodes_;
  ParquetPages pages_;
  ParquetLimits limits_;
  std::vector<ParquetRowGroup> groups_;
  std::int64_t rows_waiting_ = 0;
};

ParquetWriter::ParquetWriter(std::vector<ParquetField> columns, Sink sink, ParquetLimits limits)
    : impl_(std::make_unique<Impl>(columns, std::move(sink), limits)) {}
ParquetWriter::~ParquetWriter() = default;

Status ParquetWriter::check(const Json& row) const { return impl_->check(row); }
Status ParquetWriter::add(const Json& row) { return impl_->add(row); }
Status ParquetWriter::finish() { return impl_->finish(); }

}  // namespace fw::codec
