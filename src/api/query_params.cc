#include "api/query_params.h"

#include <charconv>

#include "api/provenance_json.h"
#include "capture/timestamp.h"

namespace fw::api {
namespace {

std::optional<Timestamp> query_time(const net::QueryParams& query, const char* name,
                                    std::vector<FieldProblem>& problems) {
  const auto text = query.find(name);
  if (!text || text->empty()) return std::nullopt;
  if (const auto time = capture::parse_timestamp(*text)) return time;
  problems.push_back({"datetime_parsing",
                      {"query", name},
                      "Input should be a time: ISO-8601 or seconds since 1970",
                      std::string(*text)});
  return std::nullopt;
}

template <class Id>
std::optional<Id> query_id(const net::QueryParams& query, const char* name, std::vector<FieldProblem>& problems) {
  const auto text = query.find(name);
  if (!text || text->empty()) return std::nullopt;
  auto id = Id::parse(std::string(*text));
  if (id.ok()) return std::move(id).value();
  problems.push_back(
      {"value_error", {"query", name}, std::string(name) + ' ' + id.error().message, std::string(*text)});
  return std::nullopt;
}

template <class T, class Find>
std::optional<T> query_choice(const net::QueryParams& query, const char* name, Find find, const char* choices,
                              std::vector<FieldProblem>& problems) {
  const std::string text = query_text(query, name);
  if (text.empty()) return std::nullopt;
  auto value = find(text);
  if (!value) problems.push_back({"enum", {"query", name}, std::string("Input should be one of ") + choices, text});
  return value;
}

}  // namespace

std::optional<std::int64_t> query_number(const net::QueryParams& query, const char* name, std::int64_t least,
                                         std::int64_t most, std::vector<FieldProblem>& problems) {
  const auto text = query.find(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec == std::errc{} && parsed.ptr == text->data() + text->size() && value >= least && value <= most) {
    return value;
  }
  problems.push_back({"int_parsing",
                      {"query", name},
                      "Input should be a whole number from " + std::to_string(least) + " to " + std::to_string(most),
                      std::string(*text)});
  return std::nullopt;
}

std::string query_text(const net::QueryParams& query, const char* name) {
  return std::string(query.find(name).value_or(""));
}

logstore::Selection query_selection(const net::QueryParams& query, std::vector<FieldProblem>& problems) {
  return {.workload = query_id<record::WorkloadId>(query, "workload_id", problems),
          .client = query_id<record::ClientId>(query, "client_id", problems),
          .from = query_time(query, "from", problems),
          .to = query_time(query, "to", problems)};
}

traffic::Filter query_filter(const net::QueryParams& query, std::vector<FieldProblem>& problems) {
  traffic::Filter filter;
  filter.label = query_text(query, "class");
  filter.tool = query_text(query, "tool");
  filter.model = query_text(query, "model");
  filter.text = query_text(query, "text");
  filter.ending = query_choice<record::Ending>(
      query, "ending", ending_of, "finished, client_gone, upstream_died, refused, arguments_incomplete", problems);
  filter.origin =
      query_choice<record::Origin>(query, "origin", origin_of, "file, upload, gateway, bulk, otlp", problems);
  if (const auto errors = query_number(query, "is_error", 0, 1, problems)) filter.is_error = *errors == 1;
  return filter;
}

}  // namespace fw::api
