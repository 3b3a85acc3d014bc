#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "dataset/builder.h"
#include "dataset/reasons.h"
#include "sample/sample.h"

// What the dataset step finds of faults planted in the sample's answers, all of which are right.
namespace fw::sample {
namespace {

using Json = nlohmann::ordered_json;

std::vector<record::Interaction> records_of(std::uint64_t count) {
  std::vector<record::Interaction> records;
  for (const std::string& line : generate({.count = count})) {
    const Json document = Json::parse(line, nullptr, false);
    if (!document.is_object() || !document.contains("response")) continue;
    const std::string id = "r" + std::to_string(records.size());
    records.push_back({record::RecordId(id), record::WorkloadId("router"), record::ClientId("demo"),
                       from_epoch_seconds(document.at("timestamp")), document.at("request").dump(),
                       document.at("response").dump()});
  }
  return records;
}

std::string tool_called(const record::Interaction& record) {
  const Json response = Json::parse(record.response);
  const Json& message = response.at("choices").at(0).at("message");
  return message.contains("tool_calls") ? message["tool_calls"][0]["function"]["name"].get<std::string>() : "";
}

struct Found {
  std::size_t planted = 0;  // in rows that may train
  std::size_t found = 0;    // of these
  std::size_t wrongly = 0;  // others that were left out
};

/// Builds the datasets with and without what looks wrong: what is missing from training was left out for it.
Found look(const std::vector<record::Interaction>& records, const std::set<std::string>& planted) {
  const auto trained = [&](dataset::SuspiciousAnswers what) {
    dataset::RecordsInMemory source(records);
    dataset::SplitSettings split;
    split.eval_size = 100;
    split.val_ratio = 0;
    split.keep_templates_together = false;
    split.suspicious_answers = what;
    const auto built =
        dataset::build({.workload = record::WorkloadId("router"), .records = source, .split = split, .seed = 7});
    EXPECT_TRUE(built.ok());
    std::set<std::string> ids;
    for (const auto& id : built->lineage.train) ids.insert(*id);
    return ids;
  };
  const auto all = trained(dataset::SuspiciousAnswers::kKeep);
  const auto left = trained(dataset::SuspiciousAnswers::kDrop);
  Found found;
  for (const std::string& id : all) {
    found.planted += planted.contains(id);
    if (left.contains(id)) continue;
    ++(planted.contains(id) ? found.found : found.wrongly);
  }
  return found;
}

TEST(PlantedNoise, RightAnswersAreLeftAlone) {
  const Found found = look(records_of(3000), {});
  EXPECT_LE(found.wrongly, 5U);
}

TEST(PlantedNoise, HalfOfTheCallsAreAnotherTools) {
  auto records = records_of(3000);
  const auto right = records;
  std::set<std::string> planted;
  Random random(1);
  for (auto& record : records) {
    if (tool_called(record).empty() || random.uniform() < 0.5) continue;
    const auto& other = right[random.below(right.size())];
    if (tool_called(other).empty() || tool_called(other) == tool_called(record)) continue;
    record.response = other.response;
    planted.insert(*record.id);
  }
  const Found found = look(records, planted);
  EXPECT_GE(static_cast<double>(found.found), 0.4 * static_cast<double>(found.planted));
  EXPECT_LE(static_cast<double>(found.wrongly), 0.05 * static_cast<double>(found.found));
}

TEST(PlantedNoise, ArgumentsOfAnotherSchema) {
  auto records = records_of(3000);
  std::set<std::string> planted;
  Random random(2);
  for (auto& record : records) {
    if (tool_called(record).empty() || random.uniform() < 0.9) continue;
    Json response = Json::parse(record.response);
    auto& function = response["choices"][0]["message"]["tool_calls"][0]["function"];
    const Json arguments = Json::parse(function["arguments"].get<std::string>(), nullptr, false);
    if (!arguments.is_object() || arguments.empty()) continue;
    Json drifted = Json::object();
    for (const auto& [name, value] : arguments.items()) drifted["the_" + name] = value;
    function["arguments"] = drifted.dump();
    record.response = response.dump();
    planted.insert(*record.id);
  }
  const Found found = look(records, planted);
  EXPECT_EQ(found.found, found.planted);
  EXPECT_LE(found.wrongly, 5U);
}

TEST(PlantedNoise, ValuesThatNobodySaid) {
  auto records = records_of(3000);
  std::set<std::string> planted;
  Random random(3);
  for (auto& record : records) {
    if (random.uniform() < 0.95) continue;
    Json response = Json::parse(record.response);
    Json& message = response["choices"][0]["message"];
    if (!message.contains("tool_calls")) continue;
    auto& function = message["tool_calls"][0]["function"];
    Json arguments = Json::parse(function["arguments"].get<std::string>(), nullptr, false);
    if (!arguments.is_object() || !arguments.contains("order_id")) continue;
    arguments["order_id"] = "Q-" + std::to_string(900'000 + records.size() + planted.size());
    function["arguments"] = arguments.dump();
    record.response = response.dump();
    planted.insert(*record.id);
  }
  const Found found = look(records, planted);
  ASSERT_GE(found.planted, 10U);
  EXPECT_EQ(found.found, found.planted);
  EXPECT_LE(found.wrongly, 5U);
}

/// Every so many records another application's are mixed in; all of them must be found.
void mix_in(std::size_t every) {
  auto records = records_of(3000);
  std::set<std::string> planted;
  for (std::size_t i = 0; i < records.size(); i += every) {
    const std::string number = std::to_string(i);
    Json tool{
        {"type", "function"},
        {"function", {{"name", "turn_lamp"}, {"parameters", {{"type", "object"}, {"properties", Json::object()}}}}}};
    records[i].request = Json{
        {"model", "m"},
        {"messages", {{{"role", "user"}, {"content", "Switch lamp " + number + " on"}}}},
        {"tools", {tool}}}.dump();
    records[i].response =
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"turn_lamp","arguments":"{}"}}]},"finish_reason":"tool_calls"}]})";
    planted.insert(*records[i].id);
  }
  const Found found = look(records, planted);
  EXPECT_EQ(found.found, found.planted);
  EXPECT_LE(found.wrongly, 5U);
}

TEST(PlantedNoise, AFewRecordsOfAnotherApplication) { mix_in(40); }

TEST(PlantedNoise, AFifthOfAnotherApplication) { mix_in(5); }

}  // namespace
}  // namespace fw::sample
