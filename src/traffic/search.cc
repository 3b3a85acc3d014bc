#include "traffic/search.h"

#include <algorithm>
#include <utility>

namespace fw::traffic {
namespace {

bool fits(const record::Provenance& known, const Filter& filter) {
  return (!filter.ending || known.ending == *filter.ending) && (!filter.origin || known.origin == *filter.origin);
}

bool fits(const Exchange& exchange, const Filter& filter) {
  return (filter.label.empty() || exchange.label == filter.label) &&
         (filter.tool.empty() || std::ranges::find(exchange.called, filter.tool) != exchange.called.end()) &&
         (filter.model.empty() || exchange.model_answered == filter.model || exchange.model_asked == filter.model) &&
         (!filter.is_error || exchange.is_error == *filter.is_error);
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

bool Filter::lets_all_pass() const {
  return label.empty() && tool.empty() && model.empty() && !ending && !origin && !is_error && text.empty();
}

Matcher::Matcher(Filter filter) : filter_(std::move(filter)) { filter_.text = lower_case(std::move(filter_.text)); }

std::optional<Exchange> Matcher::match(const record::Interaction& record) {
  if (!fits(record.provenance, filter_)) return std::nullopt;
  auto exchange = reader_.read(record);
  if (!fits(exchange, filter_)) return std::nullopt;
  if (!filter_.text.empty() && !reader_.has_text(record, filter_.text)) return std::nullopt;
  return exchange;
}

bool Matcher::passes(const record::Interaction& record) { return filter_.lets_all_pass() || match(record).has_value(); }

Result<FoundPage> search(logstore::LogStore& log, const logstore::Selection& selection, const Filter& filter,
                         const std::optional<logstore::Cursor>& after, const SearchLimits& limits, const Clock& clock) {
  const Instant end = saturating_add(clock.instant(), limits.time);
  Matcher matcher(filter);
  FoundPage page;
  page.next = after;
  // A cursor leads behind a scan's last record, so a scan never asks for more than may still be found.
  while (true) {
    FW_ASSIGN(auto part,
              log.scan(selection, logstore::Order::kNewestFirst, limits.found - page.found.size(), page.next));
    page.scanned += part.records.size();
    for (auto& record : part.records) {
      auto exchange = matcher.match(record);
      if (exchange) page.found.push_back({std::move(record), *std::move(exchange)});
    }
    page.next = std::move(part.next);
    if (!page.next || page.found.size() == limits.found || clock.instant() >= end) return page;
  }
}

}  // namespace fw::traffic
