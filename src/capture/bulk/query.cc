#include "capture/bulk/impl/query.h"

#include <algorithm>

#include "base/hash.h"
#include "capture/bulk/impl/indices.h"
#include "capture/bulk/impl/query_node.h"

namespace fw::capture::elastic {
namespace {

std::string_view tag_of(const record::Interaction& record, std::string_view name) {
  const auto& tags = record.provenance.tags;
  const auto found = std::ranges::find(tags, name, &record::Tag::name);
  return found == tags.end() ? std::string_view{} : std::string_view(found->value);
}

/// False when the selection names another one already.
template <class Id>
bool narrow_id(std::optional<Id>& into, const std::string& text) {
  auto id = Id::parse(text);
  if (!id.ok()) return false;
  if (into && *into != *id) return false;
  into = std::move(id).value();
  return true;
}

}  // namespace

std::string_view id_of(const record::Interaction& record) {
  const auto own = tag_of(record, "_id");
  return own.empty() ? std::string_view(*record.id) : own;
}

std::string_view index_of(const record::Interaction& record, std::string_view whole_index) {
  const auto own = tag_of(record, "_index");
  return own.empty() ? whole_index : own;
}

std::string_view text_of(const record::Interaction& record, Field field, std::string_view whole_index) {
  switch (field) {
    case Field::kWorkload: return *record.workload;
    case Field::kClient: return *record.client;
    case Field::kId: return id_of(record);
    case Field::kIndex: return index_of(record, whole_index);
    case Field::kTime:
    case Field::kBody: break;
  }
  return {};
}

Query::Query() : root_(std::make_shared<const Node>()) {}

bool Query::matches(const record::Interaction& record, std::string_view whole_index) const {
  return root_->matches(record, whole_index);
}

Query Query::slice(std::uint64_t id, std::uint64_t parts) const {
  Node node{.kind = Node::Kind::kBool};
  node.must.push_back(*root_);
  node.must.push_back({.kind = Node::Kind::kSlice, .slice = id, .slices = parts});
  Query out;
  out.root_ = std::make_shared<const Node>(std::move(node));
  return out;
}

logstore::Selection Query::selection() const {
  logstore::Selection selection;
  root_->narrow(selection);
  return selection;
}

bool Query::is_selection() const {
  logstore::Selection selection;
  return root_->narrow(selection);
}

bool Query::Node::matches(const record::Interaction& record, std::string_view whole_index) const {
  const auto fits = [&](const Node& node) { return node.matches(record, whole_index); };
  switch (kind) {
    case Kind::kAll: return true;
    case Kind::kNone: return false;
    case Kind::kTerms:
      return terms.contains(text_of(record, field, whole_index)) ||
             (field == Field::kId && terms.contains(std::string_view(*record.id)));
    case Kind::kRange: return (!from || record.timestamp >= *from) && (!to || record.timestamp < *to);
    case Kind::kPattern: return matches_pattern(pattern, text_of(record, field, whole_index));
    case Kind::kBool:
      return std::ranges::all_of(must, fits) && std::ranges::none_of(must_not, fits) &&
             static_cast<std::size_t>(std::ranges::count_if(should, fits)) >= least_should;
    case Kind::kSlice: return hash64(*record.id) % slices == slice;
  }
  return false;
}

bool Query::Node::narrow(logstore::Selection& selection) const {
  switch (kind) {
    case Kind::kAll: return true;
    case Kind::kTerms:
      if (terms.size() != 1) return false;
      if (field == Field::kWorkload) return narrow_id(selection.workload, *terms.begin());
      if (field == Field::kClient) return narrow_id(selection.client, *terms.begin());
      return false;
    case Kind::kRange:
      if (from) selection.from = selection.from ? std::max(*selection.from, *from) : *from;
      if (to) selection.to = selection.to ? std::min(*selection.to, *to) : *to;
      return true;
    case Kind::kBool: {
      bool is_whole = must_not.empty() && least_should == 0;
      for (const Node& node : must) is_whole &= node.narrow(selection);
      return is_whole;
    }
    case Kind::kNone:
    case Kind::kSlice:
    case Kind::kPattern: return false;
  }
  return false;
}

}  // namespace fw::capture::elastic
