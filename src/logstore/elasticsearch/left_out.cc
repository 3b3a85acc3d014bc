#include "logstore/elasticsearch/impl/left_out.h"

#include <array>
#include <nlohmann/json.hpp>

#include "codec/json_member.h"

namespace fw::logstore {
namespace {

using Json = nlohmann::json;

/// An aggregation's name and what is said of its documents, in the words of the lines that are kept aside.
struct Reason {
  const char* name;
  const char* text;
};
constexpr std::array kReasons{
    Reason{"unread_time", "timestamp cannot be read"}, Reason{"no_time", "timestamp is missing"},
    Reason{"no_workload", "workload_id is missing"}, Reason{"no_client", "client_id is missing"}};

Json exists(const std::string& field) { return Json{{"exists", {{"field", field}}}}; }

Json with_and_without(Json with, Json without) {
  return Json{{"filter", {{"bool", {{"filter", std::move(with)}, {"must_not", std::move(without)}}}}}};
}

}  // namespace

Json count_left_out(const Selection& selection, const IndexForm& form) {
  Json filter = Json::array();
  if (selection.workload) filter.push_back(Json{{"term", {{form.fields.workload, **selection.workload}}}});
  if (selection.client) filter.push_back(Json{{"term", {{form.fields.client, **selection.client}}}});
  const Json time = exists(form.fields.timestamp);
  const Json workload = exists(form.fields.workload);
  const Json client = exists(form.fields.client);
  const Json ignored{{"term", {{"_ignored", form.fields.timestamp}}}};
  Json reasons = Json::object();
  reasons["unread_time"] = with_and_without(Json::array({ignored}), Json::array({time}));
  reasons["no_time"] = with_and_without(Json::array(), Json::array({time, ignored}));
  reasons["no_workload"] = with_and_without(Json::array({time}), Json::array({workload}));
  reasons["no_client"] = with_and_without(Json::array({time, workload}), Json::array({client}));
  return Json{{"size", 0},
              {"track_total_hits", false},
              {"query", {{"bool", {{"filter", std::move(filter)}}}}},
              {"aggs", std::move(reasons)}};
}

std::map<std::string, std::uint64_t> left_out_in(const Json& answer) {
  std::map<std::string, std::uint64_t> counts;
  const Json& found = codec::member_of(answer, "aggregations");
  for (const Reason& reason : kReasons) {
    const std::uint64_t count = codec::count_at(codec::member_of(found, reason.name), "doc_count");
    if (count > 0) counts[reason.text] = count;
  }
  return counts;
}

}  // namespace fw::logstore
