#include "codec/impl/parquet_schema.h"

#include "base/assert.h"

namespace fw::codec {
namespace {

constexpr int kMostLevels = 255;

ParquetNode place(const ParquetField& field, int repetition, int definition, std::vector<std::string> path,
                  ParquetLeaves& leaves) {
  ParquetNode node{.field = field,
                   .repetition = repetition + (field.kind == ParquetField::Kind::kList ? 1 : 0),
                   .definition = definition + 1,
                   .first_leaf = leaves.columns.size()};
  path.push_back(field.name);
  if (node.is_leaf()) {
    FW_ASSERT(node.definition <= kMostLevels);
    const auto type = field.kind == ParquetField::Kind::kText ? parquet::kByteArray : parquet::kInt64;
    leaves.columns.emplace_back(type, node.repetition, node.definition);
    leaves.types.push_back(type);
    leaves.paths.push_back(std::move(path));
  } else if (node.is_list()) {
    FW_ASSERT(field.children.size() == 1);
    ParquetField element = field.children.front();
    element.name = "element";
    path.emplace_back("list");
    node.children.push_back(place(element, node.repetition, node.definition + 1, path, leaves));
  } else {
    FW_ASSERT(!field.children.empty());
    for (const ParquetField& child : field.children) {
      node.children.push_back(place(child, node.repetition, node.definition, path, leaves));
    }
  }
  node.end_leaf = leaves.columns.size();
  return node;
}

}  // namespace

ParquetNode place_field(const ParquetField& field, ParquetLeaves& leaves) { return place(field, 0, 0, {}, leaves); }

}  // namespace fw::codec
