#include "app/connection_plan.h"

#include <algorithm>
#include <numeric>

namespace fw::app {
namespace {

// RocksDB alone holds 512 files open, SQLite and the journals some more; engines have pipes, webhooks and judges
// sockets.
constexpr std::uint64_t kForStoresAndEngines = 1024;

std::uint64_t left_for_connections(std::uint64_t open_files) {
  const std::uint64_t beyond = open_files > kForStoresAndEngines ? open_files - kForStoresAndEngines : 0;
  return std::max(beyond, open_files / 4);
}

}  // namespace

std::vector<std::uint64_t> connections_within(std::uint64_t open_files, const std::vector<ConnectionWish>& wishes) {
  const auto files_of = [&wishes](std::size_t i) { return wishes[i].connections * wishes[i].files_each; };
  std::vector<std::size_t> by_size(wishes.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::ranges::stable_sort(by_size, {}, files_of);
  std::vector<std::uint64_t> out(wishes.size());
  std::uint64_t left = left_for_connections(open_files);
  std::uint64_t sharers = wishes.size();
  for (const std::size_t i : by_size) {
    const std::uint64_t files = std::min(files_of(i), left / sharers--);
    out[i] = std::max<std::uint64_t>(1, files / wishes[i].files_each);
    left -= files;
  }
  return out;
}

}  // namespace fw::app
