#include <algorithm>
#include <array>

#include "capture/bulk/impl/index_calls.h"
#include "capture/bulk/impl/packed_body.h"
#include "capture/bulk/impl/search.h"
#include "capture/bulk/impl/search_answer.h"

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kMostSearches = 1000;  // of one request

/// The lines of a body, empty ones too: an empty head is one that says nothing.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return out;
}

Result<std::string> index_of_head(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string out;
  for (const Json& name : value.is_array() ? value : Json::array({value})) {
    if (!name.is_string()) return invalid_argument("[index] is a name or a list of names");
    out += (out.empty() ? "" : ",") + name.get<std::string>();
  }
  return out;
}

/// The search of a pair of lines, as a call of its own.
Result<Call> call_of(const Call& whole, std::string_view head, std::string_view body) {
  constexpr std::array<std::string_view, 8> kWithoutEffect{"search_type",      "preference",
                                                           "routing",          "expand_wildcards",
                                                           "request_cache",    "ccs_minimize_roundtrips",
                                                           "ignore_throttled", "allow_partial_search_results"};
  FW_ASSIGN(const Json json, parse_object(head));
  Call call{.method = whole.method, .index = whole.index, .body = std::string(body), .deadline = whole.deadline};
  std::string parameters = whole.has_flag("rest_total_hits_as_int") ? "rest_total_hits_as_int=true&" : "";
  for (const auto& [key, value] : json.items()) {
    if (key == "index" || key == "indices") {
      FW_ASSIGN(call.index, index_of_head(value));
    } else if (key == "ignore_unavailable" || key == "allow_no_indices") {
      parameters += key + (value == false || value == "false" ? "=false&" : "=true&");
    } else if (std::ranges::find(kWithoutEffect, key) == kWithoutEffect.end()) {
      return invalid_argument("unknown key of a search's head: [" + key + "]");
    }
  }
  call.query = net::QueryParams(parameters);
  return call;
}

/// An answer as one of several: its object with its status.
std::string with_status(Answer answer) {
  if (answer.status == 200) {
    answer.body.pop_back();
    answer.body += R"(,"status":200})";
  }
  return std::move(answer.body);
}

}  // namespace

Task<Answer> Search::multi_search(Call call) {
  co_return co_await on_search_pool([this, &call] { return run_searches(call); });
}

Answer Search::run_searches(const Call& call) {
  const Instant begin = dependencies_.clock.instant();
  const Status known = check_parameters(
      call, {"rest_total_hits_as_int", "max_concurrent_searches", "max_concurrent_shard_requests", "search_type",
             "pre_filter_shard_size", "ccs_minimize_roundtrips", "ignore_throttled", "typed_keys"});
  if (!known.ok()) return not_parsed(known.error());
  if (call.has_flag("typed_keys")) return not_parsed(invalid_argument("[typed_keys] is not known"));
  const auto text = unpacked_body(call, kMostSearchBody);
  if (!text.ok()) return not_parsed(text.error());
  const auto lines = lines_of(*text);
  if (lines.empty()) {
    return refusal(400, "action_request_validation_exception", "Validation Failed: 1: no requests added;");
  }
  if (lines.size() % 2 != 0) return not_parsed(invalid_argument("a search is two lines: its head and its body"));
  if (lines.size() > 2 * kMostSearches) return not_parsed(invalid_argument("there are more than 1000 searches"));
  std::string out;
  for (std::size_t i = 0; i < lines.size(); i += 2) {
    const auto one = call_of(call, lines[i], lines[i + 1]);
    out += (out.empty() ? "" : ",") + with_status(one.ok() ? run_search(*one) : not_parsed(one.error()));
    if (out.size() > kMostHitBytes) return refusal(too_large("the answers have more than 256 MiB; ask for fewer"));
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(dependencies_.clock.instant() - begin);
  return {.body = R"({"took":)" + std::to_string(took.count()) + R"(,"responses":[)" + out + "]}"};
}

}  // namespace fw::capture::elastic
