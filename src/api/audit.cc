#include "api/audit.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/answer.h"
#include "api/query_params.h"
#include "api/request_body.h"

namespace fw::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kMaxPage = 1000;

/// What a request for entries asks for; numbers below the cursor, or above `after`.
struct Wanted {
  std::size_t limit = kMaxPage;
  std::optional<std::uint64_t> after;
  std::uint64_t cursor = UINT64_MAX;
  std::optional<std::string_view> subject;
};

struct Page {
  std::vector<audit::Entry> entries;
  std::optional<std::uint64_t> next;
};

/// For who follows the log: oldest first.
Page page_after(const audit::AuditLog& log, const Wanted& wanted) {
  Page page;
  std::uint64_t after = *wanted.after;
  while (page.entries.size() < wanted.limit) {
    auto some = log.entries(after, kMaxPage);
    for (auto& entry : some) {
      after = entry.number;
      const bool is_wanted = !wanted.subject || entry.event.subject == *wanted.subject;
      if (is_wanted && page.entries.size() < wanted.limit) page.entries.push_back(std::move(entry));
    }
    if (some.size() < kMaxPage) break;
  }
  return page;
}

Page newest_page(const audit::AuditLog& log, const Wanted& wanted) {
  Page page{.entries = log.newest(wanted.cursor, wanted.limit + 1, wanted.subject), .next = {}};
  if (page.entries.size() > wanted.limit) {
    page.entries.pop_back();
    page.next = page.entries.back().number;
  }
  return page;
}

Json entry_json(const audit::Entry& entry, bool has_line) {
  Json out{{"number", entry.number},
           {"at", to_iso8601(entry.at)},
           {"person", entry.event.person},
           {"action", entry.event.action},
           {"subject", entry.event.subject},
           {"reason", entry.event.reason},
           {"details", Json::parse(entry.event.details, nullptr, /*allow_exceptions=*/false)},
           {"previous", entry.previous},
           {"hash", entry.hash}};
  if (has_line) out["line"] = audit::to_line(entry);
  return out;
}

}  // namespace

Json audit_entries_json(const std::vector<audit::Entry>& entries, bool has_lines) {
  Json list = Json::array();
  for (const auto& entry : entries) list.push_back(entry_json(entry, has_lines));
  return list;
}

void AuditResource::add_to(net::Router& router) {
  using net::Call;
  using net::Method;
  router.on(Method::kGet, "/api/audit", [this](Call call) { return list(std::move(call)); });
  router.on(Method::kGet, "/api/audit/verification", [this](Call call) { return verification(std::move(call)); });
}

Task<Result<net::Response>> AuditResource::list(net::Call call) {
  std::vector<FieldProblem> problems;
  const auto limit = query_number(call.query, "limit", 1, kMaxPage, problems);
  const auto after = query_number(call.query, "after", 0, INT64_MAX, problems);
  const auto cursor = query_number(call.query, "cursor", 0, INT64_MAX, problems);
  const auto lines = call.query.find("lines");
  if (!problems.empty()) co_return unprocessable(problems);
  if (after && cursor) co_return invalid_argument("after asks for the oldest first, cursor for the newest; give one");
  Wanted wanted{.subject = call.query.find("subject")};
  if (limit) wanted.limit = static_cast<std::size_t>(*limit);
  if (after) wanted.after = static_cast<std::uint64_t>(*after);
  if (cursor) wanted.cursor = static_cast<std::uint64_t>(*cursor);
  const auto page =
      co_await run_on(disk_, [&] { return after ? page_after(log_, wanted) : newest_page(log_, wanted); });
  co_return answer(200, {{"entries", audit_entries_json(page.entries, lines == "true")},
                         {"last_number", log_.last_number()},
                         {"next_cursor", page.next ? Json(std::to_string(*page.next)) : Json(nullptr)}});
}

Task<Result<net::Response>> AuditResource::verification(net::Call call) {
  std::optional<std::string> head;
  if (const auto text = query_text(call.query, "head"); !text.empty()) head = text;
  FW_CO_ASSIGN(const auto found, co_await run_on(disk_, [&] { return log_.verify_file(head); }));
  co_return answer(
      200,
      {{"entries", found.entries}, {"head", found.head}, {"fault", found.fault ? Json(*found.fault) : Json(nullptr)}});
}

}  // namespace fw::api
