// Documents a second into and out of the log store, and through the loader, on documents of 2.8 KB.
//   logstore_bench [DOCUMENTS] [FOLDER]     defaults: 100000, a temporary folder; both figures of a disk depend on the
//   folder

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "capture/files/loader.h"
#include "capture/record_reader.h"
#include "io/file.h"
#include "logstore/rocksdb/rocksdb_log_store.h"

namespace fw {
namespace {

constexpr std::size_t kDocumentBytes = 2800;
constexpr std::size_t kBatch = 1000;

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result.ok()) give_up(result.error());
  return std::move(result).value();
}

/// Words drawn from a small vocabulary: compresses about as traffic does.
std::string document(Random& random, std::uint64_t number) {
  static constexpr const char* kWords[] = {"order",   "customer", "refund", "please",  "the", "status",
                                           "invoice", "shipping", "change", "address", "a",   "number",
                                           "account", "help",     "with",   "today"};
  std::string text;
  while (text.size() < kDocumentBytes - 350) {
    text += kWords[random.below(std::size(kWords))];
    text += random.below(8) == 0 ? std::to_string(random.below(100'000)) + ' ' : " ";
  }
  return R"({"timestamp":)" + std::to_string(1'700'000'000 + number) + R"(,"workload_id":"w)" +
         std::to_string(number % 3) +
         R"(","client_id":"bench","request":{"model":"big","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":")" +
         text +
         R"("}]},"response":{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"done"}}]}})";
}

void measure(const char* what, std::uint64_t documents, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%-44s %9.0f docs/s  %7.1f MB/s\n", what, static_cast<double>(documents) / seconds,
              static_cast<double>(documents * kDocumentBytes) / seconds / 1e6);
  std::fflush(stdout);
}

void scan_all(logstore::LogStore& store, const logstore::Selection& selection, std::uint64_t expected) {
  std::uint64_t seen = 0;
  std::optional<logstore::Cursor> after;
  do {
    const auto page = must(store.scan(selection, logstore::Order::kNewestFirst, 1000, after));
    seen += page.records.size();
    after = page.next;
  } while (after);
  if (seen != expected) give_up(internal("a scan saw " + std::to_string(seen) + " records"));
}

/// Keeps what was read; anything else ends the bench.
struct Collector final : capture::RecordSink {
  explicit Collector(std::vector<record::Interaction>& into) : records(into) {}
  void take(record::Interaction record, std::size_t) override { records.push_back(std::move(record)); }
  void refuse(const codec::JsonDocument&, const std::string& reason) override { give_up(data_loss(reason)); }
  void skip(std::string_view) override { give_up(internal("a document was skipped")); }
  std::vector<record::Interaction>& records;
};

/// What a sync of a small write takes here: the floor of every acknowledged append.
void measure_sync(const std::filesystem::path& folder) {
  constexpr int kSyncs = 200;
  const int file = ::open((folder / "sync").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kSyncs; ++i) {
    if (::write(file, "0123456789abcdef", 16) != 16 || ::fdatasync(file) != 0) give_up(internal("cannot sync"));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ::close(file);
  std::printf("%-44s %9.0f us\n", "write of 16 bytes and fdatasync", seconds / kSyncs * 1e6);
}

/// Single records, acknowledged one by one: `writers` wait at a time.
void append_singly(logstore::LogStore& store, const std::vector<record::Interaction>& records, std::size_t writers) {
  std::vector<std::jthread> threads;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    threads.emplace_back([&, writer] {
      for (std::size_t i = writer; i < records.size(); i += writers)
        must(store.append(std::span(records).subspan(i, 1)));
    });
  }
}

void run(std::uint64_t count, const std::filesystem::path& folder) {
  Random random(1);
  std::vector<std::string> lines;
  for (std::uint64_t i = 0; i < count; ++i) lines.push_back(document(random, i));
  std::vector<record::Interaction> records;
  Collector collector{records};
  capture::RecordReader reader({});
  measure("decode log documents", count, [&] {
    for (const auto& line : lines) {
      reader.read({.bytes = line, .line = 1, .length = line.size()}, collector);
    }
    reader.finish(collector);
  });

  auto store = must(logstore::open_rocksdb_log_store(folder / "appended"));
  measure("append, 1,000 a batch, one sync each", count, [&] {
    for (std::size_t i = 0; i < records.size(); i += kBatch) {
      must(store->append(std::span(records).subspan(i, std::min(kBatch, records.size() - i))));
    }
  });
  measure("append the same again (all duplicates)", count, [&] {
    for (std::size_t i = 0; i < records.size(); i += kBatch) {
      must(store->append(std::span(records).subspan(i, std::min(kBatch, records.size() - i))));
    }
  });
  measure("list of workloads, 100 times", 100, [&] {
    for (int i = 0; i < 100; ++i) must(store->workloads());
  });
  const logstore::Selection workload{
      .workload = record::WorkloadId("w0"), .client = record::ClientId("bench"), .from = {}, .to = {}};
  const std::uint64_t third = (count + 2) / 3;
  measure("scan one workload and client, newest first", third, [&] { scan_all(*store, workload, third); });
  measure("scan one workload, newest first", third,
          [&] { scan_all(*store, {.workload = workload.workload, .client = {}, .from = {}, .to = {}}, third); });
  measure("scan everything, newest first", count, [&] { scan_all(*store, {}, count); });

  measure_sync(folder);
  for (const std::size_t writers : {1, 4, 64}) {
    auto singly = must(logstore::open_rocksdb_log_store(folder / ("singly" + std::to_string(writers))));
    const std::vector<record::Interaction> some(
        records.begin(), records.begin() + static_cast<std::ptrdiff_t>(std::min(records.size(), writers * 500)));
    const std::string what = "append singly, " + std::to_string(writers) + " waiting at a time";
    measure(what.c_str(), some.size(), [&] { append_singly(*singly, some, writers); });
  }

  std::ofstream file(folder / "lines.jsonl");
  for (const auto& line : lines) file << line << '\n';
  file.close();
  auto loaded = must(logstore::open_rocksdb_log_store(folder / "loaded"));
  auto quarantine = must(capture::Quarantine::open(folder / "quarantine"));
  const SystemClock clock;
  const capture::Redactor no_rules;
  capture::Loader loader(*loaded, *quarantine, clock, no_rules);
  measure("load the file", count,
          [&] { must(loader.load({(folder / "lines.jsonl").string()}, {}, Deadline::never())); });
}

}  // namespace
}  // namespace fw

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  if (count == 0 || argc > 3) {
    std::fprintf(stderr, "usage: %s [DOCUMENTS] [FOLDER]\n", argv[0]);
    return 2;
  }
  if (argc > 2) {
    fw::run(count, argv[2]);
    return 0;
  }
  const fw::io::TemporaryFolder folder("logstore-bench");
  fw::run(count, folder.path());
}
