// The dataset step over records that lie in the real store, RocksDB: time, memory, and how fast a cancel ends it. One
// process a measurement, so that memory is that of what is measured, the store's caches included.
//   dataset_step_bench fill FOLDER RECORDS     records of 3 KB
//   dataset_step_bench make FOLDER [LIMIT]     makes the datasets in memory, as a run does before it stores them
//   dataset_step_bench cancel FOLDER [SECONDS] cancels after so long; times the end

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "dataset/builder.h"
#include "logstore/rocksdb/rocksdb_log_store.h"
#include "runs/impl/logged_records.h"

namespace fw {
namespace {

constexpr std::size_t kBatch = 1000;
constexpr int kTools = 6;

template <class T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

/// Tool calls: a system prompt and tools of 2 KB that all records share, a question of its own words, a call with an
/// id.
class Traffic {
 public:
  Traffic() {
    for (int t = 0; t < kTools; ++t) {
      tools_ += std::string(t > 0 ? "," : "") + R"({"type":"function","function":{"name":"tool_)" + std::to_string(t) +
                R"(","description":")" + words(150) +
                R"(","parameters":{"type":"object","properties":{"id":{"type":"string"}}}}})";
    }
    system_ = words(1000);
  }
  record::Interaction record(std::uint64_t number) {
    const std::string id = "A-" + std::to_string(number * 7 + 10'000);
    return {
        .id = record::RecordId("r" + std::to_string(number)),
        .workload = record::WorkloadId("bench"),
        .client = record::ClientId("bench"),
        .timestamp = from_epoch_seconds(1'700'000'000 + static_cast<std::int64_t>(number)),
        .request = R"({"model":"big","messages":[{"role":"system","content":")" + system_ +
                   R"("},{"role":"user","content":"Please look after )" + id + " for me: " + words(150) +
                   R"("}],"tools":[)" + tools_ + "]}",
        .response = R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
                    R"("content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"tool_)" +
                    std::to_string(random_.below(kTools)) + R"(","arguments":"{\"id\":\")" + id +
                    R"(\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":700,"completion_tokens":20}})"};
  }

 private:
  std::string words(std::size_t bytes) {
    static constexpr const char* kWords[] = {"order",    "customer", "refund",  "please", "status", "invoice",
                                             "shipping", "change",   "address", "number", "today",  "again"};
    std::string out;
    while (out.size() < bytes) out += std::string(kWords[random_.below(std::size(kWords))]) + ' ';
    return out;
  }
  Random random_{1};
  std::string tools_, system_;
};

void fill(const std::filesystem::path& folder, std::uint64_t count) {
  auto store = must(logstore::open_rocksdb_log_store(folder));
  Traffic traffic;
  std::uint64_t bytes = 0;
  std::vector<record::Interaction> batch;
  for (std::uint64_t i = 0; i < count; ++i) {
    batch.push_back(traffic.record(i));
    bytes += batch.back().request.size() + batch.back().response.size();
    if (batch.size() < kBatch && i + 1 < count) continue;
    must(store->append(batch));
    batch.clear();
  }
  std::printf("%llu records, %.0f bytes each\n", static_cast<unsigned long long>(count), double(bytes) / double(count));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

rusage usage() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

Result<dataset::BuiltDatasets> make(logstore::LogStore& store, std::optional<std::uint64_t> limit, Deadline deadline) {
  runs::LoggedRecords records(store, record::WorkloadId("bench"), record::ClientId("bench"), deadline);
  dataset::BuildRequest request{
      .workload = record::WorkloadId("bench"), .records = records, .seed = 7, .deadline = deadline};
  if (limit) request.split.limit = limit;
  return dataset::build(request);
}

void measure(const std::filesystem::path& folder, std::optional<std::uint64_t> limit) {
  auto store = must(logstore::open_rocksdb_log_store(folder));
  const rusage before = usage();
  const Instant start = kernel_now();
  const auto built = must(make(*store, limit, Deadline::never()));
  const double wall = to_seconds(kernel_now() - start);
  const rusage after = usage();
  std::printf(
      "%llu of %llu records; user %.2f s, system %.2f s, clock %.2f s; memory at its highest %.0f MB (%.0f before)\n",
      static_cast<unsigned long long>(built.lineage.eval.size() + built.lineage.train.size() +
                                      built.lineage.validation.size()),
      static_cast<unsigned long long>(built.card.steps.front().in), seconds(after.ru_utime) - seconds(before.ru_utime),
      seconds(after.ru_stime) - seconds(before.ru_stime), wall, double(after.ru_maxrss) / 1024,
      double(before.ru_maxrss) / 1024);
}

void cancel(const std::filesystem::path& folder, double after) {
  auto store = must(logstore::open_rocksdb_log_store(folder));
  std::stop_source source;
  Instant asked;
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::duration<double>(after));
    asked = kernel_now();
    source.request_stop();
  });
  const auto built = make(*store, 20'000, Deadline::when_stopped(source.get_token()));
  const Instant ended = kernel_now();
  if (built.ok()) {
    std::printf("it was done before %.1f s\n", after);
  } else {
    std::printf("cancelled after %.1f s; ended %.3f s later: %s\n", after, to_seconds(ended - asked),
                built.error().message.c_str());
  }
}

}  // namespace
}  // namespace fw

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what == "fill" && argc == 4) {
    fw::fill(argv[2], std::strtoull(argv[3], nullptr, 10));
  } else if (what == "make" && argc <= 4) {
    fw::measure(argv[2], argc > 3 ? std::optional<std::uint64_t>(std::strtoull(argv[3], nullptr, 10)) : std::nullopt);
  } else if (what == "cancel" && argc <= 4) {
    fw::cancel(argv[2], argc > 3 ? std::strtod(argv[3], nullptr) : 1.0);
  } else {
    std::fprintf(stderr, "usage: %s fill FOLDER RECORDS | make FOLDER [LIMIT] | cancel FOLDER [SECONDS]\n", argv[0]);
    return 2;
  }
}
