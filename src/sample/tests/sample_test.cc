#include "sample/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "sample/impl/domain.h"

namespace fw::sample {
namespace {

using Json = nlohmann::json;

struct Log {
  std::vector<Json> good;
  std::vector<std::int64_t> times;  // of every line that is JSON
  NoiseCounts seen;
};

// What was asked, without the ids that a repeated request gets anew.
std::string question(Json messages) {
  for (Json& message : messages) {
    message.erase("tool_call_id");
    if (message.contains("tool_calls")) message["tool_calls"][0].erase("id");
  }
  return messages.dump();
}

const Json* first_call(const Json& doc) {
  const Json& message = doc["response"]["choices"][0]["message"];
  return message.contains("tool_calls") ? &message["tool_calls"][0]["function"] : nullptr;
}

// Sorts lines by what a reader can see in them, not by what the generator meant.
Log read(const std::vector<std::string>& lines) {
  Log log;
  std::set<std::string> asked;
  for (const std::string& line : lines) {
    const Json doc = Json::parse(line, nullptr, false);
    if (doc.is_discarded()) {
      ++log.seen.truncated_lines;
      continue;
    }
    log.times.push_back(doc["timestamp"].get<std::int64_t>());
    if (!doc.contains("response")) {
      ++log.seen.missing_response;
    } else if (doc["request"]["messages"].empty()) {
      ++log.seen.empty_messages;
    } else if (const Json* call = first_call(doc); call && !Json::accept((*call)["arguments"].get<std::string>())) {
      ++log.seen.broken_arguments;
    } else if (!asked.insert(question(doc["request"]["messages"])).second) {
      ++log.seen.duplicates;
    } else {
      log.good.push_back(doc);
    }
  }
  return log;
}

const Log& router_log() {
  static const Log log = read(generate({.workload = Workload::kRouter, .count = 900, .seed = 1}));
  return log;
}

std::string last_user_text(const Json& doc) { return doc["request"]["messages"].back()["content"].get<std::string>(); }

std::regex pattern_of(std::string_view text) {
  static const std::map<std::string, std::string> kShapes{{"order_id", "[A-D]-[0-9]{5}"},
                                                          {"item", "[0-9]{4}"},
                                                          {"max_price", "[0-9]+"},
                                                          {"hour", "[0-9]{2}"},
                                                          {"phone", "[0-9]{3,4} [0-9 ]+"}};
  std::string pattern = std::regex_replace(std::string(text), std::regex(R"([.?+*()])"), R"(\$&)");
  for (const auto& [slot, shape] : kShapes) pattern = std::regex_replace(pattern, std::regex("<" + slot + ">"), shape);
  return std::regex(std::regex_replace(pattern, std::regex("<[a-z_]+>"), "[A-Za-z ]+"), std::regex::optimize);
}

// The wordings that could have made the text.
std::vector<const Wording*> wordings_of(const std::string& text) {
  static const auto patterns = [] {
    std::vector<std::pair<const Wording*, std::regex>> out;
    for (const Wording& wording : shop_domain().wordings) out.emplace_back(&wording, pattern_of(wording.text));
    return out;
  }();
  std::vector<const Wording*> out;
  for (const auto& [wording, pattern] : patterns) {
    if (std::regex_match(text, pattern)) out.push_back(wording);
  }
  return out;
}

bool is_late(const std::string& text) {
  const auto wordings = wordings_of(text);
  return !wordings.empty() && std::ranges::all_of(wordings, &Wording::late);
}

std::string label(const Json& doc) {
  const Json* call = first_call(doc);
  return call == nullptr ? "no_tool" : (*call)["name"].get<std::string>();
}

TEST(SampleWordings, AreAtLeastNinetyAndAFifthOfThemIsLate) {
  const auto wordings = shop_domain().wordings;
  const auto late = static_cast<double>(std::ranges::count_if(wordings, &Wording::late));
  EXPECT_GE(wordings.size(), 90U);
  EXPECT_NEAR(late / static_cast<double>(wordings.size()), 0.2, 0.02);
}

TEST(SampleWordings, NinetyOfThemOccurInARouterLog) {
  std::set<const Wording*> seen;
  for (const Json& doc : router_log().good) {
    const auto wordings = wordings_of(last_user_text(doc));
    ASSERT_FALSE(wordings.empty()) << last_user_text(doc);
    seen.insert(wordings.front());
  }
  EXPECT_GE(seen.size(), 90U);
}

TEST(SampleTimes, AreInOrderAndFillTheSpanExactly) {
  const SampleSettings defaults;
  EXPECT_TRUE(std::ranges::is_sorted(router_log().times));
  EXPECT_EQ(router_log().times.front(), defaults.start);
  EXPECT_EQ(router_log().times.back(), defaults.start + defaults.span_seconds);
}

TEST(SampleTimes, LateWordingsFillSixtyPercentOfTheNewestTenthAndNothingElse) {
  double newest = 0;
  double late = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Log log = read(generate({.count = 900, .seed = seed}));
    const double begin = 0.9 * static_cast<double>(log.times.back() - log.times.front());
    for (const Json& doc : log.good) {
      const bool is_new = static_cast<double>(doc["timestamp"].get<std::int64_t>() - log.times.front()) >= begin;
      if (is_late(last_user_text(doc))) {
        EXPECT_TRUE(is_new) << last_user_text(doc);
        ++late;
      }
      if (is_new) ++newest;
    }
  }
  EXPECT_NEAR(newest / 5, 88, 8);
  EXPECT_NEAR(late / newest, 0.6, 0.05);
}

TEST(SampleNoise, IsExactlyWhatWasPlanned) {
  for (const Workload workload : {Workload::kRouter, Workload::kRewriter, Workload::kWriter}) {
    for (const std::uint64_t count : {1U, 20U, 33U, 900U, 3000U}) {
      const SampleSettings settings{.workload = workload, .count = count, .seed = 3};
      const auto lines = generate(settings);
      EXPECT_EQ(lines.size(), count);
      EXPECT_EQ(read(lines).seen, planned_noise(settings)) << to_string(workload) << " " << count;
    }
  }
}

TEST(SampleNoise, IsASingleDigitPercentage) {
  const NoiseCounts noise = planned_noise({.count = 1000});
  EXPECT_EQ(noise, (NoiseCounts{30, 8, 8, 8, 8}));
}

TEST(SampleGenerator, GivesTheSameBytesForASeedAndOthersForAnother) {
  const SampleSettings settings{.count = 200, .seed = 5};
  EXPECT_EQ(generate(settings), generate(settings));
  SampleSettings other = settings;
  other.seed = 6;
  EXPECT_NE(generate(settings), generate(other));
}

TEST(SampleGenerator, KeepsTheShareWithoutToolWhenShortMessagesRunOut) {
  const Log log = read(generate({.count = 6'000, .seed = 2}));
  const auto without = std::ranges::count(log.good, std::string("no_tool"), label);
  EXPECT_EQ(log.seen, planned_noise({.count = 6'000}));
  EXPECT_NEAR(static_cast<double>(without) / static_cast<double>(log.good.size()), 0.15, 0.02);
}

TEST(SampleRouter, ArgumentsObeyTheSchemaOfTheirTool) {
  for (const Json& doc : router_log().good) {
    const Json* call = first_call(doc);
    if (call == nullptr) continue;
    const auto tool = std::ranges::find(doc["request"]["tools"], (*call)["name"],
                                        [](const Json& t) { return t["function"]["name"]; });
    ASSERT_NE(tool, doc["request"]["tools"].end());
    const Json& schema = (*tool)["function"]["parameters"];
    const Json arguments = Json::parse((*call)["arguments"].get<std::string>());
    for (const Json& name : schema["required"]) EXPECT_TRUE(arguments.contains(name.get<std::string>())) << *call;
    for (const auto& [name, value] : arguments.items()) {
      ASSERT_TRUE(schema["properties"].contains(name)) << *call;
      const Json& property = schema["properties"][name];
      EXPECT_EQ(property["type"] == "integer", value.is_number_integer()) << *call;
      if (property.contains("enum")) EXPECT_TRUE(std::ranges::count(property["enum"], value) == 1) << *call;
    }
  }
}

// Nothing in an answer comes from nowhere: apart from a few implied enumeration values, every argument was said.
TEST(SampleRouter, ArgumentsStandInTheConversation) {
  std::size_t unsaid = 0;
  for (const Json& doc : router_log().good) {
    const Json* call = first_call(doc);
    if (call == nullptr) continue;
    std::string said;
    for (const Json& message : doc["request"]["messages"]) {
      if (message["role"] == "user") said += message["content"].get<std::string>() + "\n";
    }
    for (const Json& value : Json::parse((*call)["arguments"].get<std::string>())) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      if (said.find(text) != said.npos) continue;
      ++unsaid;
      EXPECT_EQ((*call)["name"], "return_item") << *call;
    }
  }
  EXPECT_LT(unsaid, router_log().good.size() / 20);
}

TEST(SampleRouter, HasSixToolsOneOfThemRareAndFifteenPercentWithoutTool) {
  std::map<std::string, double> share;
  for (const Json& doc : router_log().good) share[label(doc)] += 1.0 / static_cast<double>(router_log().good.size());
  EXPECT_EQ(share.size(), 7U);
  EXPECT_NEAR(share["no_tool"], 0.15, 0.02);
  EXPECT_NEAR(share["plan_callback"], 0.02, 0.015);
  for (const char* name : {"get_order", "search_products", "check_stock", "return_item", "delivery_note"}) {
    EXPECT_GT(share[name], 0.08) << name;
  }
}

TEST(SampleRouter, RowsShareTheirBeginningAndToolsAreSmall) {
  const Json& first = router_log().good.front()["request"];
  for (const Json& doc : router_log().good) {
    ASSERT_EQ(doc["request"]["messages"][0], first["messages"][0]);
    ASSERT_EQ(doc["request"]["tools"], first["tools"]);
  }
  EXPECT_EQ(first["tools"].size(), 6U);
  for (const Json& tool : first["tools"]) EXPECT_LE(tool["function"]["parameters"]["properties"].size(), 8U);
}

TEST(SampleRouter, AQuarterOfTheRowsGoOnWithAConversation) {
  std::size_t longer = 0;
  for (const Json& doc : router_log().good) {
    std::size_t open_calls = 0;
    std::size_t questions = 0;
    for (const Json& message : doc["request"]["messages"]) {
      if (message["role"] == "user") ++questions;
      if (message.contains("tool_calls")) {
        ++open_calls;
        EXPECT_TRUE(Json::accept(message["tool_calls"][0]["function"]["arguments"].get<std::string>()));
      }
      if (message["role"] == "tool") {
        --open_calls;
        EXPECT_TRUE(Json::accept(message["content"].get<std::string>())) << message;
      }
    }
    EXPECT_EQ(open_calls, 0U);
    if (questions > 1) ++longer;
  }
  EXPECT_NEAR(static_cast<double>(longer) / static_cast<double>(router_log().good.size()), 0.27, 0.05);
}

TEST(SampleDocuments, HaveTheBlueprintsFields) {
  for (const Workload workload : {Workload::kRouter, Workload::kRewriter, Workload::kWriter}) {
    for (const Json& doc : read(generate({.workload = workload, .count = 100, .client = "shop"})).good) {
      EXPECT_EQ(doc["workload_id"], to_string(workload));
      EXPECT_EQ(doc["client_id"], "shop");
      const Json& choice = doc["response"]["choices"][0];
      EXPECT_EQ(choice["finish_reason"], first_call(doc) != nullptr ? "tool_calls" : "stop");
      EXPECT_EQ(choice["message"]["content"].is_null(), first_call(doc) != nullptr);
      const Json& usage = doc["response"]["usage"];
      EXPECT_EQ(usage["prompt_tokens"].get<int>() + usage["completion_tokens"].get<int>(), usage["total_tokens"]);
      EXPECT_EQ(doc["request"].contains("tools"), workload == Workload::kRouter);
    }
  }
}

TEST(SampleRewriter, AnswersNameWhatTheLastMessageLeavesOut) {
  std::size_t rewritten = 0;
  for (const Json& doc : read(generate({.workload = Workload::kRewriter, .count = 300})).good) {
    ASSERT_GE(doc["request"]["messages"].size(), 4U);
    const std::string answer = doc["response"]["choices"][0]["message"]["content"].get<std::string>();
    EXPECT_EQ(answer.find('<'), answer.npos);
    if (answer != last_user_text(doc)) ++rewritten;
  }
  EXPECT_GT(rewritten, 100U);
}

TEST(ParseWorkload, NamesTheWorkloadsThereAre) {
  EXPECT_EQ(*parse_workload("writer"), Workload::kWriter);
  EXPECT_NE(parse_workload("wirter").error().message.find("router, rewriter, writer"), std::string::npos);
}

}  // namespace
}  // namespace fw::sample
