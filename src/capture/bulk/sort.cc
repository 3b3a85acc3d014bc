#include "capture/bulk/impl/sort.h"

#include <algorithm>
#include <charconv>

#include "capture/bulk/impl/elastic_answer.h"

namespace fw::capture::elastic {
namespace {

using logstore::Order;

constexpr std::int64_t kLastMs = 9'000'000'000'000;
constexpr std::size_t kMostKeys = 4;

Result<Sort::Key> key_of(const std::string& name, const std::string& direction) {
  if (direction != "asc" && direction != "desc")
    return invalid_argument("[sort] goes asc or desc, not [" + direction + "]");
  const bool is_descending = direction == "desc";
  if (name == "_doc" || name == "_shard_doc") return Sort::Key{Sort::Kind::kPlace, is_descending};
  const auto field = parse_field(name);
  if (field.ok() && *field == Field::kTime) return Sort::Key{Sort::Kind::kTime, is_descending};
  if (field.ok() && *field == Field::kId) return Sort::Key{Sort::Kind::kId, is_descending};
  return invalid_argument("No mapping found for [" + name + "] in order to sort on; timestamp, _id and _doc can be");
}

/// What a key of a sort says beside its direction.
Result<std::string> direction_of(const std::string& name, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return invalid_argument("[sort] by [" + name + "] has asc or desc");
  std::string direction = "asc";
  for (const auto& [key, member] : value.items()) {
    if (key == "order" && member.is_string()) {
      direction = member.get<std::string>();
    } else if (key != "unmapped_type" && key != "missing" && key != "mode") {
      // Every record has the fields that can be sorted by, once each.
      return invalid_argument("unknown key of [sort] by [" + name + "]: [" + key + "]");
    }
  }
  return direction;
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A place as text: the nanoseconds of its time and the record's id. Nothing has to be looked up to go on after it.
std::string place_text(const SortValues& values) {
  return std::to_string(values.time.time_since_epoch().count()) + ':' + values.record;
}

bool read_place(const std::string& text, SortValues& into) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return false;
  const auto time = number_in(std::string_view(text).substr(0, colon));
  if (!time || *time < 0) return false;
  into.time = Timestamp(Duration(*time));
  into.record = text.substr(colon + 1);
  return true;
}

}  // namespace

SortValues sort_values_of(const record::Interaction& record) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(record.timestamp).time_since_epoch().count();
  return {.ms = ms, .id = std::string(id_of(record)), .time = record.timestamp, .record = *record.id};
}

Result<Sort> Sort::parse(const Json& sort) {
  const Json list = sort.is_array() ? sort : Json::array({sort});
  Sort out;
  bool is_by_score = false;
  for (const Json& key : list) {
    std::string name;
    std::string direction = "asc";
    if (key.is_string()) {
      const std::string text = key.get<std::string>();
      const auto colon = text.find(':');
      name = text.substr(0, colon);
      if (colon != std::string::npos) direction = text.substr(colon + 1);
    } else if (key.is_object() && key.size() == 1) {
      name = key.begin().key();
      FW_ASSIGN(direction, direction_of(name, key.begin().value()));
    } else {
      return invalid_argument("[sort] is a list of fields");
    }
    if (name == "_score") {
      is_by_score = true;
      continue;
    }
    FW_ASSIGN(const Key parsed, key_of(name, direction));
    out.keys_.push_back(parsed);
  }
  if (is_by_score && !out.keys_.empty()) {
    return invalid_argument("[sort] by [_score] beside others is not known: nothing is scored here");
  }
  if (out.keys_.size() > kMostKeys) return invalid_argument("[sort] has more than 4 fields");
  const bool has_place_first = out.keys_.size() > 1 && out.keys_.front().kind == Kind::kPlace;
  if (has_place_first) return invalid_argument("[sort] by [_doc] comes last: no two hits have the same");
  // `_doc` is any order that stays the same: that of the scan.
  for (Key& key : out.keys_) {
    if (key.kind == Kind::kPlace) key.is_descending = out.keys_.front().is_descending;
  }
  return out;
}

void Sort::break_ties() {
  if (keys_.empty() || keys_.back().kind == Kind::kPlace) return;
  // As a scan meets equal times, so that times alone need no ranking.
  keys_.push_back({Kind::kPlace, keys_.front().is_descending});
}

Status Sort::read_after(const Json& values) {
  if (!values.is_array() || values.size() != keys_.size() || keys_.empty()) {
    return invalid_argument("[search_after] has as many values as [sort] has fields");
  }
  SortValues after;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Json& value = values[i];
    if (keys_[i].kind == Kind::kTime) {
      const auto ms = number_in(value.is_string() ? value.get<std::string>() : value.dump());
      if (!ms || *ms < 0 || *ms > kLastMs) {
        return invalid_argument("[search_after] has a hit's own sort value, a time in milliseconds");
      }
      after.ms = *ms;
      continue;
    }
    if (!value.is_string()) return invalid_argument("[search_after] has a hit's own sort value, a text");
    if (keys_[i].kind == Kind::kId) {
      after.id = value.get<std::string>();
    } else if (!read_place(value.get<std::string>(), after)) {
      return invalid_argument("[search_after] by [_doc] has a hit's own sort value");
    }
  }
  after_ = std::move(after);
  return {};
}

Order Sort::order() const {
  const bool is_newest_first = !keys_.empty() && keys_.front().kind != Kind::kId && keys_.front().is_descending;
  return is_newest_first ? Order::kNewestFirst : Order::kOldestFirst;
}

bool Sort::is_ranked() const { return std::ranges::find(keys_, Kind::kId, &Key::kind) != keys_.end(); }

void Sort::narrow(logstore::Selection& selection) const {
  if (!after_ || keys_.front().kind == Kind::kId) return;
  const Timestamp begin{std::chrono::milliseconds(after_->ms)};
  const Timestamp end = begin + std::chrono::milliseconds(1);
  // A place is a time of its own; by times alone all of a millisecond has been seen, beside ids a part of it.
  Timestamp lower = keys_.size() == 1 ? end : begin;
  Timestamp upper = keys_.size() == 1 ? begin : end;
  if (keys_.back().kind == Kind::kPlace && !is_ranked()) {
    lower = after_->time;
    upper = after_->time + Duration(1);
  }
  if (keys_.front().is_descending) {
    selection.to = selection.to ? std::min(*selection.to, upper) : upper;
  } else {
    selection.from = selection.from ? std::max(*selection.from, lower) : lower;
  }
}

bool Sort::is_after(const record::Interaction& record) const {
  return !after_ || std::is_gt(compare(sort_values_of(record), *after_));
}

std::weak_ordering Sort::compare(const SortValues& a, const SortValues& b) const {
  for (const Key& key : keys_) {
    std::weak_ordering order = std::weak_ordering::equivalent;
    if (key.kind == Kind::kTime) order = a.ms <=> b.ms;
    if (key.kind == Kind::kId) order = a.id <=> b.id;
    if (key.kind == Kind::kPlace) order = a.time != b.time ? a.time <=> b.time : a.record <=> b.record;
    if (std::is_eq(order)) continue;
    return std::is_lt(order) == key.is_descending ? std::weak_ordering::greater : std::weak_ordering::less;
  }
  return std::weak_ordering::equivalent;
}

void Sort::append(const record::Interaction& record, std::string& out) const {
  if (keys_.empty()) return;
  const SortValues values = sort_values_of(record);
  out += R"(,"sort":[)";
  for (const Key& key : keys_) {
    if (out.back() != '[') out += ',';
    if (key.kind == Kind::kTime) out += std::to_string(values.ms);
    if (key.kind == Kind::kId) out += json_string(values.id);
    if (key.kind == Kind::kPlace) out += json_string(place_text(values));
  }
  out += ']';
}

}  // namespace fw::capture::elastic
