#include "api/capture_metrics.h"

#include <string_view>

namespace fw::api {
namespace {

void write(std::ostream& out, std::string_view name, std::string_view type, std::string_view help, auto value) {
  out << "# HELP " << name << ' ' << help << "\n# TYPE " << name << ' ' << type << '\n' << name << ' ' << value << '\n';
}

}  // namespace

void write_capture_metrics(std::ostream& out, const capture::CommitterStats& stats) {
  write(out, "flywheel_commit_records_total", "counter", "Live records that are on disk.", stats.committed);
  write(out, "flywheel_commit_duplicates_total", "counter", "Live records that were in the store already.",
        stats.duplicates);
  write(out, "flywheel_commit_refused_total", "counter", "Live records that found no room before the log store.",
        stats.refused);
  write(out, "flywheel_commit_failed_total", "counter", "Live records that the log store did not take.", stats.failed);
  write(out, "flywheel_commit_groups_total", "counter", "Appends to the log store, one sync each.", stats.groups);
  write(out, "flywheel_commit_queued_records", "gauge", "Live records that wait for the disk.", stats.queued_records);
  write(out, "flywheel_commit_queued_bytes", "gauge", "Bytes of them.", stats.queued_bytes);
  write(out, "flywheel_commit_oldest_seconds", "gauge", "How long the oldest of them has waited.",
        to_seconds(stats.oldest_wait));
}

}  // namespace fw::api
