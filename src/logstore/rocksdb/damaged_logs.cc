#include "logstore/rocksdb/impl/damaged_logs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "io/file.h"
#include "logstore/rocksdb/impl/log_files.h"

namespace fw::logstore {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kChangesOfARecord = 5;  // and of its counts, which all of a batch share
constexpr std::uint64_t kLargestReport = 8 << 20;

fs::path report_path(const fs::path& kept) { return kept.string() + ".json"; }

std::uint64_t damaged_bytes(const DamageReport& report) {
  std::uint64_t bytes = 0;
  for (const DamagedPart& part : report.damaged) bytes += part.bytes;
  return bytes;
}

std::uint64_t lost_records(const DamageReport& report) {
  const std::uint64_t missing =
      report.lost_changes - std::min(report.lost_changes, kChangesOfARecord * report.put_back);
  return std::max<std::uint64_t>((missing + kChangesOfARecord - 1) / kChangesOfARecord, report.lost_ids.size());
}

/// A second name for the file: it costs no room, and is there whatever is written next.
Result<fs::path> keep(const fs::path& log, const fs::path& folder, const std::string& name) {
  FW_TRY(io::create_folders(folder));
  fs::path kept = folder / name;
  for (int more = 2;; ++more) {
    std::error_code error;
    fs::create_hard_link(log, kept, error);
    if (!error || (error == std::errc::file_exists && fs::equivalent(log, kept, error))) break;
    if (error && error != std::errc::file_exists) {
      return system_error("cannot keep " + log.string() + " as " + kept.string(), error.value());
    }
    kept = folder / (name + "." + std::to_string(more));
  }
  FW_TRY(io::sync_folder(folder));
  return kept;
}

Status replace(const fs::path& log, std::string bytes, std::size_t size) {
  // RocksDB remembers how long its older logs were; zeros behind the last entry say nothing.
  if (bytes.size() < size) bytes.resize(size, '\0');
  return io::write_file_atomically(log, bytes);
}

Result<DamageReport> parse(const fs::path& path, const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto bad = [&] { return data_loss(path.string() + " is no report of damage"); };
  if (!json.is_object()) return bad();
  try {
    DamageReport report;
    report.kept = path.parent_path() / json.at("kept").get<std::string>();
    for (const Json& part : json.at("damaged")) {
      report.damaged.push_back({part.at("at").get<std::uint64_t>(), part.at("bytes").get<std::uint64_t>()});
    }
    report.reason = json.at("reason").get<std::string>();
    report.batches = json.at("whole_batches").get<std::uint64_t>();
    report.changes = json.at("changes_of_others").get<std::uint64_t>();
    report.lost_changes = json.at("lost_changes").get<std::uint64_t>();
    report.put_back = json.at("put_back").get<std::uint64_t>();
    report.lost_ids = json.at("lost_ids").get<std::vector<std::string>>();
    report.is_checked = json.at("is_checked").get<bool>();
    return report;
  } catch (const Json::exception&) {
    return bad();
  }
}

}  // namespace

Status write_report(const DamageReport& report) {
  Json damaged = Json::array();
  for (const DamagedPart& part : report.damaged) damaged.push_back({{"at", part.at}, {"bytes", part.bytes}});
  const Json json{{"kept", report.kept.filename().string()},
                  {"reason", report.reason},
                  {"damaged", std::move(damaged)},
                  {"whole_batches", report.batches},
                  {"changes_of_others", report.changes},
                  {"lost_changes", report.lost_changes},
                  {"put_back", report.put_back},
                  {"lost_records", lost_records(report)},
                  {"lost_ids", report.lost_ids},
                  {"is_checked", report.is_checked}};
  return io::write_file_atomically(report_path(report.kept),
                                   json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<std::vector<DamageReport>> put_damage_aside(const fs::path& folder) {
  std::vector<DamageReport> reports;
  LogSalvage salvage;
  std::uint64_t told = 0;
  for (const fs::path& log : log_files(folder)) {
    FW_ASSIGN(const std::string bytes, io::read_file(log, kLargestLog));
    SalvagedLog salvaged = salvage.take(bytes);
    // What is missing shows where the next batch begins, which may be in the next log.
    if (!reports.empty()) reports.back().lost_changes += salvage.lost_changes() - told;
    if (!salvaged.damaged.empty()) {
      DamageReport report;
      FW_ASSIGN(report.kept, keep(log, folder / "damaged", log.filename().string()));
      report.damaged = std::move(salvaged.damaged);
      report.batches = salvaged.batches;
      report.changes = salvaged.changes;
      if (reports.empty()) report.lost_changes = salvage.lost_changes();
      FW_TRY(write_report(report));
      FW_TRY(replace(log, std::move(salvaged.log), bytes.size()));
      reports.push_back(std::move(report));
    }
    told = salvage.lost_changes();
  }
  for (const DamageReport& report : reports) {
    FW_TRY(write_report(report));
    log_error("logstore", "the log was damaged; what is whole goes on, the log as it was is kept",
              {{"kept", report.kept.string()},
               {"damaged_bytes", damaged_bytes(report)},
               {"whole_batches", report.batches},
               {"lost_records_about", lost_records(report)}});
  }
  return reports;
}

Result<DamageReport> report_missing(const fs::path& marks, std::uint64_t changes) {
  DamageReport report;
  FW_ASSIGN(report.kept, keep(marks, marks.parent_path() / "damaged", "missing_changes"));
  report.reason = "the log ends before changes that were durable";
  report.lost_changes = changes;
  FW_TRY(write_report(report));
  log_error("logstore", "the log ends too early: changes that were on the disk are lost",
            {{"kept", report.kept.string()}, {"changes", changes}, {"lost_records_at_least", lost_records(report)}});
  return report;
}

Result<std::vector<DamageReport>> damage_reports(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "damaged", ignored)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<DamageReport> reports;
  for (const fs::path& path : paths) {
    FW_ASSIGN(const std::string text, io::read_file(path, kLargestReport));
    auto report = parse(path, text);
    if (report.ok()) {
      reports.push_back(std::move(*report));
    } else {
      log_warning("logstore", "a file beside damaged logs is passed over", {{"why", report.error().message}});
    }
  }
  return reports;
}

KeptDamage summary(const DamageReport& report) {
  return {.kept = report.kept,
          .reason = report.reason,
          .bytes = damaged_bytes(report),
          .lost_records = lost_records(report),
          .is_at_least = report.damaged.empty()};
}

}  // namespace fw::logstore
