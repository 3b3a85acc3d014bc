#include "capture/bulk/impl/index_calls.h"
#include "capture/bulk/impl/packed_body.h"
#include "capture/bulk/impl/record_search.h"
#include "capture/bulk/impl/search.h"

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kMostBody = std::size_t{1} << 20;
constexpr std::size_t kRemovalPage = 1000;

}  // namespace

Result<std::uint64_t> remove_records(logstore::LogStore& log, const SearchScope& scope, const Query& query,
                                     const NoteRemoval& note, const Deadline& deadline) {
  FW_ASSIGN(const std::uint64_t matching, count_records(log, scope, query, deadline));
  if (matching == 0) return 0;
  FW_TRY(note(matching));
  const logstore::Selection selection = query.selection();
  if (scope.holds_all() && query.is_selection()) return log.remove(selection);
  std::uint64_t removed = 0;
  std::optional<logstore::Cursor> after;
  do {
    FW_TRY(deadline.check("deleting by query"));
    FW_ASSIGN(auto page, log.scan(selection, logstore::Order::kOldestFirst, kRemovalPage, after));
    std::vector<record::RecordId> ids;
    for (const record::Interaction& record : page.records) {
      if (scope.holds(record) && query.matches(record, scope.whole)) ids.push_back(record.id);
    }
    if (!ids.empty()) {
      FW_ASSIGN(const std::uint64_t count, log.remove_records(ids));
      removed += count;
    }
    after = std::move(page.next);
  } while (after);
  return removed;
}

NoteRemoval note_of(const BulkApiDependencies& dependencies, const Call& call, std::string request) {
  return [&dependencies, &call, request = std::move(request)](std::uint64_t records) -> Status {
    if (!dependencies.note_removal) return {};
    return dependencies.note_removal({request, call.index, records, auth::caller_of(call.caller), call.peer});
  };
}

Task<Answer> Search::delete_by_query(Call call) {
  const Instant begin = dependencies_.clock.instant();
  co_return co_await on_search_pool([&]() -> Answer {
    const auto text = unpacked_body(call, kMostBody);
    const auto body = text.ok() ? parse_object(*text) : Result<Json>(text.error());
    if (!body.ok()) return refusal(400, "parsing_exception", body.error().message);
    if (!body->contains("query")) {
      return refusal(400, "action_request_validation_exception", "Validation Failed: 1: query is missing;");
    }
    const auto query = parse_selection(call, *body, context());
    if (!query.ok()) return refusal(400, "parsing_exception", query.error().message);
    const auto names = indices_.resolve(call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto removed = remove_records(dependencies_.log, {*names, indices_.whole()}, *query,
                                        note_of(dependencies_, call, "_delete_by_query"), call.deadline);
    if (!removed.ok()) return refusal(removed.error());
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(dependencies_.clock.instant() - begin);
    const std::string count = std::to_string(*removed);
    return {.body = R"({"took":)" + std::to_string(took.count()) + R"(,"timed_out":false,"total":)" + count +
                    R"(,"deleted":)" + count +
                    R"(,"batches":1,"version_conflicts":0,"noops":0,"retries":{"bulk":0,"search":0},)"
                    R"("throttled_millis":0,"requests_per_second":-1.0,"throttled_until_millis":0,"failures":[]})"};
  });
}

Task<Answer> Search::delete_document(Call call) {
  co_return co_await on_search_pool([this, &call]() -> Answer {
    const auto names = indices_.resolve(call.index);
    if (!names.ok()) return no_such_index(call.index);
    const auto found = find_by_id(dependencies_.log, {*names, indices_.whole()}, call.index, *call.id);
    if (!found.ok()) return refusal(found.error());
    const auto answer = [&](int status, std::string_view result) {
      return Answer{.status = status,
                    .body = R"({"_index":)" + json_string(call.index) + R"(,"_id":)" + json_string(*call.id) +
                            R"(,"_version":2,"result":")" + std::string(result) +
                            R"(","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1})"};
    };
    if (!*found) return answer(404, "not_found");
    if (const Status noted = note_of(dependencies_, call, "DELETE document")(1); !noted.ok()) {
      return refusal(noted.error());
    }
    const auto removed = dependencies_.log.remove_records(std::span(&(*found)->id, 1));
    if (!removed.ok()) return refusal(removed.error());
    return answer(200, "deleted");
  });
}

}  // namespace fw::capture::elastic
