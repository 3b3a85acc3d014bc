#include "codec/impl/parquet_footer.h"

#include <numeric>

#include "codec/impl/thrift_compact.h"

namespace fw::codec {
namespace {

constexpr std::string_view kWrittenBy = "flywheel-parquet-writer version 1.0.0";

/// Field numbers are those of parquet.thrift.
class Footer final {
 public:
  explicit Footer(const ParquetLeaves& leaves) : leaves_(leaves) {}

  void schema(const std::vector<ParquetNode>& columns) {
    out_.i32(1, 2);  // the format's version
    out_.begin_list_of_structs(2, elements(columns) + 1);
    out_.begin_element();
    out_.text(4, "schema");
    out_.i32(5, static_cast<std::int32_t>(columns.size()));
    out_.end_struct();
    for (const ParquetNode& node : columns) element(node);
  }

  void begin_row_groups(std::int64_t rows, std::size_t groups) {
    out_.i64(3, rows);
    out_.begin_list_of_structs(4, groups);
  }

  void row_group(const ParquetRowGroup& group) {
    const auto& chunks = group.chunks;
    const auto total = [&chunks](std::int64_t ParquetChunk::* size) {
      return std::accumulate(chunks.begin(), chunks.end(), std::int64_t{0},
                             [size](std::int64_t sum, const ParquetChunk& chunk) { return sum + chunk.*size; });
    };
    out_.begin_element();
    out_.begin_list_of_structs(1, chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i) column_chunk(i, chunks[i]);
    out_.i64(2, total(&ParquetChunk::plain_size));
    out_.i64(3, group.rows);
    out_.i64(5, chunks.front().begins_at);
    out_.i64(6, total(&ParquetChunk::stored_size));
    out_.end_struct();
  }

  [[nodiscard]] std::string finish() && {
    out_.text(6, kWrittenBy);
    return std::move(out_).finish();
  }

 private:
  enum Repetition : std::int32_t { kOptional = 1, kRepeated = 2 };
  enum ConvertedType : std::int32_t { kUtf8 = 0, kListOf = 3 };
  enum LogicalType : int { kString = 1, kLogicalList = 3 };

  static std::size_t elements(const std::vector<ParquetNode>& nodes) {
    std::size_t count = 0;
    for (const ParquetNode& node : nodes) count += 1 + (node.is_list() ? 1 : 0) + elements(node.children);
    return count;
  }

  void begin(const std::string& name, Repetition repetition, std::size_t children) {
    out_.i32(3, repetition);
    out_.text(4, name);
    if (children > 0) out_.i32(5, static_cast<std::int32_t>(children));
  }

  void annotate(ConvertedType converted, LogicalType logical) {
    out_.i32(6, converted);
    out_.begin_struct(10);
    out_.begin_struct(logical);
    out_.end_struct();
    out_.end_struct();
  }

  void element(const ParquetNode& node) {
    out_.begin_element();
    if (node.is_leaf()) out_.i32(1, leaves_.types[node.first_leaf]);
    begin(node.field.name, kOptional, node.children.size());
    if (node.field.kind == ParquetField::Kind::kText) annotate(kUtf8, kString);
    if (node.is_list()) annotate(kListOf, kLogicalList);
    out_.end_struct();
    if (node.is_list()) {
      out_.begin_element();
      begin("list", kRepeated, 1);
      out_.end_struct();
    }
    for (const ParquetNode& child : node.children) element(child);
  }

  void column_chunk(std::size_t leaf, const ParquetChunk& chunk) {
    std::vector<std::int32_t> encodings{parquet::kPlain, parquet::kRle};
    if (chunk.has_dictionary) encodings.push_back(parquet::kRleDictionary);
    out_.begin_element();
    out_.i64(2, 0);
    out_.begin_struct(3);
    out_.i32(1, leaves_.types[leaf]);
    out_.list_i32(2, encodings);
    out_.list_text(3, leaves_.paths[leaf]);
    out_.i32(4, parquet::kZstd);
    out_.i64(5, chunk.values);
    out_.i64(6, chunk.plain_size);
    out_.i64(7, chunk.stored_size);
    out_.i64(9, chunk.first_data_page_at);
    if (chunk.has_dictionary) out_.i64(11, chunk.begins_at);
    out_.begin_struct(12);
    out_.i64(3, chunk.nulls);
    out_.end_struct();
    out_.end_struct();
    out_.end_struct();
  }

  const ParquetLeaves& leaves_;
  ThriftCompactWriter out_;
};

}  // namespace

std::string parquet_footer(const std::vector<ParquetNode>& columns, const ParquetLeaves& leaves,
                           const std::vector<ParquetRowGroup>& groups) {
  Footer footer(leaves);
  footer.schema(columns);
  std::int64_t rows = 0;
  for (const ParquetRowGroup& group : groups) rows += group.rows;
  footer.begin_row_groups(rows, groups.size());
  for (const ParquetRowGroup& group : groups) footer.row_group(group);
  return std::move(footer).finish();
}

}  // namespace fw::codec
