// Builds the datasets of a file of log documents, or of generated ones: `build_bench 100000`, `build_bench FILE.jsonl`.

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "dataset/builder.h"
#include "record/record_id.h"

namespace {

using namespace fw;
using Json = nlohmann::ordered_json;

record::Interaction record_of(const std::string& line, const Json& document, std::uint64_t number) {
  const record::WorkloadId workload(document.value("workload_id", "bench"));
  const record::ClientId client(document.value("client_id", "bench"));
  return {record::content_id(workload, client, line, number),
          workload,
          client,
          from_epoch_seconds(document.value("timestamp", std::int64_t{0})),
          document.value("request", Json()).dump(),
          document.value("response", Json()).dump()};
}

/// Records of 3 KB that are made when they are read, so that the figures are the builder's own.
class GeneratedRecords final : public dataset::RecordSource {
 public:
  explicit GeneratedRecords(std::uint64_t count) : count_(count) {
    for (int t = 0; t < 6; ++t) {
      tools_.push_back({{"type", "function"},
                        {"function",
                         {{"name", "tool_" + std::to_string(t)},
                          {"description", std::string(160, 'd')},
                          {"parameters", {{"type", "object"}, {"properties", {{"id", {{"type", "string"}}}}}}}}}});
    }
    const Json request{{"model", "big"},
                       {"messages",
                        {{{"role", "system"}, {"content", std::string(1000, 's')}},
                         {{"role", "user"}, {"content", "Please look after @ID@ for me today"}}}},
                       {"tools", tools_}};
    const Json call{
        {"id", "call"}, {"type", "function"}, {"function", {{"name", "@TOOL@"}, {"arguments", R"({"id":"@ID@"})"}}}};
    const Json response{
        {"choices", {{{"message", {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}}}}}}};
    request_ = request.dump();
    response_ = response.dump();
  }

  Status scan(const Visit& visit) override {
    std::vector<record::Interaction> page;
    for (std::uint64_t i = 0; i < count_; ++i) {
      page.push_back(make(i));
      if (page.size() < 1000 && i + 1 < count_) continue;
      FW_TRY(visit(page));
      page.clear();
    }
    return {};
  }
  Status read(std::span<const record::RecordId> ids, const Visit& visit) override {
    std::vector<record::Interaction> page;
    for (const auto& id : ids) {
      page.push_back(make(std::strtoull(id->c_str(), nullptr, 10)));
      if (page.size() < 500 && &id != &ids.back()) continue;
      FW_TRY(visit(page));
      page.clear();
    }
    return {};
  }

 private:
  static std::string filled(std::string text, const std::string& slot, const std::string& value) {
    for (auto at = text.find(slot); at != std::string::npos; at = text.find(slot)) text.replace(at, slot.size(), value);
    return text;
  }
  record::Interaction make(std::uint64_t i) const {
    const std::string id = "A-" + std::to_string(Random::for_purpose(i, "bench").below(count_ * 4));
    return {record::RecordId(std::to_string(i)),
            record::WorkloadId("bench"),
            record::ClientId("bench"),
            from_epoch_seconds(static_cast<std::int64_t>(i)),
            filled(request_, "@ID@", id),
            filled(filled(response_, "@ID@", id), "@TOOL@", "tool_" + std::to_string(i % 6))};
  }

  std::uint64_t count_;
  Json tools_ = Json::array();
  std::string request_;
  std::string response_;
};

std::vector<record::Interaction> read(const char* path) {
  std::vector<record::Interaction> records;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Json document = Json::parse(line, nullptr, false);  // lines that the loader would put aside
    if (document.is_object()) records.push_back(record_of(line, document, records.size()));
  }
  return records;
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s COUNT|FILE [LIMIT [EVAL_SIZE [OUTPUT_FOLDER]]]\n", argv[0]);
    return 2;
  }
  const std::uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const auto records = count > 0 ? std::vector<record::Interaction>() : read(argv[1]);
  GeneratedRecords generated(count);
  dataset::RecordsInMemory in_memory(records);
  dataset::RecordSource& source =
      count > 0 ? static_cast<dataset::RecordSource&>(generated) : static_cast<dataset::RecordSource&>(in_memory);

  std::uint64_t read_records = 0;
  dataset::BuildRequest request{.workload = record::WorkloadId("bench"), .records = source, .seed = 7};
  request.split.eval_size = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 110;
  if (argc > 2) request.split.limit = std::strtoull(argv[2], nullptr, 10);
  request.on_progress = [&](const dataset::BuildProgress& progress) { read_records = progress.records_read; };
  const double before = peak_megabytes();
  const auto start = std::chrono::steady_clock::now();
  const auto built = dataset::build(request);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!built.ok()) {
    std::fprintf(stderr, "%s\n", built.error().message.c_str());
    return 1;
  }
  std::printf("%s\n%llu records, %.3f s, %.0f records/s, peak %.0f MB (%.0f MB before)\n",
              to_json(built->card).dump(2).c_str(), static_cast<unsigned long long>(read_records), took.count(),
              static_cast<double>(read_records) / took.count(), peak_megabytes(), before);
  if (argc < 5) return 0;
  for (const auto* dataset : {&built->eval, &built->icl, &built->train}) {
    for (const auto& file : dataset->files) {
      std::string name = dataset->name + '_' + file.path;
      for (char& c : name) c = c == '/' ? '_' : c;
      std::ofstream(std::string(argv[4]) + '/' + name) << file.content;
    }
  }
}
