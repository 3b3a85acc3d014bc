// Planted leaks, whose number is known, in places where plain comparison of questions does not see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "dataset/tests/random_words.h"
#include "dataset/tests/traffic.h"
#include "dataset/verify.h"

namespace fw::dataset {
namespace {

using namespace testing_traffic;
using testing::HasSubstr;

/// Rows of which some leak into others.
class Planted {
 public:
  explicit Planted(std::uint64_t seed = 1) : random_(seed) {}

  std::string text(std::size_t words) { return random_text(random_, words); }
  std::string add(const Json& request, const Json& answer) {
    traffic_.add(request, reply(answer));
    return *traffic_.records().back().id;
  }
  std::string add(const std::string& system, const std::string& asked, const std::string& answer) {
    return add(request_of(Json::array({say("system", system), say("user", asked)})), say("assistant", answer));
  }
  /// The first, as an evaluation row, leaks into the second.
  void leak(const std::string& evaluated, const std::string& training) { leaks_[evaluated].insert(training); }

  /// Evaluation rows that leak into training.
  std::uint64_t leaks_in(const Lineage& lineage) const {
    std::set<std::string> trained;
    for (const auto* side : {&lineage.train, &lineage.validation}) {
      for (const auto& id : *side) trained.insert(*id);
    }
    return static_cast<std::uint64_t>(std::ranges::count_if(lineage.eval, [&](const record::RecordId& id) {
      const auto found = leaks_.find(*id);
      return found != leaks_.end() &&
             std::ranges::any_of(found->second, [&](const std::string& one) { return trained.contains(one); });
    }));
  }

  Result<BuiltDatasets> build(const SplitSettings& split, const IclSettings& icl = {}) {
    Random order(17);
    order.shuffle(traffic_.records());
    return build_of(traffic_.records(), split, 5, icl);
  }

 private:
  Random random_;
  Traffic traffic_;
  std::map<std::string, std::set<std::string>> leaks_;
};

/// Nothing is kept apart and nothing fails: what is found is what is there.
SplitSettings as_drawn() {
  SplitSettings split = small_split(60);
  split.keep_near_duplicates_apart = false;
  split.keep_templates_together = false;
  split.max_leaked_share = 1;
  split.max_answered_share = 1;
  return split;
}

SplitSettings apart() {
  SplitSettings split = as_drawn();
  split.keep_near_duplicates_apart = true;
  split.max_leaked_share = 0;
  return split;
}

VerifiedRows verified(const BuiltDatasets& built) {
  return verify_rows({.evaluation = built.eval.files[0].content,
                      .in_context = built.icl.files[0].content,
                      .training = built.train.files[0].content,
                      .validation = built.train.files[1].content},
                     0.8, Deadline::never())
      .value();
}

using Count = std::uint64_t Leak::*;

/// As many as were planted are counted, by the job and out of its files.
void expect_counted(Planted& planted, Count count) {
  const auto built = planted.build(as_drawn());
  ASSERT_TRUE(built.ok()) << built.error();
  const std::uint64_t there = planted.leaks_in(built->lineage);
  EXPECT_GT(there, 3U);
  EXPECT_EQ(built->card.leak.*count, there);
  EXPECT_EQ(verified(*built).leak.*count, there);
}

/// None is left where near-duplicates are kept apart.
void expect_kept_apart(Planted& planted, Count count) {
  const auto built = planted.build(apart());
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_EQ(planted.leaks_in(built->lineage), 0U);
  EXPECT_EQ(built->card.leak.*count, 0U);
  EXPECT_GT(step_of(built->card, "split").reasons.at("nearly an evaluation row"), 3U);
}

Planted documents_in_system_messages(const std::string& note) {
  Planted planted;
  const std::string asked = "Summarize the document for a busy reader.";
  for (int i = 0; i < 200; ++i) {
    const std::string document = planted.text(60);
    const auto add = [&](const std::string& said) {
      return planted.add(said + "\nDocument:\n" + document, asked, planted.text(12));
    };
    const std::string first = add("Retrieved on 2025-06-01.");
    if (i >= 80) continue;
    const std::string second = add(note);
    planted.leak(first, second);
    planted.leak(second, first);
  }
  return planted;
}

TEST(PlantedLeaks, ADocumentInTheSystemMessageUnderOneQuestion) {
  for (const char* note :
       {"Retrieved on 2025-06-09.", "Retrieved  on\n2025-06-01.", "Retrieved by Ann on 2025-06-09."}) {
    SCOPED_TRACE(note);
    Planted planted = documents_in_system_messages(note);
    expect_counted(planted, &Leak::eval_rows_near_training);
    expect_kept_apart(planted, &Leak::eval_rows_near_training);
  }
}

/// Pairs of rows of one question, written otherwise or under another system message.
using Change = std::function<void(std::string& system, std::string& asked, int i)>;
Planted pairs_of_one_question(const Change& change) {
  Planted planted;
  for (int i = 0; i < 150; ++i) {
    std::string system = "You help the customers of a shop.";
    std::string asked = "réservé für где " + planted.text(20);
    const std::string first = planted.add(system, asked, planted.text(1));
    if (i >= 60) continue;
    change(system, asked, i);
    const std::string second = planted.add(system, asked, planted.text(1));
    planted.leak(first, second);
    planted.leak(second, first);
  }
  return planted;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
  return text;
}

TEST(PlantedLeaks, OneQuestionWrittenOtherwise) {
  const std::vector<std::pair<const char*, Change>> changes{
      {"capitals",
       [](auto&, std::string& asked, int) { asked = "RÉSERVÉ FÜR ГДЕ" + asked.substr(asked.find(" ", 20)); }},
      {"no-break spaces", [](auto&, std::string& asked, int) { asked = replaced(asked, " ", "\u00A0"); }},
      {"guillemets", [](auto&, std::string& asked, int) { asked = replaced(asked, " ", "» «"); }},
      {"emoji", [](auto&, std::string& asked, int) { asked = replaced(asked, " ", "\U0001F642 "); }},
      {"soft hyphens", [](auto&, std::string& asked, int) { asked = replaced(asked, "ba", "b\u00ADa"); }},
      {"zero width", [](auto&, std::string& asked, int) { asked = replaced(asked, "e", "e\u200B"); }},
      {"full width",
       [](auto&, std::string& asked, int) { asked = replaced(replaced(asked, "a", "Ａ"), " ", "\u3000"); }},
      {"a date",
       [](std::string& system, auto&, int i) { system += " Today is June " + std::to_string(1 + i % 28) + ", 2025."; }},
      {"a time", [](std::string& system, auto&,
                    int i) { system += " Now: 2025-06-01T10:11:" + std::to_string(10 + i % 50) + "Z"; }},
      {"a customer",
       [](std::string& system, auto&, int i) { system += " The customer's number is " + std::to_string(9000 + i); }},
      {"no system message", [](std::string& system, auto&, int) { system = ""; }}};
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    Planted planted = pairs_of_one_question(change);
    expect_counted(planted, &Leak::eval_rows_near_training);
    expect_kept_apart(planted, &Leak::eval_rows_near_training);
  }
}

Planted questions_of_every_day(int questions, int others) {
  Planted planted;
  std::map<std::string, std::vector<std::string>> of_question;
  for (int i = 0; i < questions; ++i) {
    const std::string asked = planted.text(9);
    const std::string answer = planted.text(12);
    for (int day = 1; day <= 28; ++day) {
      const std::string system = "You are the assistant of a shop. Today is 2025-06-" + std::to_string(day) + ".";
      of_question[asked].push_back(planted.add(system, asked, answer));
    }
  }
  for (int i = 0; i < others; ++i) planted.add("You are the assistant of a shop.", planted.text(20), planted.text(12));
  for (const auto& [asked, rows] : of_question) {
    for (const auto& a : rows) {
      for (const auto& b : rows) planted.leak(a, b);
    }
  }
  return planted;
}

TEST(PlantedLeaks, OneQuestionThatIsAskedEveryDay) {
  Planted planted = questions_of_every_day(5, 400);
  expect_counted(planted, &Leak::eval_rows_near_training);
  expect_kept_apart(planted, &Leak::eval_rows_near_training);
}

TEST(PlantedLeaks, WhereAllAskTheSameTheJobSaysWhy) {
  Planted planted = questions_of_every_day(5, 0);
  const auto built = planted.build(apart());
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message, HasSubstr("ask what an evaluation row asks, but for dates and the like"));
}

TEST(PlantedLeaks, ClustersAreToldButForDates) {
  Planted planted;
  const auto system = [](int i) { return "You help. Today is June " + std::to_string(1 + i % 28) + ", 2025."; };
  for (int i = 0; i < 150; ++i) {
    const std::string asked = planted.text(20);
    planted.add(system(i), asked, planted.text(2));
    if (i < 60) planted.add(system(i + 1), asked, planted.text(2));
  }
  const auto built = planted.build(as_drawn());
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_EQ(built->card.near_duplicates.clusters, 60U);
}

TEST(PlantedLeaks, NoPromptHoldsTheRowsOwnQuestionAndAnswer) {
  for (const ExampleSelection selection : {ExampleSelection::kUniform, ExampleSelection::kSimilar}) {
    Planted planted = questions_of_every_day(15, 100);
    IclSettings icl;
    icl.selection = selection;
    const auto built = planted.build(as_drawn(), icl);
    ASSERT_TRUE(built.ok()) << built.error();
    EXPECT_GT(built->card.leak.eval_rows_near_training, 20U);
    EXPECT_EQ(built->card.leak.eval_rows_near_example, 0U);
    EXPECT_EQ(verified(*built).leak.eval_rows_near_example, 0U);
    std::size_t with_examples = 0;
    for (const Json& row : icl_rows(*built)) {
      const auto& messages = row["request"]["messages"];
      const auto system = messages[0]["content"].get<std::string>();
      with_examples += system.find("Example 1") != system.npos;
      EXPECT_EQ(system.find(messages.back()["content"].get<std::string>()), system.npos);
    }
    EXPECT_GT(with_examples, 0U);
  }
}

TEST(PlantedLeaks, NothingIsInventedWhereCustomersAskTheSame) {
  Planted planted;
  for (int i = 0; i < 300; ++i) {
    planted.add("You help customer " + std::to_string(5000 + i) + " of the bank, whose name is " + planted.text(2),
                i % 2 == 0 ? "What is my balance?" : "How much did I spend last month?", planted.text(2));
  }
  const auto built = planted.build(as_drawn());
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_EQ(built->card.leak.eval_rows_near_training, 0U);
  EXPECT_EQ(built->card.leak.eval_rows_request_in_training, 0U);
}

// Answers.

/// An evaluation row whose answer another row shows, in some way.
struct Shown {
  std::string system = "You help.";
  std::string asked;
  Json tools;
  std::vector<Json> history;
};
using Show = std::function<void(Planted& planted, const std::string& answer, Shown& other)>;

Planted shown_answers(const Show& show) {
  Planted planted;
  for (int i = 0; i < 150; ++i) {
    const std::string answer = planted.text(20);
    const std::string first = planted.add("You help.", planted.text(20), answer);
    if (i >= 60) continue;
    Shown other{.asked = planted.text(20), .tools = Json(), .history = {}};
    show(planted, answer, other);
    Json request = request_of(Json::array({say("system", other.system), say("user", other.asked)}));
    if (!other.tools.is_null()) request["tools"] = Json::array({other.tools});
    planted.leak(first, planted.add(request, say("assistant", planted.text(12))));
  }
  return planted;
}

TEST(PlantedLeaks, AnAnswerWhereverARowShowsIt) {
  const auto capitals = [](std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return text;
  };
  const std::vector<std::pair<const char*, Show>> shows{
      {"user", [](Planted&, const std::string& answer, Shown& row) { row.asked += answer; }},
      {"system", [](Planted&, const std::string& answer, Shown& row) { row.system += " Known: " + answer; }},
      {"capitals", [&](Planted&, const std::string& answer, Shown& row) { row.asked += capitals(answer); }},
      {"tool",
       [](Planted&, const std::string& answer, Shown& row) {
         row.tools = tool("look");
         row.tools["function"]["description"] = "Facts: " + answer;
       }},
      {"far", [](Planted&, const std::string& answer, Shown& row) {
         for (int i = 0; i < 20'000; ++i) row.asked += "pad word here ";
         row.asked += answer;
       }}};
  for (const auto& [what, show] : shows) {
    SCOPED_TRACE(what);
    Planted planted = shown_answers(show);
    expect_counted(planted, &Leak::eval_rows_own_answer_in_training);
  }
}

/// Mails that rows send, and that others have in their history.
using WriteCall = std::function<Json(const Json& arguments)>;
Planted mails(const WriteCall& write) {
  Planted planted;
  for (int i = 0; i < 150; ++i) {
    const Json mail{{"to", "a" + std::to_string(i) + "@example.com"},
                    {"subject", planted.text(6)},
                    {"body", "Dear Zoé " + planted.text(5) + "\n" + planted.text(12) + "\nBest"}};
    Json request = request_of(Json::array({say("user", planted.text(15))}));
    request["tools"] = Json::array({tool("send_mail")});
    const std::string first = planted.add(request, call("send_mail", mail));
    if (i >= 60) continue;
    const Json shown = write(mail);
    request["messages"] = Json::array({say("user", planted.text(15))});
    if (shown["role"] == "assistant") {
      request["messages"].push_back(shown);
      request["messages"].push_back({{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "ok"}});
      request["messages"].push_back(say("user", "thanks, and " + planted.text(6)));
    } else {
      request["messages"][0]["content"] = shown["content"].get<std::string>() + planted.text(15);
    }
    planted.leak(first, planted.add(request, say("assistant", planted.text(12))));
  }
  return planted;
}

TEST(PlantedLeaks, ACallByValueOrCopied) {
  const auto with_arguments = [](std::string text) {
    Json message = call("send_mail", Json::object());
    message["tool_calls"][0]["function"]["arguments"] = std::move(text);
    return message;
  };
  const std::vector<std::pair<const char*, WriteCall>> ways{
      {"equal", [&](const Json& mail) { return with_arguments(mail.dump()); }},
      {"escaped", [&](const Json& mail) { return with_arguments(mail.dump(-1, ' ', true)); }},
      {"other order",
       [&](const Json& mail) {
         return with_arguments(Json{{"body", mail["body"]}, {"to", mail["to"]}, {"subject", mail["subject"]}}.dump(2));
       }},
      {"pasted",
       [&](const Json& mail) {
         return say("user", "An earlier mail to " + mail["to"].get<std::string>() + ", subject: " +
                                mail["subject"].get<std::string>() + "\n" + mail["body"].get<std::string>() + "\n");
       }},
      {"pasted as JSON", [&](const Json& mail) { return say("user", "It was " + mail.dump(-1, ' ', true) + "\n"); }}};
  for (const auto& [what, write] : ways) {
    SCOPED_TRACE(what);
    Planted planted = mails(write);
    expect_counted(planted, &Leak::eval_rows_own_answer_in_training);
  }
}

TEST(PlantedLeaks, ADialogueThatIsCapturedThreeTimesIsNotHowTheWorkloadAnswers) {
  Planted planted;
  for (int dialogue = 0; dialogue < 40; ++dialogue) {
    std::vector<std::string> said;
    for (int i = 0; i < 8; ++i) said.push_back(planted.text(12));
    std::vector<std::vector<std::string>> captured(4);
    for (int capture = 0; capture < 3; ++capture) {
      for (std::size_t turn = 0; turn < 4; ++turn) {
        // The last two exchanges are all that the application sends.
        Json messages = Json::array({say("system", "You help. Case " + std::to_string(capture))});
        for (std::size_t i = turn < 2 ? 0 : 2 * turn - 2; i <= 2 * turn; ++i) {
          messages.push_back(say(i % 2 == 0 ? "user" : "assistant", said[i]));
        }
        captured[turn].push_back(planted.add(request_of(messages), say("assistant", said[2 * turn + 1])));
      }
    }
    for (std::size_t turn = 0; turn + 1 < 4; ++turn) {
      for (const auto& evaluated : captured[turn]) {
        for (const auto& training : captured[turn + 1]) planted.leak(evaluated, training);
        for (const auto& training : captured[turn]) planted.leak(evaluated, training);
      }
    }
  }
  const auto built = planted.build(as_drawn());
  ASSERT_TRUE(built.ok()) << built.error();
  EXPECT_GT(built->card.leak.eval_rows_own_answer_in_training, 10U);
  EXPECT_EQ(verified(*built).leak.eval_rows_own_answer_in_training, built->card.leak.eval_rows_own_answer_in_training);
}

// Requests.

Planted requests_inside_others() {
  Planted planted;
  for (int i = 0; i < 150; ++i) {
    const std::string asked = planted.text(20) + std::to_string(4711 + i) + ' ';
    const std::string first = planted.add("You help.", asked + "Reply in one word", "yes");
    if (i >= 80) continue;
    planted.leak(first, planted.add("You help.", planted.text(20) + "they wrote: " + asked + planted.text(30), "no"));
  }
  return planted;
}

TEST(PlantedLeaks, ARequestThatStandsWholeInAnotherRow) {
  Planted planted = requests_inside_others();
  expect_counted(planted, &Leak::eval_rows_request_in_training);
  expect_kept_apart(planted, &Leak::eval_rows_request_in_training);
  const auto drawn = planted.build(as_drawn()).value();
  const auto pair = std::ranges::find(drawn.card.leak.pairs, LeakPair::Kind::kHeldRequest, &LeakPair::kind);
  ASSERT_NE(pair, drawn.card.leak.pairs.end());
  EXPECT_FALSE(pair->training.text.empty());
  EXPECT_THAT(to_json(drawn.card.leak).dump(), HasSubstr(R"("kind":"held_request")"));
  SplitSettings strict = as_drawn();
  strict.max_leaked_share = 0.01;
  const auto failed = planted.build(strict);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("have a request that stands whole in a row of training, more than "
                                                "data_split_config.max_leaked_share (1"));
  EXPECT_THAT(failed.error().message, HasSubstr("the worst pair: records r"));
}

TEST(PlantedLeaks, ARequestWithAnotherNumberIsAnother) {
  Planted planted;
  for (int i = 0; i < 150; ++i) {
    const std::string asked = planted.text(20) + "my order has the number ";
    planted.add("You help.", asked + std::to_string(1000 + i), "yes");
    if (i < 80) planted.add("You help.", planted.text(40) + asked + std::to_string(3000 + i), "no");
  }
  EXPECT_EQ(planted.build(as_drawn()).value().card.leak.eval_rows_request_in_training, 0U);
}

}  // namespace
}  // namespace fw::dataset
