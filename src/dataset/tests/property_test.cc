// Random traffic against the promises of builder.h.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "dataset/impl/facts.h"
#include "dataset/tests/traffic.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;

/// Conversations of up to four turns, repeated requests, broken records, several tools, one system message per node.
class RandomTraffic {
 public:
  explicit RandomTraffic(std::uint64_t seed) : random_(seed) {}

  std::vector<record::Interaction> make() {
    const std::uint64_t conversations = 20 + random_.below(150);
    for (std::uint64_t c = 0; c < conversations; ++c) converse(c);
    auto& records = traffic_.records();
    const std::size_t repeats = records.size() / 5;
    for (std::size_t i = 0; i < repeats; ++i) {
      const record::Interaction again = records[random_.below(records.size())];
      traffic_.add_raw(again.request, again.response);
    }
    for (std::size_t i = 0; i < records.size() / 6; ++i) damage(records[random_.below(records.size())]);
    for (auto& record : records)
      record.timestamp = from_epoch_seconds(1'700'000'000 + static_cast<int>(random_.below(500)));
    return std::move(records);
  }

 private:
  void converse(std::uint64_t number) {
    Json messages = Json::array({say("system", "You route.")});
    const std::uint64_t turns = 1 + random_.below(4);
    for (std::uint64_t t = 0; t < turns; ++t) {
      messages.push_back(say("user", "c" + std::to_string(number / 2) + " t" + std::to_string(random_.below(3))));
      const std::uint64_t tool_number = random_.below(6);
      const Json answer = tool_number == 0 ? say("assistant", "ok " + std::to_string(random_.below(9)))
                                           : call("tool_" + std::to_string(tool_number), {{"n", random_.below(9)}});
      traffic_.add(request_of(messages), reply(answer));
      messages.push_back(answer);
    }
  }

  void damage(record::Interaction& record) {
    std::string& text = random_.below(2) == 0 ? record.request : record.response;
    if (random_.below(2) == 0) {
      text.resize(random_.below(text.size() + 1));
    } else if (!text.empty()) {
      text[random_.below(text.size())] = static_cast<char>(random_.below(256));
    }
  }

  Random random_;
  Traffic traffic_;
};

void expect_steps_add_up(const Card& card) {
  std::uint64_t in = card.steps.front().in;
  for (const Step& step : card.steps) {
    EXPECT_EQ(step.in, in) << step.name;
    in = step.out;
    for (const auto& [reason, count] : step.reasons) in += count;
    EXPECT_EQ(step.in, in) << step.name;
    in = step.out;
  }
}

void expect_no_repeated_request(const BuiltDatasets& built) {
  FactsReader reader(true);
  const auto key_of = [&](const Json& request) {
    return reader.read(request.dump(), reply(say("assistant", "x")).dump()).request;
  };
  std::set<std::uint64_t> keys;
  for (const Json& row : eval_rows(built)) EXPECT_TRUE(keys.insert(key_of(row["request"])).second);
  for (auto rows : {train_rows(built), validation_rows(built)}) {
    for (Json& row : rows) {
      row["messages"].erase(row["messages"].size() - 1);
      EXPECT_TRUE(keys.insert(key_of(row)).second);
    }
  }
}

void expect_counts_agree(const BuiltDatasets& built) {
  const Card& card = built.card;
  std::uint64_t eval = 0, train = 0, validation = 0;
  for (const ClassCounts& c : card.classes) {
    eval += c.eval;
    train += c.train;
    validation += c.validation;
  }
  EXPECT_EQ(eval, built.lineage.eval.size());
  EXPECT_EQ(eval, eval_rows(built).size());
  EXPECT_EQ(eval, icl_rows(built).size());
  EXPECT_EQ(train, train_rows(built).size());
  EXPECT_EQ(validation, validation_rows(built).size());
  EXPECT_EQ(step_of(card, "split").out, eval + train + validation);
  EXPECT_EQ(card.leak.conversations_on_two_sides, 0u);
  EXPECT_EQ(card.leak.requests_on_two_sides, 0u);
}

TEST(AnyTraffic, KeepsThePromisesOfTheBuilder) {
  int built_runs = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    auto records = RandomTraffic(seed).make();
    Random random(seed);
    SplitSettings split = small_split(1 + random.below(20));
    split.val_ratio = random.uniform() * 0.3;
    split.newest_holdout = random.below(2) == 0 ? 0 : 0.2;
    if (random.below(2) == 0) split.limit = 20 + random.below(200);
    const auto built = build_of(records, split, seed);
    if (!built.ok()) {
      EXPECT_EQ(built.error().code, ErrorCode::kFailedPrecondition) << built.error();
      continue;
    }
    ++built_runs;
    expect_steps_add_up(built->card);
    expect_counts_agree(*built);
    expect_no_repeated_request(*built);
    EXPECT_EQ(built->eval.num_records, std::min<std::uint64_t>(split.eval_size, step_of(built->card, "sample").out));

    random.shuffle(records);
    const auto again = build_of(records, split, seed).value();
    EXPECT_EQ(again.eval.files[0].content, built->eval.files[0].content);
    EXPECT_EQ(again.icl.files[0].content, built->icl.files[0].content);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(again.train.files[i].content, built->train.files[i].content);
    EXPECT_EQ(to_json(again.card), to_json(built->card));
  }
  EXPECT_GT(built_runs, 20);
}

}  // namespace
}  // namespace fw::dataset
