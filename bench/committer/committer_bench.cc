// Acknowledged records a second through the committer, on the log store on RocksDB, of 3 KB each.
//   committer_bench [RECORDS] [FOLDER] [WAITERS]     defaults: 100000, a temporary folder, 64
// What a disk can do depends on the folder: beside each figure stands what the same bytes, written and synced in a loop
// right after it, would give. A folder of tmpfs (/dev/shm) shows the program without a disk. CPU is of the whole
// process, threads of RocksDB that compress and compact included.

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "async/event_loops.h"
#include "async/pool.h"
#include "async/run_blocking.h"
#include "async/task_group.h"
#include "base/random.h"
#include "capture/committer/committer.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "record/record_id.h"

namespace fw {
namespace {

constexpr std::size_t kRecordBytes = 3000;
constexpr std::size_t kBatch = 1000;
constexpr int kLoops = 2;

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::exit(1);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + 1e-6 * double(t.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A third of a request is its workload's system message, the rest words of a small vocabulary with numbers.
class Traffic {
 public:
  Traffic() {
    const std::string system = text(kRecordBytes / 3);
    for (int i = 0; i < 64; ++i) {
      requests_.push_back(R"({"model":"big","messages":[{"role":"system","content":")" + system +
                          R"("},{"role":"user","content":")" + text(kRecordBytes * 2 / 3 - 300) + R"("}]})");
    }
  }
  [[nodiscard]] record::Interaction record(std::size_t number) const {
    const Timestamp time = from_epoch_seconds(1'700'000'000) + std::chrono::milliseconds(number);
    return {.id = record::live_id(time),
            .workload = record::WorkloadId("router"),
            .client = record::ClientId("bench"),
            .timestamp = time,
            .request = requests_[number % requests_.size()],
            .response = R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
                        R"("content":"It is on its way."},"finish_reason":"stop"}],"usage":{"prompt_tokens":700,)"
                        R"("completion_tokens":8,"total_tokens":708}})",
            .provenance = {.origin = record::Origin::kGateway, .http_status = 200, .model_asked = "big"}};
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
  std::vector<std::string> requests_;
};

/// Seconds that a write of so many bytes and its sync take: nothing acknowledges them sooner.
double sync_seconds(const std::filesystem::path& folder, std::size_t bytes) {
  constexpr int kSyncs = 40;
  const std::string piece(bytes, 'x');
  const auto path = folder / "sync";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const Instant start = kernel_now();
  for (int i = 0; i < kSyncs; ++i) {
    if (::write(file, piece.data(), bytes) != static_cast<ssize_t>(bytes) || ::fdatasync(file) != 0) {
      give_up(internal("cannot sync"));
    }
  }
  const double seconds = to_seconds(kernel_now() - start) / kSyncs;
  ::close(file);
  std::filesystem::remove(path);
  return seconds;
}

Task<void> commit_all(capture::Committer& committer, const Traffic& traffic, std::size_t first, std::size_t step,
                      std::size_t count, std::size_t batch) {
  for (std::size_t i = first; i < count; i += step) {
    std::vector<record::Interaction> records;
    for (std::size_t n = 0; n < batch; ++n) records.push_back(traffic.record(i * batch + n));
    const auto report = co_await committer.commit(std::move(records), Deadline::never());
    if (!report.ok()) give_up(report.error());
  }
}

void measure(const char* what, const std::filesystem::path& folder, std::size_t records,
             const std::function<void(capture::Committer&)>& work) {
  auto store = logstore::open_rocksdb_log_store(folder);
  if (!store.ok()) give_up(store.error());
  Pool disk("commit", 1);
  const double cpu = cpu_seconds();
  const Instant start = kernel_now();
  capture::CommitterStats stats;
  {
    capture::Committer committer(**store, disk);
    work(committer);
    stats = committer.stats();
  }
  const double seconds = to_seconds(kernel_now() - start);
  const double cpu_each = (cpu_seconds() - cpu) / double(records);
  const double group = double(stats.committed + stats.duplicates) / double(stats.groups);
  const double floor = sync_seconds(folder.parent_path(), static_cast<std::size_t>(group * kRecordBytes));
  std::printf(
      "%-42s %7.0f records/s  %5.1f us of CPU each  %6.1f a group  %6.2f ms a group, %6.2f of them write and sync\n",
      what, double(records) / seconds, cpu_each * 1e6, group, seconds / double(stats.groups) * 1e3, floor * 1e3);
  std::printf("%-42s %7.0f records/s\n", "  floor: the same bytes written and synced", group / floor);
  std::fflush(stdout);
}

/// `waiters` coroutines, spread over the loops, commit `batch` records at a time.
void commit_in_turns(capture::Committer& committer, const Traffic& traffic, std::size_t waiters, std::size_t records,
                     std::size_t batch) {
  EventLoops loops(kLoops);
  TaskGroup group(loops.executor(0));
  for (std::size_t i = 0; i < waiters; ++i) {
    group.spawn_on(loops.executor(i % kLoops), "waiter",
                   commit_all(committer, traffic, i, waiters, records / batch, batch));
  }
  group.join_blocking();
}

void run(std::size_t records, const std::filesystem::path& folder, std::size_t waiters) {
  for (const std::size_t bytes : {std::size_t{16}, 64 * kRecordBytes, 1000 * kRecordBytes}) {
    std::printf("write of %7zu bytes and fdatasync %29.2f ms\n", bytes, sync_seconds(folder, bytes) * 1e3);
  }
  const Traffic traffic;
  measure((std::to_string(waiters) + " waiters, a record each").c_str(), folder / "singles", records,
          [&](auto& committer) { commit_in_turns(committer, traffic, waiters, records, 1); });
  measure("4 waiters, 1,000 records each", folder / "batches", records,
          [&](auto& committer) { commit_in_turns(committer, traffic, 4, records, kBatch); });
  measure("offered by one thread, flushed at the end", folder / "offers", records, [&](auto& committer) {
    for (std::size_t i = 0; i < records; ++i) {
      while (!committer.offer(traffic.record(i))) ::usleep(100);
    }
    (void)run_blocking(committer.flush(Deadline::never()));
  });
}

}  // namespace
}  // namespace fw

int main(int argc, char** argv) {
  const std::size_t records = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::size_t waiters = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 64;
  if (records < 4000 || waiters == 0 || argc > 4) {
    std::fprintf(stderr, "usage: %s [RECORDS (4000 or more)] [FOLDER] [WAITERS]\n", argv[0]);
    return 2;
  }
  if (argc > 2) {
    fw::run(records, argv[2], waiters);
    return 0;
  }
  const fw::io::TemporaryFolder folder("committer-bench");
  fw::run(records, folder.path(), waiters);
}
