#include "capture/bulk/impl/source_filter.h"

#include <algorithm>

#include "capture/bulk/impl/elastic_answer.h"

namespace fw::capture::elastic {
namespace {

Status check_count(std::string_view paths) {
  if (std::ranges::count(paths, ',') < static_cast<std::ptrdiff_t>(SourceFilter::kMostPaths)) return {};
  return invalid_argument("[_source] names more than 64 paths");
}

Result<std::string> paths_of(const Json& value) {
  std::string out;
  const auto add = [&](const Json& path) -> Status {
    if (!path.is_string()) return invalid_argument("[_source] names paths");
    out += (out.empty() ? "" : ",") + path.get<std::string>();
    return {};
  };
  if (value.is_array()) {
    for (const Json& path : value) FW_TRY(add(path));
  } else {
    FW_TRY(add(value));
  }
  FW_TRY(check_count(out));
  return out;
}

/// Paths that mean a whole member also mean what is below it.
std::string negated(std::string_view paths) {
  std::string out;
  while (!paths.empty()) {
    const auto comma = paths.find(',');
    out += (out.empty() ? "-" : ",-") + std::string(paths.substr(0, comma));
    paths = comma == std::string_view::npos ? std::string_view{} : paths.substr(comma + 1);
  }
  return out;
}

}  // namespace

std::string time_text(Timestamp time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t all = time.time_since_epoch().count();
  std::string text = std::to_string(all / kSecond);
  if (all % kSecond == 0) return text;
  std::string fraction = std::to_string(all % kSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + '.' + fraction;
}

void append_document(const record::Interaction& record, std::string& out) {
  out += R"({"timestamp":)" + time_text(record.timestamp) + R"(,"workload_id":)" + json_string(*record.workload) +
         R"(,"client_id":)" + json_string(*record.client) + R"(,"request":)";
  out += record.has_content() ? std::string_view(record.request) : "null";
  out += R"(,"response":)";
  out += record.has_content() ? std::string_view(record.response) : "null";
  if (record.outline) {
    out += R"(,"flywheel":{"content_expired":)" + std::to_string(to_epoch_seconds(record.outline->expired)) + '}';
  }
  out += '}';
}

Result<SourceFilter> SourceFilter::parse(const Json& source) {
  SourceFilter filter;
  if (source.is_boolean()) {
    filter.is_nothing_ = !source.get<bool>();
    return filter;
  }
  if (!source.is_object()) {
    FW_ASSIGN(filter.includes_, paths_of(source));
    return filter;
  }
  for (const auto& [key, value] : source.items()) {
    if (key == "includes" || key == "include") {
      FW_ASSIGN(filter.includes_, paths_of(value));
    } else if (key == "excludes" || key == "exclude") {
      FW_ASSIGN(filter.excludes_, paths_of(value));
    } else {
      return invalid_argument("unknown key of [_source]: [" + key + "]");
    }
  }
  return filter;
}

SourceFilter SourceFilter::nothing() {
  SourceFilter filter;
  filter.is_nothing_ = true;
  return filter;
}

Result<SourceFilter> SourceFilter::of(const net::QueryParams& query, SourceFilter otherwise) {
  if (const auto source = query.find("_source")) {
    otherwise.is_nothing_ = *source == "false";
    if (*source != "false" && *source != "true") otherwise.includes_ = *source;
  }
  if (const auto paths = query.find("_source_includes")) otherwise.includes_ = *paths;
  if (const auto paths = query.find("_source_excludes")) otherwise.excludes_ = *paths;
  FW_TRY(check_count(otherwise.includes_));
  FW_TRY(check_count(otherwise.excludes_));
  return otherwise;
}

void SourceFilter::append(const record::Interaction& record, std::string& out) const {
  if (includes_.empty() && excludes_.empty()) return append_document(record, out);
  std::string text;
  append_document(record, text);
  Json json = Json::parse(text, nullptr, false);
  if (!includes_.empty()) json = filtered(json, includes_);
  if (!excludes_.empty()) json = filtered(json, negated(excludes_));
  out += to_text(json);
}

}  // namespace fw::capture::elastic
