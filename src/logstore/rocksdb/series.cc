#include "logstore/rocksdb/impl/series.h"

#include <algorithm>

#include "logstore/rocksdb/impl/layout.h"

namespace fw::logstore {
namespace {

/// Up to the zero byte that ends the name which begins at `begin`.
std::size_t past_name(std::string_view key, std::size_t begin) {
  return std::min(key.find('\0', begin), key.size() - 1) + 1;
}

class Series final : public rocksdb::SliceTransform {
 public:
  using Of = std::string_view (*)(std::string_view key);
  explicit Series(Of of) : of_(of) {}
  [[nodiscard]] const char* Name() const override { return "flywheel.series"; }
  [[nodiscard]] rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return of_(key.ToStringView()); }
  [[nodiscard]] bool InDomain(const rocksdb::Slice& key) const override { return !key.empty(); }

 private:
  Of of_;
};

}  // namespace

std::string_view series_of_record_key(std::string_view key) { return key.substr(0, past_name(key, past_name(key, 0))); }

std::string_view series_of_index_key(std::string_view key) {
  const bool is_by_time_alone = key.front() == static_cast<char>(layout::Index::kTime);
  return key.substr(0, is_by_time_alone ? 1 : past_name(key, 0));
}

std::shared_ptr<const rocksdb::SliceTransform> series_of_family(std::string_view family) {
  if (family == "records") return std::make_shared<Series>(series_of_record_key);
  if (family == "times") return std::make_shared<Series>(series_of_index_key);
  // Ids of live records begin with their time: all of them are one series.
  if (family == "ids") return std::make_shared<Series>([](std::string_view key) { return key.substr(0, 0); });
  return nullptr;
}

}  // namespace fw::logstore
