#include "capture/bulk/impl/hit_shape.h"

#include <algorithm>
#include <array>
#include <map>

#include "capture/bulk/impl/indices.h"

namespace fw::capture::elastic {
namespace {

constexpr std::array<std::string_view, 3> kMapped{"workload_id", "client_id", "timestamp"};

bool is_pattern(std::string_view name) { return name.find('*') != std::string_view::npos; }

bool is_within_content(std::string_view name) { return name.starts_with("request.") || name.starts_with("response."); }

/// The values below a member, by their paths; lists count as what they hold.
void collect(const Json& value, const std::string& path, std::map<std::string, Json>& into) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) collect(member, path.empty() ? name : path + '.' + name, into);
  } else if (value.is_array()) {
    for (const Json& element : value) collect(element, path, into);
  } else if (!value.is_null()) {
    Json& list = into[path];
    if (list.is_null()) list = Json::array();
    list.push_back(value);
  }
}

std::map<std::string, Json> content_of(const record::Interaction& record) {
  std::map<std::string, Json> out;
  if (!record.has_content()) return out;
  for (const auto& [name, text] : {std::pair("request", &record.request), std::pair("response", &record.response)}) {
    const auto json = parse_object(*text);  // bounds the nesting
    if (json.ok()) collect(*json, name, out);
  }
  return out;
}

std::int64_t ms_of(Timestamp time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

}  // namespace

Status check_time_format(const std::string& format) {
  constexpr std::array<std::string_view, 8> kIso{"",
                                                 "strict_date_optional_time",
                                                 "date_optional_time",
                                                 "strict_date_time",
                                                 "date_time",
                                                 "iso8601",
                                                 "epoch_millis",
                                                 "epoch_second"};
  if (std::ranges::find(kIso, format) != kIso.end()) return {};
  return invalid_argument("[format] [" + format +
                          "] is not known; strict_date_optional_time, epoch_millis and "
                          "epoch_second are");
}

std::string formatted_time(std::int64_t ms, std::string_view format) {
  if (format == "epoch_millis") return std::to_string(ms);
  if (format == "epoch_second") return std::to_string(ms / 1000);
  return to_iso8601(Timestamp(std::chrono::milliseconds(ms))).substr(0, 23) + 'Z';
}

Status FieldList::add(const Json& list, Of of) {
  const std::string_view key = of == Of::kFields ? "fields" : "docvalue_fields";
  if (!list.is_array()) return invalid_argument("[" + std::string(key) + "] is a list of fields");
  for (const Json& one : list) FW_TRY(add_one(one, of));
  if (wanted_.size() > kMost) return invalid_argument("[" + std::string(key) + "] has more than 100 fields");
  return {};
}

Status FieldList::add_one(const Json& one, Of of) {
  const std::string key = of == Of::kFields ? "fields" : "docvalue_fields";
  Wanted wanted;
  bool is_unmapped_wanted = false;
  if (one.is_string()) {
    wanted.name = one.get<std::string>();
  } else if (one.is_object()) {
    for (const auto& [name, value] : one.items()) {
      if (name == "field" && value.is_string()) {
        wanted.name = value.get<std::string>();
      } else if (name == "format" && value.is_string()) {
        wanted.format = value.get<std::string>() == "use_field_mapping" ? "" : value.get<std::string>();
      } else if (name == "include_unmapped" && of == Of::kFields) {
        is_unmapped_wanted = value == true || value == "true";
      } else {
        return invalid_argument("unknown key of [" + key + "]: [" + name + "]");
      }
    }
  }
  if (wanted.name.empty()) return invalid_argument("[" + key + "] names fields");
  FW_TRY(check_time_format(wanted.format));
  if (is_pattern(wanted.name)) {
    wanted.has_content = is_unmapped_wanted;
  } else if (is_within_content(wanted.name) && of == Of::kFields) {
    wanted.has_content = true;
  } else {
    FW_ASSIGN(const Field field, parse_field(wanted.name));
    if (field == Field::kBody) return invalid_argument("[" + key + "] names what lies within [" + wanted.name + "]");
  }
  reads_content_ |= wanted.has_content;
  wanted_.push_back(std::move(wanted));
  return {};
}

void FieldList::append(const record::Interaction& record, std::string_view whole_index, std::string& out) const {
  if (wanted_.empty()) return;
  Json fields = Json::object();
  const auto content = reads_content_ ? content_of(record) : std::map<std::string, Json>();
  const auto put = [&](const std::string& name, const std::string& format) {
    const auto field = parse_field(name);
    if (!field.ok()) return;
    fields[name] = Json::array({*field == Field::kTime ? formatted_time(ms_of(record.timestamp), format)
                                                       : std::string(text_of(record, *field, whole_index))});
  };
  for (const Wanted& wanted : wanted_) {
    if (!is_pattern(wanted.name) && !wanted.has_content) {
      put(wanted.name, wanted.format);
      continue;
    }
    for (const std::string_view name : kMapped) {
      if (matches_pattern(wanted.name, name)) put(std::string(name), wanted.format);
    }
    if (!wanted.has_content) continue;
    for (const auto& [path, values] : content) {
      if (matches_pattern(wanted.name, path)) fields[path] = values;
    }
  }
  if (!fields.empty()) out += R"(,"fields":)" + to_text(fields);
}

Status HitShape::read_stored_fields(const Json& names, bool names_source) {
  const Json list = names.is_array() ? names : Json::array({names});
  bool is_source_wanted = names_source;
  for (const Json& name : list) {
    if (!name.is_string()) return invalid_argument("[stored_fields] names fields");
    const std::string text = name.get<std::string>();
    is_source_wanted |= text == "_source";
    if (text != "_source" && text != "*" && text != "_none_") {
      return invalid_argument("[stored_fields] [" + text + "] is not stored; ask for it by [fields] or [_source]");
    }
  }
  if (!is_source_wanted) source = SourceFilter::nothing();
  return {};
}

}  // namespace fw::capture::elastic
