#include "discovery/discover.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "discovery/tally.h"
#include "logstore/read.h"

namespace fw::discovery {
namespace {

constexpr std::size_t kIdsAtOnce = 500;
constexpr std::size_t kRecordsBetweenChecks = 256;
constexpr std::uint64_t kSeed = 1;  // of the lots; what is found is the same every time

}  // namespace

Status StoredTraffic::sample(std::size_t size, const Visit& visit) {
  std::unordered_set<record::RecordId> drawn_before;
  std::size_t visited = 0;
  for (std::size_t wanted = size;; wanted *= 2) {
    // Lots do not change: a larger sample holds the smaller one.
    FW_ASSIGN(auto drawn, logstore::sample_keys(log_, selection_, wanted, kSeed, deadline_));
    std::erase_if(drawn.keys, [&](const auto& key) { return !drawn_before.insert(key.id).second; });
    FW_ASSIGN(const std::size_t now, visit_some(drawn.keys, visit));
    visited += now;
    if (visited >= size || drawn_before.size() >= drawn.records || wanted / kMostDraws >= size) return {};
  }
}

Result<std::size_t> StoredTraffic::visit_some(std::span<const logstore::RecordKey> keys, const Visit& visit) {
  std::vector<record::RecordId> ids;
  for (const auto& key : keys) ids.push_back(key.id);
  std::size_t visited = 0;
  for (std::span<const record::RecordId> left(ids); !left.empty();) {
    FW_TRY(deadline_.check("reading the log store"));
    FW_ASSIGN(auto found, log_.find_batch(left.first(std::min(left.size(), kIdsAtOnce))));
    if (found.empty()) return unavailable("the log store does not find record " + *left.front());
    std::vector<record::Interaction> page;
    for (auto& record : found) {
      if (record && record->has_content()) page.push_back(*std::move(record));  // others were removed meanwhile
    }
    FW_TRY(visit(page));
    visited += page.size();
    left = left.subspan(found.size());
  }
  return visited;
}

Status StoredTraffic::scan(const Visit& visit) {
  without_content_ = 0;
  const auto visit_contents = [&](std::span<const record::Interaction> page) -> Status {
    if (std::ranges::all_of(page, &record::Interaction::has_content)) return visit(page);
    std::vector<record::Interaction> with;
    std::ranges::copy_if(page, std::back_inserter(with), &record::Interaction::has_content);
    without_content_ += page.size() - with.size();
    return visit(with);
  };
  return logstore::for_each_page(log_, selection_, logstore::Order::kOldestFirst, deadline_, visit_contents);
}

Result<Discovery> discover(Traffic& traffic, const LearnerSettings& settings, const Deadline& deadline,
                           const std::function<void(const DiscoveryProgress&)>& on_progress) {
  DiscoveryProgress progress;
  const auto each = [&](std::uint64_t& count, auto& taker) {
    return [&](std::span<const record::Interaction> page) -> Status {
      for (std::size_t i = 0; i < page.size(); ++i) {
        if (i % kRecordsBetweenChecks == 0) FW_TRY(deadline.check("looking for workloads"));
        taker.add(page[i]);
        ++count;
      }
      if (on_progress) on_progress(progress);
      return {};
    };
  };
  Learner learner(settings);
  FW_TRY(traffic.sample(settings.most_records, each(progress.learned, learner)));
  FW_ASSIGN(auto proposals, learner.learn(deadline));
  Tally tally(std::move(proposals));
  FW_TRY(traffic.scan(each(progress.counted, tally)));
  Discovery found = std::move(tally).finish();
  found.learned = learner.kept();
  return found;
}

}  // namespace fw::discovery
