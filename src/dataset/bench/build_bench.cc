// Builds the datasets of a file of log documents, or of generated ones: `build_bench 100000`, `build_bench FILE.jsonl`.

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

std::vector<record::Interaction> generate(std::uint64_t count) {
  Random random(1);
  std::vector<record::Interaction> records;
  Json tools = Json::array();
  for (int t = 0; t < 6; ++t) {
    tools.push_back({{"type", "function"},
                     {"function",
                      {{"name", "tool_" + std::to_string(t)},
                       {"description", std::string(120, 'd')},
                       {"parameters", {{"type", "object"}, {"properties", {{"id", {{"type", "string"}}}}}}}}}});
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string id = "A-" + std::to_string(random.below(count * 4));
    const Json request{{"model", "big"},
                       {"messages",
                        {{{"role", "system"}, {"content", std::string(800, 's')}},
                         {{"role", "user"}, {"content", "Please look after " + id + " for me today"}}}},
                       {"tools", tools}};
    const Json call{
        {"id", "call"},
        {"type", "function"},
        {"function", {{"name", "tool_" + std::to_string(random.below(6))}, {"arguments", Json{{"id", id}}.dump()}}}};
    const Json response{
        {"choices", {{{"message", {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {call}}}}}}}};
    records.push_back({record::RecordId(std::to_string(i)), record::WorkloadId("bench"), record::ClientId("bench"),
                       from_epoch_seconds(static_cast<std::int64_t>(i)), request.dump(), response.dump()});
  }
  return records;
}

std::vector<record::Interaction> read(const char* path) {
  std::vector<record::Interaction> records;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const Json document = Json::parse(line, nullptr, false);  // lines that the loader would put aside
    if (document.is_object()) records.push_back(record_of(line, document, records.size()));
  }
  return records;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s COUNT|FILE [OUTPUT_FOLDER]\n", argv[0]);
    return 2;
  }
  const std::uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const auto records = count > 0 ? generate(count) : read(argv[1]);
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += record.request.size() + record.response.size();

  dataset::BuildRequest request{.workload = record::WorkloadId("bench"), .records = records, .seed = 7};
  request.split.eval_size = 110;
  request.split.newest_holdout = 0.1;
  const auto start = std::chrono::steady_clock::now();
  const auto built = dataset::build(request);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (!built.ok()) {
    std::fprintf(stderr, "%s\n", built.error().message.c_str());
    return 1;
  }
  std::printf("%s\n%zu records, %.1f MB, %.3f s, %.0f records/s\n", to_json(built->card).dump(2).c_str(),
              records.size(), static_cast<double>(bytes) / 1e6, took.count(),
              static_cast<double>(records.size()) / took.count());
  if (argc < 3) return 0;
  for (const auto* dataset : {&built->eval, &built->icl, &built->train}) {
    for (const auto& file : dataset->files) {
      std::string name = dataset->name + '_' + file.path;
      for (char& c : name) c = c == '/' ? '_' : c;
      std::ofstream(std::string(argv[2]) + '/' + name) << file.content;
    }
  }
}
