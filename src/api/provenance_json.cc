#include "api/provenance_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;
using record::Ending;
using record::Origin;

constexpr std::array<std::pair<Origin, std::string_view>, 5> kOrigins{{{Origin::kFile, "file"},
                                                                       {Origin::kUpload, "upload"},
                                                                       {Origin::kGateway, "gateway"},
                                                                       {Origin::kBulk, "bulk"},
                                                                       {Origin::kOtlp, "otlp"}}};
constexpr std::array<std::pair<Ending, std::string_view>, 5> kEndings{
    {{Ending::kFinished, "finished"},
     {Ending::kClientGone, "client_gone"},
     {Ending::kUpstreamDied, "upstream_died"},
     {Ending::kRefused, "refused"},
     {Ending::kArgumentsIncomplete, "arguments_incomplete"}}};

template <class T, std::size_t N>
std::string_view find_name(const std::array<std::pair<T, std::string_view>, N>& names, T value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return "unknown";
}

template <class T, std::size_t N>
std::optional<T> find_value(const std::array<std::pair<T, std::string_view>, N>& names, std::string_view wanted) {
  for (const auto& [each, name] : names) {
    if (name == wanted) return each;
  }
  return std::nullopt;
}

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json seconds_or_null(const std::optional<std::chrono::microseconds>& time) {
  return time ? Json(std::chrono::duration<double>(*time).count()) : Json(nullptr);
}

}  // namespace

std::string_view name_of(Origin origin) { return find_name(kOrigins, origin); }
std::string_view name_of(Ending ending) { return find_name(kEndings, ending); }
std::optional<Origin> origin_of(std::string_view name) { return find_value(kOrigins, name); }
std::optional<Ending> ending_of(std::string_view name) { return find_value(kEndings, name); }

Json provenance_json(const record::Provenance& known) {
  Json tags = Json::array();
  for (const auto& tag : known.tags) tags.push_back({{"name", tag.name}, {"value", tag.value}});
  return {{"origin", name_of(known.origin)},
          {"ending", name_of(known.ending)},
          {"http_status", known.http_status ? Json(*known.http_status) : Json(nullptr)},
          {"first_token_seconds", seconds_or_null(known.first_token)},
          {"seconds", seconds_or_null(known.total)},
          {"model_asked", or_null(known.model_asked)},
          {"model_answered", or_null(known.model_answered)},
          {"route", or_null(known.route)},
          {"variant", or_null(known.variant)},
          {"conversation", or_null(known.conversation)},
          {"key", or_null(known.key)},
          {"tags", std::move(tags)}};
}

}  // namespace fw::api
