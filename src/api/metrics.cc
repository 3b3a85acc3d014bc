#include "api/metrics.h"

#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include "api/metric_text.h"
#include "io/file.h"
#include "io/machine.h"

namespace fw::api {
namespace {

/// A label value, escaped as the text format asks.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::uint64_t resident_bytes() {
  const auto statm = io::read_file("/proc/self/statm", 4096);
  if (!statm.ok()) return 0;
  std::istringstream in(*statm);
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  in >> size >> resident;
  return resident * 4096;
}

std::size_t open_files() {
  std::error_code ec;
  const std::filesystem::directory_iterator entries("/proc/self/fd", ec);
  return ec ? 0 : static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

void write_jobs(std::ostream& out, const std::vector<runs::Job>& jobs) {
  std::map<std::string_view, int> by_status;
  for (const auto status : {runs::JobStatus::kPending, runs::JobStatus::kRunning, runs::JobStatus::kCompleted,
                            runs::JobStatus::kCancelled, runs::JobStatus::kFailed}) {
    by_status[runs::to_string(status)] = 0;
  }
  for (const auto& job : jobs) ++by_status[runs::to_string(job.status)];
  metric_head(out, "flywheel_jobs", "gauge", "Jobs by status.");
  for (const auto& [status, n] : by_status) out << "flywheel_jobs{status=\"" << status << "\"} " << n << '\n';
}

void write_records(std::ostream& out, const std::vector<logstore::WorkloadSummary>& workloads) {
  metric_head(out, "flywheel_log_records", "gauge", "Interactions in the log store by workload and client.");
  for (const auto& w : workloads) {
    out << "flywheel_log_records{workload=\"" << label(*w.workload) << "\",client=\"" << label(*w.client) << "\"} "
        << w.records << '\n';
  }
}

/// What waits in the journal of a log store that lies elsewhere.
void write_backlog(std::ostream& out, const logstore::Backlog& backlog, Timestamp now) {
  metric_head(out, "flywheel_log_journal_records", "gauge", "Interactions that wait for the log store elsewhere.");
  out << "flywheel_log_journal_records " << backlog.records << '\n';
  metric_head(out, "flywheel_log_journal_oldest_seconds", "gauge", "How long the first of them has waited.");
  out << "flywheel_log_journal_oldest_seconds " << (backlog.oldest ? to_seconds(now - *backlog.oldest) : 0.0) << '\n';
  metric_head(out, "flywheel_log_journal_refused_total", "counter",
              "Interactions that the log store elsewhere refused for good; they are in the quarantine.");
  out << "flywheel_log_journal_refused_total " << backlog.refused << '\n';
  metric_head(out, "flywheel_log_store_up", "gauge", "Whether the log store takes and gives records.");
}

void write_damage(std::ostream& out, const std::vector<logstore::KeptDamage>& damage) {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  for (const auto& one : damage) {
    bytes += one.bytes;
    records += one.lost_records;
  }
  metric_head(out, "flywheel_log_store_damaged_files", "gauge",
              "Files of the log store that were damaged and are kept for a person to look at.");
  out << "flywheel_log_store_damaged_files " << damage.size() << '\n';
  metric_head(out, "flywheel_log_store_damaged_bytes", "gauge", "Bytes of them that cannot be read.");
  out << "flywheel_log_store_damaged_bytes " << bytes << '\n';
  metric_head(out, "flywheel_log_store_lost_records", "gauge", "About how many records are lost with them.");
  out << "flywheel_log_store_lost_records " << records << '\n';
}

void write_http(std::ostream& out, const HttpCounters& http) {
  metric_head(out, "flywheel_http_requests_total", "counter", "Answers of the control API by class of status.");
  for (int hundreds = 2; hundreds <= 5; ++hundreds) {
    out << "flywheel_http_requests_total{status=\"" << hundreds << "xx\"} " << http.answers(hundreds) << '\n';
  }
  metric_head(out, "flywheel_http_request_seconds_total", "counter", "Time spent on answers of the control API.");
  out << "flywheel_http_request_seconds_total " << http.seconds() << '\n';
}

}  // namespace

void HttpCounters::count(int status, Duration took) {
  const auto hundreds = static_cast<std::size_t>(status / 100);
  ++by_class_[hundreds < by_class_.size() ? hundreds : 0];
  nanoseconds_ += static_cast<std::uint64_t>(took.count());
}
std::uint64_t HttpCounters::answers(int hundreds) const { return by_class_.at(static_cast<std::size_t>(hundreds)); }
double HttpCounters::seconds() const { return static_cast<double>(nanoseconds_) * 1e-9; }

MetricsResource::MetricsResource(runs::RunService& runs, logstore::LogStore& log, Pool& disk, const Clock& clock,
                                 const HttpCounters& http, const RecordsResource& records,
                                 std::vector<std::function<void(std::ostream&)>> more)
    : runs_(runs),
      log_(log),
      disk_(disk),
      clock_(clock),
      http_(http),
      records_(records),
      more_(std::move(more)),
      started_(clock.instant()) {}

void MetricsResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/metrics", [this](net::Call call) { return scrape(std::move(call)); });
}

Task<Result<net::Response>> MetricsResource::scrape(net::Call) {
  // A store that is away is not asked: every scrape would hold a thread for as long as its calls are tried.
  const auto backlog = log_.backlog();
  Result<std::vector<logstore::WorkloadSummary>> workloads = unavailable("the log store is away");
  if (backlog.trouble.ok()) workloads = co_await run_on(disk_, [this] { return log_.workloads(); });
  std::ostringstream out;
  write_jobs(out, runs_.list());
  if (workloads.ok()) write_records(out, *workloads);
  write_backlog(out, backlog, clock_.now());
  const bool is_up = workloads.ok() && backlog.trouble.ok() && log_.health().ok();
  out << "flywheel_log_store_up " << (is_up ? 1 : 0) << '\n';
  write_damage(out, log_.damage());
  write_http(out, http_);
  for (const auto& write : more_) write(out);
  metric_head(out, "flywheel_loads", "gauge", "Uploads that are received, wait to be loaded or are loaded.");
  out << "flywheel_loads " << records_.loads() << '\n';
  metric_head(out, "flywheel_uptime_seconds", "gauge", "Time since the service started.");
  out << "flywheel_uptime_seconds " << to_seconds(clock_.instant() - started_) << '\n';
  metric_head(out, "process_resident_memory_bytes", "gauge",
              "Resident memory of the service, without engines and trainer.");
  out << "process_resident_memory_bytes " << resident_bytes() << '\n';
  metric_head(out, "process_open_fds", "gauge", "Open files and sockets of the service.");
  out << "process_open_fds " << open_files() << '\n';
  metric_head(out, "process_max_fds", "gauge", "How many the service may have open.");
  out << "process_max_fds " << io::open_file_limit() << '\n';
  net::Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = out.str();
  co_return response;
}

}  // namespace fw::api
