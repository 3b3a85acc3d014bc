// What a log store of many records costs to list, to look into, and to keep at a size: records of 3 KB, 50 workloads
// with a system message each, 4 clients.
//   log_scale_bench [RECORDS] [FOLDER]     defaults: 1000000, a temporary folder
// At the end half of each workload is removed (log_store.retention.max_bytes), then the contents of all that is left
// (content_days). Both include that the bytes leave the disk.
// Memory is the resident set of the whole process at its highest, RocksDB's caches included; nothing else is kept here.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "io/file.h"
#include "logstore/retention.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "traffic/outline.h"

namespace fw {
namespace {

constexpr std::size_t kRecordBytes = 3000;
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kWorkloads = 50;
constexpr std::size_t kClients = 4;

template <class T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

double seconds_of(const std::function<void()>& work) {
  const Instant start = kernel_now();
  work();
  return to_seconds(kernel_now() - start);
}

/// Half of a request is its workload's system message, the rest words of a small vocabulary with numbers.
class Traffic {
 public:
  Traffic() {
    for (std::size_t i = 0; i < kWorkloads; ++i) systems_.push_back(text(kRecordBytes / 2));
  }
  record::Interaction record(std::uint64_t number) {
    const std::size_t workload = number % kWorkloads;
    return {.id = record::RecordId("r" + std::to_string(number)),
            .workload = record::WorkloadId("workload-" + std::to_string(workload)),
            .client = record::ClientId("client-" + std::to_string(number / kWorkloads % kClients)),
            .timestamp = from_epoch_seconds(1'700'000'000) + std::chrono::milliseconds(number),
            .request = R"({"model":"big","messages":[{"role":"system","content":")" + systems_[workload] +
                       R"("},{"role":"user","content":")" + text(kRecordBytes / 2 - 300) + R"("}]})",
            .response = R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
                        R"("content":"It is on its way."},"finish_reason":"stop"}]})"};
  }

 private:
  std::string text(std::size_t bytes) {
    static constexpr const char* kWords[] = {"order ",   "customer ", "refund ", "please ",  "the ", "status ",
                                             "invoice ", "shipping ", "change ", "address ", "a ",   "number "};
    std::string out;
    while (out.size() < bytes) {
      out += kWords[random_.below(std::size(kWords))];
      if (random_.below(8) == 0) out += std::to_string(random_.below(100'000)) + ' ';
    }
    return out;
  }

  Random random_{1};
  std::vector<std::string> systems_;
};

std::uint64_t bytes_in(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

/// The slowest and the middle one of a few tries.
void measure(const char* what, const std::function<void()>& work) {
  std::vector<double> tries;
  for (int i = 0; i < 21; ++i) tries.push_back(seconds_of(work) * 1e3);
  const double first = tries.front();
  std::ranges::sort(tries);
  std::printf("%-52s first %8.2f ms, middle %8.2f ms, slowest %8.2f ms\n", what, first, tries[tries.size() / 2],
              tries.back());
}

void look(logstore::LogStore& store) {
  measure("list of workloads", [&] { must(store.workloads()); });
  measure("first 50 of the list", [&] { must(store.workloads_page(50, std::nullopt)); });
  const logstore::Selection one{
      .workload = record::WorkloadId("workload-7"), .client = record::ClientId("client-1"), .from = {}, .to = {}};
  measure("first page (100) of a workload and client",
          [&] { must(store.scan(one, logstore::Order::kNewestFirst, 100, std::nullopt)); });
  measure("first page (100) of a workload", [&] {
    must(store.scan({.workload = one.workload, .client = {}, .from = {}, .to = {}}, logstore::Order::kNewestFirst, 100,
                    std::nullopt));
  });
  measure("first page (100) of everything",
          [&] { must(store.scan({}, logstore::Order::kNewestFirst, 100, std::nullopt)); });
  measure("first page (1,000 keys) of everything",
          [&] { must(store.scan_keys({}, logstore::Order::kNewestFirst, 1000, std::nullopt)); });
}

/// In MiB, since the start or the last begin_memory().
double memory_at_its_highest() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

void begin_memory() { std::ofstream("/proc/self/clear_refs") << '5'; }

/// The first look at what there is, which removes half of it; a look at which nothing has come; and at little more.
void keep_half(logstore::LogStore& store, Traffic& traffic, std::uint64_t count, std::uint64_t raw) {
  begin_memory();
  std::printf("%-52s %8.0f MiB\n", "memory before", memory_at_its_highest());
  logstore::RetentionSweep sweep(store, {.max_bytes = raw / kWorkloads / 2});
  const auto look = [&](const char* what) {
    const std::uint64_t before = sweep.removed().surplus;
    const double seconds = seconds_of([&] {
      const Status kept = sweep.run(from_epoch_seconds(1'700'000'000), Deadline::never());
      if (!kept.ok()) must(Result<int>(kept.error()));
    });
    std::printf("%-24s %10llu removed %17.3f s\n", what,
                static_cast<unsigned long long>(sweep.removed().surplus - before), seconds);
  };
  look("half of every workload");
  look("the same again");
  std::vector<record::Interaction> more;
  for (std::uint64_t i = count; i < count + kBatch; ++i) more.push_back(traffic.record(i));
  must(store.append(more));
  look("1,000 records later");
  measure("list of workloads", [&] { must(store.workloads()); });
}

/// The contents of all records, a look at which nothing has come, and the look at all of them that comes once a day.
void take_contents(logstore::LogStore& store) {
  begin_memory();
  std::printf("%-52s %8.0f MiB\n", "memory before", memory_at_its_highest());
  traffic::ExchangeReader reader;
  logstore::RetentionSweep sweep(store, {.content_days = 1}, [&](const record::Interaction& record, Timestamp now) {
    return traffic::outlined(record, now, reader);
  });
  const auto look = [&](const char* what, std::int64_t now) {
    const std::uint64_t before = sweep.removed().contents;
    const double seconds = seconds_of([&] {
      const Status kept = sweep.run(from_epoch_seconds(now), Deadline::never());
      if (!kept.ok()) must(Result<int>(kept.error()));
    });
    std::printf("%-24s %10llu contents %16.3f s\n", what,
                static_cast<unsigned long long>(sweep.removed().contents - before), seconds);
  };
  look("all contents", 1'800'000'000);
  look("the same again", 1'800'003'600);
  look("a day later", 1'800'090'000);
  measure("list of workloads", [&] { must(store.workloads()); });
}

void run(std::uint64_t count, const std::filesystem::path& folder) {
  Traffic traffic;
  std::uint64_t raw = 0;
  {
    auto store = must(logstore::open_rocksdb_log_store(folder / "store"));
    const double seconds = seconds_of([&] {
      std::vector<record::Interaction> batch;
      for (std::uint64_t i = 0; i < count; ++i) {
        batch.push_back(traffic.record(i));
        raw += batch.back().request.size() + batch.back().response.size();
        if (batch.size() < kBatch && i + 1 < count) continue;
        must(store->append(batch));
        batch.clear();
      }
    });
    std::printf("appended, 1,000 a batch, records made in between %25.0f records/s\n", double(count) / seconds);
    std::printf("after the last append:\n");
    look(*store);
  }
  auto store = must(logstore::open_rocksdb_log_store(folder / "store"));
  std::printf("opened again:\n");
  look(*store);
  std::printf("%-52s %8.0f MiB\n", "memory at its highest", memory_at_its_highest());
  std::printf("%-52s %8.1f MiB\n", "disk", double(bytes_in(folder / "store")) / (1 << 20));
  std::printf("%-52s %8.1f times smaller than raw\n", "disk, without a compaction of everything",
              double(raw) / double(bytes_in(folder / "store")));
  store.reset();
  store = must(logstore::open_rocksdb_log_store(folder / "store"));
  std::printf("opened again:\n");
  keep_half(*store, traffic, count, raw);
  std::printf("%-52s %8.0f MiB\n", "memory at its highest", memory_at_its_highest());
  store.reset();
  std::printf("%-52s %8.1f MiB\n", "disk", double(bytes_in(folder / "store")) / (1 << 20));
  store = must(logstore::open_rocksdb_log_store(folder / "store"));
  take_contents(*store);
  std::printf("%-52s %8.0f MiB\n", "memory at its highest", memory_at_its_highest());
  store.reset();
  std::printf("%-52s %8.1f MiB\n", "disk", double(bytes_in(folder / "store")) / (1 << 20));
}

}  // namespace
}  // namespace fw

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  if (count == 0 || argc > 3) {
    std::fprintf(stderr, "usage: %s [RECORDS] [FOLDER]\n", argv[0]);
    return 2;
  }
  if (argc > 2) {
    fw::run(count, argv[2]);
    return 0;
  }
  const fw::io::TemporaryFolder folder("log-scale-bench");
  fw::run(count, folder.path());
}
