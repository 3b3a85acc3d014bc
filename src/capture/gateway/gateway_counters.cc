#include "capture/gateway/gateway_counters.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "record/provenance_names.h"

namespace fw::capture {
namespace {

constexpr std::array<std::string_view, 5> kRequestNames{"chat_completions", "completions", "responses", "messages",
                                                        "other"};
constexpr std::array<std::string_view, 5> kKeptNames{"taken", "sampled_out", "unreadable", "no_room", "failed"};
constexpr std::array<std::string_view, 6> kClassNames{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

std::array<std::string_view, 5> ending_names() {
  std::array<std::string_view, 5> names;
  for (std::size_t i = 0; i < names.size(); ++i) names.at(i) = record::to_string(static_cast<record::Ending>(i));
  return names;
}

void head(std::ostream& out, std::string_view name, std::string_view type, std::string_view help) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n';
}

void write_counts(std::ostream& out, std::string_view name, std::string_view label, std::string_view help,
                  std::span<const std::string_view> names, std::span<const std::atomic<std::uint64_t>> counts) {
  head(out, name, "counter", help);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    out << name << '{' << label << "=\"" << names[i] << "\"} " << counts[i].load() << '\n';
  }
}

void write_one(std::ostream& out, std::string_view name, std::string_view type, std::string_view help,
               std::int64_t value) {
  head(out, name, type, help);
  out << name << ' ' << value << '\n';
}

}  // namespace

void LatencyHistogram::add(Duration d) {
  const double seconds = to_seconds(d);
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  counts_.at(static_cast<std::size_t>(bucket)).fetch_add(1, std::memory_order_relaxed);
  nanoseconds_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0)), std::memory_order_relaxed);
}

void LatencyHistogram::write(std::ostream& out, const char* name, const char* help) const {
  head(out, name, "histogram", help);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    total += counts_.at(i).load();
    out << name << "_bucket{le=\"" << kBounds.at(i) << "\"} " << total << '\n';
  }
  total += counts_.back().load();
  out << name << "_bucket{le=\"+Inf\"} " << total << '\n';
  out << name << "_sum " << static_cast<double>(nanoseconds_.load()) * 1e-9 << '\n';
  out << name << "_count " << total << '\n';
}

void GatewayCounters::answer(int status) {
  const auto hundreds = static_cast<std::size_t>(status / 100);
  ++by_class_[hundreds < by_class_.size() ? hundreds : 0];
}

std::uint64_t GatewayCounters::requests() const {
  std::uint64_t all = 0;
  for (const auto& n : requests_) all += n.load();
  return all;
}

void GatewayCounters::write(std::ostream& out) const {
  write_counts(out, "flywheel_gateway_requests_total", "kind", "Requests that the gateway took, by what they ask for.",
               kRequestNames, requests_);
  write_counts(out, "flywheel_gateway_answers_total", "status", "Answers to the gateway's clients.", kClassNames,
               by_class_);
  write_counts(out, "flywheel_gateway_exchanges_total", "ending", "Recorded exchanges by how they ended.",
               ending_names(), endings_);
  write_counts(out, "flywheel_gateway_records_total", "outcome",
               "What became of the records of exchanges; no_room and failed are lost.", kKeptNames, kept_);
  write_one(out, "flywheel_gateway_refused_total", "counter", "Requests that the gateway itself refused.",
            static_cast<std::int64_t>(refused_.load()));
  write_one(out, "flywheel_gateway_retries_total", "counter", "Requests that were sent to an upstream again.",
            static_cast<std::int64_t>(retries_.load()));
  write_one(out, "flywheel_gateway_fallbacks_total", "counter", "Requests that went on to a route's fallback.",
            static_cast<std::int64_t>(fallbacks_.load()));
  write_one(out, "flywheel_gateway_open_exchanges", "gauge", "Exchanges under way.", open_exchanges.load());
  added_.write(out, "flywheel_gateway_added_seconds",
               "Time of the gateway's own: before a request is sent on, and before its answer is.");
}

}  // namespace fw::capture
