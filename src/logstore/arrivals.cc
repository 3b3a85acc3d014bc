#include "logstore/arrivals.h"

#include <algorithm>
#include <charconv>

#include "base/random.h"
#include "logstore/forwarding_log_store.h"

namespace fw::logstore {
namespace {

class NotingLogStore final : public ForwardingLogStore {
 public:
  NotingLogStore(std::unique_ptr<LogStore> store, Arrivals& arrivals)
      : ForwardingLogStore(std::move(store)), arrivals_(arrivals) {}

  Result<AppendReport> append(std::span<const record::Interaction> batch) override {
    FW_ASSIGN(auto report, ForwardingLogStore::append(batch));
    arrivals_.note(batch, report.known);
    return report;
  }

 private:
  Arrivals& arrivals_;
};

/// `process.number`
std::optional<std::uint64_t> number_in(std::string_view mark) {
  const auto dot = mark.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view digits = mark.substr(dot + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

bool fits(const auto& entry, const Selection& selection) {
  return (!selection.workload || entry.workload == *selection.workload) &&
         (!selection.client || entry.client == *selection.client);
}

}  // namespace

Arrivals::Arrivals(std::size_t most) : most_(most), process_(random_hex(8)) {}

void Arrivals::note(std::span<const record::Interaction> batch, std::span<const std::size_t> known) {
  const std::lock_guard lock(mutex_);
  auto next_known = known.begin();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (next_known != known.end() && *next_known == i) {
      ++next_known;
      continue;
    }
    entries_.push_back({batch[i].id, batch[i].workload, batch[i].client});
    if (entries_.size() <= most_) continue;
    entries_.pop_front();
    ++first_;
  }
}

std::string Arrivals::mark_of(std::uint64_t number) const { return process_ + '.' + std::to_string(number); }

std::string Arrivals::mark() const {
  const std::lock_guard lock(mutex_);
  return mark_of(first_ + entries_.size());
}

Result<Arrivals::Since> Arrivals::since(std::string_view mark, const Selection& selection, std::size_t limit) const {
  const auto asked = number_in(mark);
  if (!asked) {
    return invalid_argument("arrived_after must be the \"arrived\" of an earlier answer");
  }
  Since out;
  const std::lock_guard lock(mutex_);
  const std::uint64_t end = first_ + entries_.size();
  const bool is_ours = mark.starts_with(process_ + '.') && *asked <= end;
  std::uint64_t number = is_ours ? std::max(*asked, first_) : first_;
  out.missed = is_ours ? std::optional(number - *asked) : std::nullopt;
  for (; number < end && out.arrivals.size() < limit; ++number) {
    const Entry& entry = entries_[number - first_];
    if (fits(entry, selection)) out.arrivals.push_back({entry.id, mark_of(number + 1)});
  }
  out.mark = mark_of(number);
  return out;
}

std::unique_ptr<LogStore> noting_arrivals(std::unique_ptr<LogStore> store, Arrivals& arrivals) {
  return std::make_unique<NotingLogStore>(std::move(store), arrivals);
}

}  // namespace fw::logstore
