#include "capture/bulk/impl/index_calls.h"

#include "capture/bulk/impl/bulk_reader.h"
#include "capture/bulk/impl/json_body.h"
#include "capture/bulk/impl/packed_body.h"
#include "capture/bulk/impl/record_search.h"

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kMostBody = std::size_t{1} << 20;
constexpr Duration kRefreshTime = std::chrono::seconds(30);

/// What an index is in truth, whatever its maker asked for.
constexpr std::string_view kMappings =
    R"({"properties":{"timestamp":{"type":"date"},"workload_id":{"type":"keyword"},"client_id":{"type":"keyword"},)"
    R"("request":{"type":"object","enabled":false},"response":{"type":"object","enabled":false}}})";
constexpr std::string_view kAcknowledged = R"({"acknowledged":true})";

Json parsed(const std::string& text) { return Json::parse(text, nullptr, false); }

Json settings_json(const std::string& name, const IndexEntry& entry) {
  Json settings = parsed(entry.settings);
  Json& index = settings.contains("index") && settings["index"].is_object() ? settings["index"] : settings;
  Json out = Json::object();
  for (const auto& [key, value] : index.items()) out[key] = value.is_string() ? value : Json(value.dump());
  out["creation_date"] = std::to_string(entry.created_ms);
  out["provided_name"] = name;
  out["uuid"] = name;
  if (!out.contains("number_of_shards")) out["number_of_shards"] = "1";
  if (!out.contains("number_of_replicas")) out["number_of_replicas"] = "0";
  return {{"index", std::move(out)}};
}

Result<Json> body_of(const Call& call) {
  FW_ASSIGN(const std::string text, unpacked_body(call, kMostBody));
  return parse_object(text);
}

std::string member_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_object() ? "{}" : to_text(*found);
}

}  // namespace

Answer no_such_index(std::string_view index) {
  Answer answer = refusal(404, "index_not_found_exception", "no such index [" + std::string(index) + "]");
  return answer;
}

Task<Status> IndexCalls::save() {
  co_return co_await run_on(dependencies_.disk, [this] { return indices_.save(); });
}

Json IndexCalls::mappings_of(const std::string& index) const {
  const auto entry = indices_.find(index);
  const Json said = parsed(entry ? entry->mappings : "{}");
  return said.contains("properties") ? said : parsed(std::string(kMappings));
}

Task<Answer> IndexCalls::get(Call call) {
  if (call.index.starts_with('_') && call.index != "_all") {
    co_return refusal(400, "illegal_argument_exception",
                      "[" + call.index + "] is no part of the Elasticsearch dialect that is served here");
  }
  const auto names = indices_.resolve(call.index);
  // Who asks whether an index is there, to make it if it is not, is to make the whole one, too.
  const bool is_unmade = call.index == indices_.whole() && !indices_.exists(call.index);
  if (!names.ok() || is_unmade) co_return no_such_index(call.index);
  Json json = Json::object();
  for (const std::string& name : *names) {
    const auto entry = indices_.find(name).value_or(IndexEntry{});
    json[name] = {
        {"aliases", Json::object()}, {"mappings", mappings_of(name)}, {"settings", settings_json(name, entry)}};
  }
  co_return Answer{.body = to_text(json)};
}

Task<Answer> IndexCalls::create(Call call) {
  if (const Status name = check_index_name(call.index); !name.ok()) {
    co_return refusal(400, "invalid_index_name_exception", name.error().message);
  }
  const auto body = body_of(call);
  if (!body.ok()) co_return refusal(400, "parse_exception", body.error().message);
  const Status made = indices_.create(
      call.index, {.mappings = member_text(*body, "mappings"), .settings = member_text(*body, "settings")});
  if (!made.ok() && made.error().code == ErrorCode::kAlreadyExists) {
    co_return refusal(400, "resource_already_exists_exception", made.error().message);
  }
  if (!made.ok()) co_return refusal(made.error());
  if (const Status saved = co_await save(); !saved.ok()) co_return refusal(saved.error());
  co_return Answer{.body =
                       R"({"acknowledged":true,"shards_acknowledged":true,"index":)" + json_string(call.index) + '}'};
}

Task<Answer> IndexCalls::remove(Call call) {
  if (call.index.find_first_of("*,") != std::string::npos || call.index == "_all") {
    co_return refusal(400, "illegal_argument_exception", "indexes are deleted one by one, by name");
  }
  if (!indices_.exists(call.index)) {
    co_return call.has_flag("ignore_unavailable") ? Answer{.body = std::string(kAcknowledged)}
                                                  : no_such_index(call.index);
  }
  if (call.index == indices_.whole()) {
    co_return refusal(
        400, "illegal_argument_exception",
        "index [" + call.index + "] is all traffic, whatever way it came in; delete by query what is " + "to go");
  }
  // The name goes last: a removal that was broken off can be asked for again.
  const auto removed = co_await run_if_room(dependencies_.search, [&] {
    const std::vector<std::string> one{call.index};
    return remove_records(dependencies_.log, {one, indices_.whole()}, Query(),
                          note_of(dependencies_, call, "DELETE index"), call.deadline);
  });
  if (!removed.ok()) co_return refusal(removed.error());
  indices_.remove(call.index);
  if (const Status saved = co_await save(); !saved.ok()) co_return refusal(saved.error());
  co_return Answer{.body = std::string(kAcknowledged)};
}

Task<Answer> IndexCalls::mapping(Call call) {
  const auto names = indices_.resolve(call.index);
  if (!names.ok()) co_return no_such_index(call.index);
  Json json = Json::object();
  for (const std::string& name : *names) {
    json[name] = {{"mappings", mappings_of(name)}};
  }
  co_return Answer{.body = to_text(json)};
}

Task<Answer> IndexCalls::field_capabilities(Call call) {
  const auto body = body_of(call);
  if (!body.ok()) co_return refusal(400, "parse_exception", body.error().message);
  const auto names = indices_.resolve(
      call.index, call.has_flag("ignore_unavailable") ? Indices::Missing::kPassedOver : Indices::Missing::kRefused);
  if (!names.ok()) co_return no_such_index(call.index);
  std::string wanted(call.query.find("fields").value_or(""));
  for (const auto& [key, value] : body->items()) {
    if (key != "fields") {
      co_return refusal(400, "parsing_exception", "unknown key of _field_caps: [" + key + "]");
    }
    for (const Json& name : value.is_array() ? value : Json::array({value})) {
      if (name.is_string()) wanted += (wanted.empty() ? "" : ",") + name.get<std::string>();
    }
  }
  Json fields = Json::object();
  for (const auto& [name, type] :
       {std::pair("timestamp", "date"), std::pair("workload_id", "keyword"), std::pair("client_id", "keyword"),
        std::pair("_id", "_id"), std::pair("_index", "_index")}) {
    std::string_view rest = wanted;
    bool is_wanted = false;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      is_wanted |= matches_pattern(rest.substr(0, comma), name);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
    if (!is_wanted) continue;
    fields[name][type] = {
        {"type", type}, {"metadata_field", *name == '_'}, {"searchable", true}, {"aggregatable", true}};
  }
  co_return Answer{.body = to_text({{"indices", *names}, {"fields", std::move(fields)}})};
}

Task<Answer> IndexCalls::put_mapping(Call call) {
  const auto body = body_of(call);
  if (!body.ok()) co_return refusal(400, "parse_exception", body.error().message);
  const auto names = indices_.resolve(call.index);
  if (!names.ok()) co_return no_such_index(call.index);
  for (const std::string& name : *names) {
    if (const Status put = indices_.put_mapping(name, to_text(*body)); !put.ok()) co_return refusal(put.error());
  }
  if (const Status saved = co_await save(); !saved.ok()) co_return refusal(saved.error());
  co_return Answer{.body = std::string(kAcknowledged)};
}

Task<Answer> IndexCalls::settings(Call call) {
  const auto names = indices_.resolve(call.index);
  if (!names.ok()) co_return no_such_index(call.index);
  Json json = Json::object();
  for (const std::string& name : *names) {
    json[name] = {{"settings", settings_json(name, indices_.find(name).value_or(IndexEntry{}))}};
  }
  co_return Answer{.body = to_text(json)};
}

Task<Answer> IndexCalls::put_settings(Call call) {
  if (!indices_.resolve(call.index).ok()) co_return no_such_index(call.index);
  co_return Answer{.body = std::string(kAcknowledged)};
}

Task<Answer> IndexCalls::refresh(Call call) {
  if (!indices_.resolve(call.index).ok()) co_return no_such_index(call.index);
  // Where the log store is a cluster elsewhere, what was acknowledged may be on its way there.
  const auto lacking = co_await run_if_room(dependencies_.search, [&]() -> Result<logstore::Backlog> {
    return dependencies_.log.settle({}, call.deadline.within(kRefreshTime));
  });
  if (!lacking.ok()) co_return refusal(lacking.error());
  if (lacking->records > 0) {
    co_return refusal(503, "unavailable_shards_exception",
                      std::to_string(lacking->records) + " records are not in the log store yet; try again");
  }
  co_return Answer{.body = R"({"_shards":{"total":1,"successful":1,"failed":0}})"};
}

Task<Answer> IndexCalls::aliases(Call call) {
  const auto names = indices_.resolve(call.index);
  if (!names.ok()) co_return no_such_index(call.index);
  Json json = Json::object();
  for (const std::string& name : *names) json[name] = {{"aliases", Json::object()}};
  co_return Answer{.body = to_text(json)};
}

Task<Answer> IndexCalls::data_streams(Call call) {
  const bool names_one = !call.name.empty() && call.name != "_all" && call.name.find('*') == std::string::npos;
  if (names_one) co_return no_such_index(call.name);
  co_return Answer{.body = R"({"data_streams":[]})"};
}

Task<Answer> IndexCalls::get_policy_or_template(Call call) {
  if (call.name.empty() || call.name.find('*') != std::string::npos) co_return Answer{.body = "{}"};
  co_return refusal(404, "resource_not_found_exception",
                    "[" + call.name + "] is not kept here: it would have no effect");
}

Task<Answer> IndexCalls::put_policy_or_template(Call call) {
  const auto body = body_of(call);
  if (!body.ok()) co_return refusal(400, "parse_exception", body.error().message);
  co_return Answer{.body = std::string(kAcknowledged)};
}

}  // namespace fw::capture::elastic
