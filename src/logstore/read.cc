#include "logstore/read.h"

#include <algorithm>
#include <queue>
#include <string>
#include <tuple>
#include <utility>

#include "base/hash.h"

namespace fw::logstore {
namespace {

constexpr std::size_t kPageRecords = 1000;
constexpr std::size_t kPageKeys = 20'000;

struct Lot {
  std::uint64_t number = 0;
  RecordKey key;

  friend bool operator<(const Lot& a, const Lot& b) {
    return std::tie(a.number, a.key.id) < std::tie(b.number, b.key.id);
  }
};

}  // namespace

Status for_each_page(LogStore& store, const Selection& selection, Order order, Deadline deadline,
                     const std::function<Status(std::span<const record::Interaction>)>& visit) {
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("reading the log store"));
    FW_ASSIGN(auto page, store.scan(selection, order, kPageRecords, after));
    FW_TRY(visit(page.records));
    after = std::move(page.next);
  } while (after);
  return {};
}

Status for_each_key_page(LogStore& store, const Selection& selection, Order order, Deadline deadline,
                         const std::function<Status(std::span<const RecordKey>)>& visit) {
  std::optional<Cursor> after;
  do {
    FW_TRY(deadline.check("reading the log store"));
    FW_ASSIGN(auto page, store.scan_keys(selection, order, kPageKeys, after));
    FW_TRY(visit(page.keys));
    after = std::move(page.next);
  } while (after);
  return {};
}

Result<KeySample> sample_keys(LogStore& store, const Selection& selection, std::size_t size, std::uint64_t seed,
                              Deadline deadline) {
  KeySample sample;
  std::priority_queue<Lot> drawn;  // the `size` lowest lots, the highest of them on top
  const std::string salt = std::to_string(seed) + ' ';
  const auto draw = [&](std::span<const RecordKey> keys) -> Status {
    sample.records += keys.size();
    for (const RecordKey& key : keys) {
      Lot lot{hash64(salt + *key.id), key};
      if (drawn.size() < size) {
        drawn.push(std::move(lot));
      } else if (size > 0 && lot < drawn.top()) {
        drawn.pop();
        drawn.push(std::move(lot));
      }
    }
    return {};
  };
  FW_TRY(for_each_key_page(store, selection, Order::kOldestFirst, std::move(deadline), draw));
  for (; !drawn.empty(); drawn.pop()) sample.keys.push_back(drawn.top().key);
  std::ranges::sort(sample.keys, {}, [](const RecordKey& key) { return std::tie(key.timestamp, key.id); });
  return sample;
}

}  // namespace fw::logstore
