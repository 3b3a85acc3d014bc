#include "dataset/impl/units.h"

#include <algorithm>

#include "dataset/impl/conversation.h"

namespace fw::dataset {
namespace {

constexpr std::size_t kMostCases = 20;
constexpr std::uint32_t kTellingBytes = 200;
constexpr std::size_t kMostBrief = 3;

struct Mention {
  std::uint64_t what = 0;
  std::uint32_t conversation = 0;
  auto operator<=>(const Mention&) const = default;
};

/// Joins the conversations that mention the same, where `is_telling(number of conversations)`.
template <class Telling>
void join_mentions(std::vector<Mention> mentions, UnionFind& sets, Telling is_telling) {
  std::ranges::sort(mentions);
  mentions.erase(std::unique(mentions.begin(), mentions.end()), mentions.end());
  for (std::size_t i = 0; i < mentions.size();) {
    std::size_t end = i;
    while (end < mentions.size() && mentions[end].what == mentions[i].what) ++end;
    if (end - i > 1 && is_telling(end - i)) {
      for (std::size_t k = i + 1; k < end; ++k) sets.join(mentions[i].conversation, mentions[k].conversation);
    }
    i = end;
  }
}

void join_openings(const Survey& survey, std::span<const std::uint32_t> conversations, UnionFind& sets) {
  std::vector<Mention> openings;
  for (std::size_t i = 0; i < survey.records.size(); ++i) {
    if (!survey.records[i].is_opening_telling) continue;
    openings.push_back({survey.templates.of(survey.records[i].opening), conversations[i]});
  }
  join_mentions(std::move(openings), sets, [](std::size_t) { return true; });
}

void join_cases(const Survey& survey, std::span<const std::uint32_t> conversations, std::size_t count,
                UnionFind& sets) {
  std::vector<Mention> named;
  for (std::size_t i = 0; i < survey.records.size(); ++i) {
    for (const std::uint64_t id : survey.named_ids(survey.records[i])) named.push_back({id, conversations[i]});
  }
  join_mentions(std::move(named), sets,
                [&](std::size_t n) { return n <= kMostCases && n * 10 <= std::max<std::size_t>(count, 20); });
}

void join_equal_requests(const Survey& survey, std::span<const std::uint32_t> conversations, UnionFind& sets) {
  std::vector<Mention> brief;
  std::vector<Mention> telling;
  for (std::size_t i = 0; i < survey.records.size(); ++i) {
    auto& asked = survey.records[i].request_bytes < kTellingBytes ? brief : telling;
    asked.push_back({survey.records[i].request, conversations[i]});
  }
  join_mentions(std::move(brief), sets, [](std::size_t n) { return n <= kMostBrief; });
  join_mentions(std::move(telling), sets, [](std::size_t) { return true; });
}

}  // namespace

void assign_units(bool keep_templates_together, const Survey& survey, std::span<const std::uint32_t> conversations,
                  std::vector<Row>& rows) {
  std::uint32_t count = 0;
  for (const std::uint32_t conversation : conversations) count = std::max(count, conversation + 1);
  UnionFind sets(count);
  if (keep_templates_together) {
    join_openings(survey, conversations, sets);
    join_cases(survey, conversations, count, sets);
    join_equal_requests(survey, conversations, sets);
  }
  for (Row& row : rows) row.unit = sets.find(row.conversation);
}

}  // namespace fw::dataset
