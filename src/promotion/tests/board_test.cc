#include "promotion/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace fw::promotion {
namespace {

using testing::HasSubstr;

constexpr Stage kAllStages[] = {Stage::kProposed, Stage::kSignedOff, Stage::kShadow,   Stage::kCanary,
                                Stage::kLive,     Stage::kRetired,   Stage::kRejected, Stage::kRolledBack};
constexpr Action kAllActions[] = {Action::kSign,        Action::kChange,   Action::kStartShadow,
                                  Action::kStartCanary, Action::kAdvance,  Action::kGoLive,
                                  Action::kReject,      Action::kRollBack, Action::kRetire};

Candidate candidate(const std::string& workload = "router") {
  return {.workload = workload,
          .client = "demo",
          .job = "j1",
          .model = "small",
          .variant = "customized-eval",
          .digests = {{"base", "aa"}, {"adapter", "bb"}}};
}

/// A board and the log behind it, in memory.
class Desk {
 public:
  explicit Desk(Rules rules = {}) : board(std::move(rules)) {}

  Status take(Result<audit::Event> event) {
    if (!event.ok()) return event.error();
    entries.push_back({.number = entries.size() + 1, .at = from_epoch_seconds(1'790'000'000 + now++), .event = *event});
    return board.apply(entries.back());
  }
  Status propose(const std::string& id, const std::string& workload = "router") {
    return take(board.propose(id, candidate(workload), "ada", "better"));
  }
  Status sign(const std::string& id, const std::string& person = "bob") {
    return take(board.sign(id, digest_of(board.find(id)->candidate.digests), person, ""));
  }
  Status act(const std::string& id, Action action) { return take(board.decide(id, action, "op", "")); }
  Stage stage(const std::string& id) const { return board.find(id)->stage; }

  Board board;
  std::vector<audit::Entry> entries;
  std::int64_t now = 0;
};

TEST(Stages, EveryStepFromEveryStageIsAsTheTableSays) {
  const std::set<std::pair<Stage, Action>> legal = {
      {Stage::kProposed, Action::kSign},         {Stage::kProposed, Action::kChange},
      {Stage::kProposed, Action::kReject},       {Stage::kSignedOff, Action::kChange},
      {Stage::kSignedOff, Action::kReject},      {Stage::kSignedOff, Action::kStartShadow},
      {Stage::kSignedOff, Action::kStartCanary}, {Stage::kShadow, Action::kStartCanary},
      {Stage::kShadow, Action::kChange},         {Stage::kShadow, Action::kRollBack},
      {Stage::kCanary, Action::kAdvance},        {Stage::kCanary, Action::kGoLive},
      {Stage::kCanary, Action::kChange},         {Stage::kCanary, Action::kRollBack},
      {Stage::kLive, Action::kRetire},           {Stage::kLive, Action::kChange},
      {Stage::kLive, Action::kRollBack}};
  for (const Stage from : kAllStages) {
    for (const Action action : kAllActions) {
      const auto to = next_stage(from, action);
      EXPECT_EQ(to.ok(), legal.contains({from, action})) << to_string(from) << ' ' << to_string(action);
      if (!to.ok()) continue;
      EXPECT_FALSE(is_ended(from));
      // Nothing comes onto traffic that was not signed off.
      if (touches_traffic(*to)) EXPECT_TRUE(touches_traffic(from) || from == Stage::kSignedOff);
      // What loses its bytes loses its signatures or its traffic.
      if (action == Action::kChange) EXPECT_TRUE(*to == Stage::kProposed || *to == Stage::kRolledBack);
    }
  }
}

TEST(Stages, TheNextShareIsAboveThePresentOneHoweverTheStepsWereChanged) {
  EXPECT_EQ(next_step({0.01, 0.05}, 0), 0U);
  EXPECT_EQ(next_step({0.01, 0.05}, 0.01), 1U);
  EXPECT_EQ(next_step({0.01, 0.02, 0.05, 0.2}, 0.1), 3U);
  EXPECT_EQ(next_step({0.02, 0.05}, 0.1), std::nullopt);
}

TEST(Stages, NamesComeBack) {
  for (const Stage stage : kAllStages) EXPECT_EQ(stage_of(to_string(stage)), stage);
  for (const Action action : kAllActions) EXPECT_EQ(action_of(to_string(action)), action);
  EXPECT_FALSE(stage_of("nonsense") || action_of(""));
}

TEST(Board, TheWholeWayToLiveAndBack) {
  Desk desk;
  ASSERT_TRUE(desk.propose("p").ok());
  ASSERT_TRUE(desk.sign("p").ok());
  EXPECT_EQ(desk.stage("p"), Stage::kSignedOff);
  ASSERT_TRUE(desk.act("p", Action::kStartShadow).ok());
  EXPECT_EQ(desk.board.find("p")->share, 0);
  ASSERT_TRUE(desk.act("p", Action::kStartCanary).ok());
  EXPECT_EQ(desk.board.find("p")->share, 0.01);
  for (const double share : {0.05, 0.25, 0.5}) {
    ASSERT_TRUE(desk.act("p", Action::kAdvance).ok());
    EXPECT_EQ(desk.board.find("p")->share, share);
  }
  EXPECT_THAT(desk.act("p", Action::kAdvance).error().message, HasSubstr("last step"));
  ASSERT_TRUE(desk.act("p", Action::kGoLive).ok());
  EXPECT_EQ(desk.board.find("p")->share, 1);
  ASSERT_TRUE(desk.act("p", Action::kRollBack).ok());
  EXPECT_EQ(desk.stage("p"), Stage::kRolledBack);
  EXPECT_EQ(desk.board.find("p")->share, 0);
  EXPECT_EQ(desk.board.on_traffic("router", "demo"), nullptr);
}

TEST(Board, WhoProposesCannotSignAndNobodySignsTwice) {
  Desk desk({.signatures = 2});
  ASSERT_TRUE(desk.propose("p").ok());
  EXPECT_EQ(desk.sign("p", "ada").error().code, ErrorCode::kUnauthorized);
  ASSERT_TRUE(desk.sign("p", "bob").ok());
  // Neither does another way to write the name make another person.
  for (const char* name : {"Ada", "ada ", " ADA", "a\u200bda", "\u202eada", "\uff41da"}) {
    const auto refused = desk.sign("p", name);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthorized) << name;
    EXPECT_THAT(refused.error().message, HasSubstr("same person")) << name;
  }
  EXPECT_EQ(desk.sign("p", "BOB").error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(desk.stage("p"), Stage::kProposed);
  EXPECT_EQ(desk.sign("p", "bob").error().code, ErrorCode::kAlreadyExists);
  EXPECT_FALSE(desk.act("p", Action::kStartCanary).ok());
  ASSERT_TRUE(desk.sign("p", "eve").ok());
  EXPECT_EQ(desk.stage("p"), Stage::kSignedOff);
}

TEST(Board, EachWorkloadAsksForItsOwnSignatures) {
  struct Case {
    const char* workload;
    std::size_t needed;
  };
  const Rules rules{.signatures = 2, .workloads = {{"payments", 3}, {"router", 1}}};
  for (const auto& [workload, needed] : {Case{"payments", 3}, Case{"router", 1}, Case{"another", 2}}) {
    Desk desk(rules);
    ASSERT_TRUE(desk.propose("p", workload).ok());
    for (std::size_t given = 0; given < needed; ++given) {
      EXPECT_EQ(desk.stage("p"), Stage::kProposed) << workload;
      EXPECT_EQ(desk.board.signatures_needed(*desk.board.find("p")), needed) << workload;
      EXPECT_FALSE(desk.act("p", Action::kStartShadow).ok()) << workload;
      ASSERT_TRUE(desk.sign("p", "person " + std::to_string(given)).ok());
    }
    EXPECT_EQ(desk.stage("p"), Stage::kSignedOff) << workload;
    // What was signed off under these rules stays so under stricter ones.
    Board later({.signatures = 5});
    for (const auto& entry : desk.entries) ASSERT_TRUE(later.apply(entry).ok());
    EXPECT_EQ(later, desk.board);
    EXPECT_EQ(later.signatures_needed(*later.find("p")), needed) << workload;
  }
}

TEST(Board, FewerSignaturesThanThereAreByNowStillTakeSomebodyWhoSigns) {
  Desk desk({.signatures = 3});
  ASSERT_TRUE(desk.propose("p").ok());
  ASSERT_TRUE(desk.sign("p", "bob").ok());
  Desk later;
  for (const auto& entry : desk.entries) ASSERT_TRUE(later.board.apply(entry).ok());
  later.entries = desk.entries;
  EXPECT_EQ(later.stage("p"), Stage::kProposed);
  EXPECT_EQ(later.board.signatures_needed(*later.board.find("p")), 2U);
  ASSERT_TRUE(later.sign("p", "eve").ok());
  EXPECT_EQ(later.stage("p"), Stage::kSignedOff);
}

TEST(Board, ASignatureDiesWithAnyChangeOfTheBytes) {
  Desk desk;
  ASSERT_TRUE(desk.propose("p").ok());
  const std::string old = digest_of(desk.board.find("p")->candidate.digests);
  ASSERT_TRUE(desk.sign("p").ok());
  ASSERT_TRUE(desk.take(desk.board.change("p", {{"base", "aa"}, {"adapter", "cc"}}, "flywheel", "trained again")).ok());
  EXPECT_EQ(desk.stage("p"), Stage::kProposed);
  EXPECT_TRUE(desk.board.find("p")->signatures.empty());
  EXPECT_THAT(desk.board.sign("p", old, "bob", "").error().message, HasSubstr("look at it again"));
  ASSERT_TRUE(desk.sign("p").ok());
  ASSERT_TRUE(desk.act("p", Action::kStartCanary).ok());
  ASSERT_TRUE(desk.take(desk.board.change("p", {{"base", "dd"}}, "flywheel", "other file")).ok());
  EXPECT_EQ(desk.stage("p"), Stage::kRolledBack);
}

TEST(Board, OneProposalOfAWorkloadIsOnItsTraffic) {
  Desk desk;
  for (const char* id : {"a", "b"}) {
    ASSERT_TRUE(desk.propose(id).ok());
    ASSERT_TRUE(desk.sign(id).ok());
  }
  ASSERT_TRUE(desk.propose("other", "writer").ok());
  ASSERT_TRUE(desk.sign("other").ok());
  ASSERT_TRUE(desk.act("a", Action::kStartCanary).ok());
  EXPECT_THAT(desk.act("b", Action::kStartShadow).error().message, HasSubstr("proposal a is in canary"));
  EXPECT_TRUE(desk.act("other", Action::kStartCanary).ok());
  ASSERT_TRUE(desk.act("a", Action::kGoLive).ok());
  ASSERT_TRUE(desk.act("b", Action::kStartCanary).ok());
  EXPECT_EQ(desk.board.on_traffic("router", "demo")->id, "b");
  EXPECT_EQ(desk.stage("a"), Stage::kLive);
  ASSERT_TRUE(desk.act("b", Action::kGoLive).ok());
  EXPECT_EQ(desk.stage("a"), Stage::kRetired);
  EXPECT_THAT(desk.board.find("a")->reason, HasSubstr("b went live"));
}

TEST(Board, CopiesAreSentWhileOnTrafficBySharesThatTheLogHas) {
  Desk desk({.shadow = 0.2});
  ASSERT_TRUE(desk.propose("p").ok());
  ASSERT_TRUE(desk.sign("p").ok());
  EXPECT_EQ(desk.board.find("p")->shadow, 0);
  ASSERT_TRUE(desk.act("p", Action::kStartShadow).ok());
  EXPECT_EQ(desk.board.find("p")->shadow, 0.2);
  ASSERT_TRUE(desk.act("p", Action::kStartCanary).ok());
  ASSERT_TRUE(desk.act("p", Action::kGoLive).ok());
  EXPECT_EQ(desk.board.find("p")->shadow, 0.2);
  Board later({.shadow = 0.9});
  for (const auto& entry : desk.entries) ASSERT_TRUE(later.apply(entry).ok());
  EXPECT_EQ(later, desk.board);
  ASSERT_TRUE(desk.act("p", Action::kRollBack).ok());
  EXPECT_EQ(desk.board.find("p")->shadow, 0);
  Desk without({.shadow = 0});
  ASSERT_TRUE(without.propose("p").ok());
  ASSERT_TRUE(without.sign("p").ok());
  EXPECT_THAT(without.act("p", Action::kStartShadow).error().message, HasSubstr("promotion.shadow.share"));
}

TEST(Board, OtherRulesLaterDoNotChangeWhatHappened) {
  Desk desk({.signatures = 1, .steps = {0.1, 0.2, 0.4}});
  ASSERT_TRUE(desk.propose("p").ok());
  ASSERT_TRUE(desk.sign("p").ok());
  ASSERT_TRUE(desk.act("p", Action::kStartCanary).ok());
  ASSERT_TRUE(desk.act("p", Action::kAdvance).ok());
  Board later({.signatures = 3, .steps = {0.01}});
  for (const auto& entry : desk.entries) ASSERT_TRUE(later.apply(entry).ok());
  EXPECT_EQ(later, desk.board);
}

TEST(Board, AnEntryThatIsNoLegalStepChangesNothing) {
  Desk desk;
  ASSERT_TRUE(desk.propose("p").ok());
  const Board before = desk.board;
  const auto entry = [](const char* action, const char* details) {
    return audit::Entry{.number = 2, .event = {"eve", action, "p", "", details}};
  };
  for (const auto& bad : {entry("promotion.go_live", "{}"), entry("promotion.sign", "{}"),
                          entry("promotion.sign", "nonsense"), entry("promotion.wave", "{}"),
                          entry("promotion.propose", "{}"), entry("promotion.change", R"({"digests": 3})")}) {
    EXPECT_EQ(desk.board.apply(bad).error().code, ErrorCode::kDataLoss) << bad.event.action;
    EXPECT_EQ(desk.board, before);
  }
  EXPECT_TRUE(desk.board.apply(entry("key.made", "{}")).ok());
  EXPECT_EQ(desk.board, before);
}

TEST(Board, AProposalNamesWhatItPromotes) {
  const Board board;
  Candidate empty = candidate();
  empty.digests.clear();
  EXPECT_THAT(board.propose("p", empty, "ada", "").error().message, HasSubstr("digests"));
  empty = candidate("");
  EXPECT_THAT(board.propose("p", empty, "ada", "").error().message, HasSubstr("workload"));
}

TEST(Board, HowAModelIsServedHereStandsInTheLog) {
  Candidate one = candidate();
  one.served = ServedModel{.base = "/models/base.gguf",
                           .adapter = "/jobs/adapter.gguf",
                           .keep_layers = {0, 2},
                           .context_length = 4096,
                           .chat_template = "/t.jinja",
                           .enable_thinking = true,
                           .has_tools = true,
                           .date = "2026-11-26"};
  Desk desk;
  ASSERT_TRUE(desk.take(desk.board.propose("p", one, "ada", "")).ok());
  EXPECT_EQ(desk.board.find("p")->candidate, one);
  one.upstream = "small";
  EXPECT_THAT(desk.board.propose("q", one, "ada", "").error().message, HasSubstr("not by both"));
}

}  // namespace
}  // namespace fw::promotion
