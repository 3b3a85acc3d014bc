#include "api/log_export.h"

#include <utility>

#include "api/query_params.h"
#include "base/log.h"
#include "capture/log_document.h"

namespace fw::api {
namespace {

constexpr std::size_t kPageRecords = 200;
constexpr std::size_t kPieceBytes = 256 * 1024;

/// Lines of a view's records, some at a time. Blocks.
class Lines final {
 public:
  Lines(std::unique_ptr<logstore::View> view, logstore::Selection selection, traffic::Filter filter)
      : view_(std::move(view)), selection_(std::move(selection)), matcher_(std::move(filter)) {}

  /// The next lines; none where nothing of a page passes; nullopt at the end.
  Result<std::optional<std::string>> next() {
    if (at_ == page_.records.size()) {
      if (is_last_) return std::optional<std::string>();
      FW_ASSIGN(page_, view_->scan(selection_, logstore::Order::kOldestFirst, kPageRecords, page_.next));
      is_last_ = !page_.next;
      at_ = 0;
    }
    std::string piece;
    for (; at_ < page_.records.size() && piece.size() < kPieceBytes; ++at_) {
      if (!matcher_.passes(page_.records[at_])) continue;
      piece += capture::to_log_line(page_.records[at_], slicer_);
      piece += '\n';
    }
    return std::optional(std::move(piece));
  }

 private:
  std::unique_ptr<logstore::View> view_;
  const logstore::Selection selection_;
  traffic::Matcher matcher_;
  codec::JsonSlicer slicer_;
  logstore::Page page_;
  std::size_t at_ = 0;  // in the page
  bool is_last_ = false;
};

net::Response too_many() {
  auto response = net::error_response(
      unavailable(std::to_string(LogExportResource::kMostExports) + " exports run already; try again in a moment"));
  response.headers.add("Retry-After", "5");
  return response;
}

/// From the first piece on, which is there before the head: what cannot be read at all is an error with its words.
Task<Status> send_lines(Lines& lines, std::string piece, Pool& disk, net::ResponseWriter& out, Deadline deadline) {
  net::ResponseHead head;
  head.headers.set("Content-Type", "application/x-ndjson");
  FW_CO_TRY(co_await out.start(std::move(head), deadline));
  while (true) {
    if (!piece.empty()) FW_CO_TRY(co_await out.write(std::move(piece), deadline));
    FW_CO_TRY(deadline.check("exporting records"));
    auto more = co_await run_on(disk, [&lines] { return lines.next(); });
    if (!more.ok()) log_error("api", "an export broke off", {{"error", more.error().message}});
    if (!more.ok()) co_return more.error();
    if (!*more) co_return co_await out.finish(deadline);
    piece = *std::move(*more);
  }
}

}  // namespace

void LogExportResource::add_to(net::Router& router) {
  router.on_stream(
      net::Method::kGet, "/api/log/export",
      [this](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) { return send(request, out); });
}

Task<void> LogExportResource::send(net::IncomingRequest& request, net::ResponseWriter& out) {
  const net::QueryParams query(request.query());
  std::vector<FieldProblem> problems;
  auto selection = query_selection(query, problems);
  auto filter = query_filter(query, problems);
  if (!problems.empty()) {
    (void)co_await out.send(unprocessable(problems), request.deadline);
    co_return;
  }
  const Pool::Counted place(exports_);
  if (exports_ > kMostExports) {
    (void)co_await out.send(too_many(), request.deadline);
    co_return;
  }
  auto view = co_await run_if_room(disk_, [this] { return log_.view(); });
  if (!view.ok()) {
    (void)co_await out.send(net::error_response(view.error()), request.deadline);
    co_return;
  }
  Lines lines(*std::move(view), std::move(selection), std::move(filter));
  auto first = co_await run_if_room(disk_, [&lines] { return lines.next(); });
  if (!first.ok()) {
    (void)co_await out.send(net::error_response(first.error()), request.deadline);
    co_return;
  }
  (void)co_await send_lines(lines, std::move(*first).value_or(""), disk_, out, request.deadline);
}

}  // namespace fw::api
