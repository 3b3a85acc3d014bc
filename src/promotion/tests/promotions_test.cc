#include "promotion/promotions.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "io/file.h"
#include "promotion/draw_secret.h"

namespace fw::promotion {
namespace {

Candidate candidate() {
  return {.workload = "router",
          .client = "demo",
          .job = "j1",
          .model = "small",
          .variant = "customized-eval",
          .digests = {{"base", "aa"}}};
}

class PromotionsTest : public testing::Test {
 protected:
  void open() {
    promotions_.reset();
    log_ = std::move(audit::AuditLog::open(folder_.path(), clock_)).value();
    promotions_ = std::move(Promotions::open(*log_, {}, [this](const auto& list) { on_traffic_ = list; })).value();
  }
  std::string proposed() { return promotions_->propose(candidate(), "ada", "better")->id; }
  Result<Proposal> sign(const std::string& id) {
    return promotions_->sign(id, digest_of(promotions_->find(id)->candidate.digests), "bob", "checked");
  }
  Result<Proposal> act(const std::string& id, Action action) { return promotions_->act(id, action, "op", ""); }

  io::TemporaryFolder folder_{"promotion"};
  ManualClock clock_{from_epoch_seconds(1'790'000'000)};
  std::unique_ptr<audit::AuditLog> log_;
  std::unique_ptr<Promotions> promotions_;
  std::vector<Proposal> on_traffic_;
};

TEST_F(PromotionsTest, FiguresAreKeptAsTheyStoodWhenItEnded) {
  open();
  promotions_ = std::move(Promotions::open(*log_, {}, {}, [](const std::string& id) {
                  return R"({"requests":7,"of":")" + id + R"("})";
                })).value();
  const std::string first = proposed();
  ASSERT_TRUE(sign(first).ok());
  ASSERT_TRUE(act(first, Action::kStartCanary).ok());
  ASSERT_TRUE(act(first, Action::kGoLive).ok());
  const std::string second = proposed();
  ASSERT_TRUE(sign(second).ok());
  ASSERT_TRUE(act(second, Action::kStartCanary).ok());
  ASSERT_TRUE(act(second, Action::kGoLive).ok());
  ASSERT_TRUE(act(second, Action::kRollBack).ok());
  EXPECT_NE(log_->entries(log_->last_number() - 1, 1)[0].event.details.find(R"("figures":{"requests":7)"),
            std::string::npos);
  open();
  for (const auto& id : {first, second}) {
    EXPECT_TRUE(is_ended(promotions_->find(id)->stage));
    EXPECT_EQ(promotions_->find(id)->figures, R"({"requests":7,"of":")" + id + R"("})");
  }
}

TEST_F(PromotionsTest, WhatWasOnTrafficInTheCourseOfADay) {
  open();
  const std::string id = proposed();
  ASSERT_TRUE(sign(id).ok());
  clock_.advance(std::chrono::hours(1));
  const Timestamp start = clock_.now();
  ASSERT_TRUE(act(id, Action::kStartCanary).ok());
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(act(id, Action::kAdvance).ok());
  clock_.advance(std::chrono::hours(1));
  const Timestamp end = clock_.now();
  ASSERT_TRUE(act(id, Action::kRollBack).ok());
  const auto all = promotions_->between(start - std::chrono::hours(10), end + std::chrono::hours(10));
  ASSERT_EQ(all.size(), 5U);  // proposed, signed off, two shares, rolled back
  EXPECT_EQ(all[2].from, start);
  EXPECT_EQ(all[2].until, all[3].from);
  EXPECT_EQ(all[2].step.event.person, "op");
  EXPECT_EQ(all[3].proposal.share, 0.05);
  EXPECT_EQ(all[4].until, std::nullopt);
  const auto moment = promotions_->between(start, start);
  ASSERT_EQ(moment.size(), 1U);
  EXPECT_EQ(moment[0].proposal.stage, Stage::kCanary);
  EXPECT_EQ(moment[0].proposal.share, 0.01);
}

TEST_F(PromotionsTest, WhatTouchesTrafficIsToldAtEveryStepAndAfterARestart) {
  open();
  const std::string id = proposed();
  ASSERT_TRUE(sign(id).ok());
  EXPECT_TRUE(on_traffic_.empty());
  ASSERT_TRUE(act(id, Action::kStartCanary).ok());
  ASSERT_EQ(on_traffic_.size(), 1U);
  EXPECT_EQ(on_traffic_[0].share, 0.01);
  ASSERT_TRUE(act(id, Action::kAdvance).ok());
  const auto before = promotions_->all();
  on_traffic_.clear();
  open();
  EXPECT_EQ(promotions_->all(), before);
  ASSERT_EQ(on_traffic_.size(), 1U);
  EXPECT_EQ(on_traffic_[0].share, 0.05);
  ASSERT_TRUE(act(id, Action::kRollBack).ok());
  EXPECT_TRUE(on_traffic_.empty());
}

TEST_F(PromotionsTest, WhoIsDrawnFirstIsAServicesSecret) {
  open();
  const std::string one = proposed(), other = proposed();
  EXPECT_NE(one, other);
  const auto secret = draw_secret(folder_.path());
  ASSERT_TRUE(secret.ok()) << secret.error().message;
  EXPECT_EQ(draw_secret(folder_.path()).value(), *secret) << "a restart moves no conversation";
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(folder_.path() / "draw.secret").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  Proposal proposal = *promotions_->find(one);
  EXPECT_TRUE(proposal.has_secret_draw);
  EXPECT_NE(draw_key(*secret, proposal), draw_key("another", proposal));
  open();
  EXPECT_EQ(*promotions_->find(one), proposal);
  // One of a version without the secret keeps its conversations.
  proposal.has_secret_draw = false;
  EXPECT_EQ(draw_key(*secret, proposal), one);
}

TEST_F(PromotionsTest, WhoAnsweredOnADayIsAQuery) {
  open();
  const std::string id = proposed();
  ASSERT_TRUE(sign(id).ok());
  ASSERT_TRUE(act(id, Action::kStartCanary).ok());
  const Timestamp then = clock_.now();
  clock_.advance(std::chrono::hours(24));
  ASSERT_TRUE(act(id, Action::kGoLive).ok());
  const auto at = [this](Timestamp time) { return promotions_->between(time, time); };
  EXPECT_EQ(at(then).at(0).proposal.stage, Stage::kCanary);
  EXPECT_EQ(at(clock_.now()).at(0).proposal.stage, Stage::kLive);
  EXPECT_TRUE(at(then - std::chrono::hours(1)).empty());
}

TEST_F(PromotionsTest, TwoWhoAdvanceAtOnceTakeOneStep) {
  open();
  const std::string id = proposed();
  ASSERT_TRUE(sign(id).ok());
  const auto seen = act(id, Action::kStartCanary)->revision;
  const auto advance = [&](const Seen& with) { return promotions_->act(id, Action::kAdvance, "op", "", with); };
  std::atomic<int> advanced = 0;
  {
    std::vector<std::jthread> people;
    for (int i = 0; i < 4; ++i) {
      people.emplace_back([&] { advanced += advance({.is_by_hand = true}).ok() ? 1 : 0; });
      people.emplace_back([&] { advanced += advance({.revision = seen, .is_by_hand = true}).ok() ? 1 : 0; });
    }
  }
  EXPECT_EQ(advanced, 1);
  EXPECT_EQ(promotions_->find(id)->share, 0.05);
  // Later, whoever has seen the new share goes on, and whoever has not does not.
  clock_.advance(Promotions::kMoment);
  EXPECT_EQ(advance({.revision = seen, .is_by_hand = true}).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(advance({.revision = promotions_->find(id)->revision, .is_by_hand = true})->share, 0.25);
  EXPECT_EQ(promotions_->act(id, Action::kGoLive, "op", "", {.revision = seen}).error().code,
            ErrorCode::kAlreadyExists);
  EXPECT_TRUE(promotions_->act(id, Action::kRollBack, "op", "", {.revision = seen}).ok()) << "never too late";
}

TEST_F(PromotionsTest, OfManyOperatorsAtOnceEachStepIsTakenByOne) {
  open();
  const std::string id = proposed();
  ASSERT_TRUE(sign(id).ok());
  std::atomic<int> started = 0;
  {
    std::vector<std::jthread> people;
    for (int i = 0; i < 8; ++i) {
      people.emplace_back([&] { started += act(id, Action::kStartCanary).ok() ? 1 : 0; });
      people.emplace_back([&, i] { (void)log_->append({"p" + std::to_string(i), "key.made", "k", "", "{}"}); });
    }
  }
  EXPECT_EQ(started, 1);
  EXPECT_EQ(promotions_->find(id)->stage, Stage::kCanary);
  EXPECT_EQ(promotions_->find(id)->step, 0U);
}

/// Takes random steps until it is killed.
[[noreturn]] void walk_until_killed(const std::filesystem::path& folder, unsigned seed) {
  SystemClock clock;
  const auto log = std::move(audit::AuditLog::open(folder, clock)).value();
  const auto promotions = std::move(Promotions::open(*log, {})).value();
  std::mt19937 random(seed);
  constexpr Action kActions[] = {Action::kStartShadow, Action::kStartCanary, Action::kAdvance, Action::kGoLive,
                                 Action::kReject,      Action::kRollBack,    Action::kRetire};
  while (true) {
    const auto all = promotions->all();
    const unsigned choice = random() % 10;
    if (all.empty() || choice == 0) {
      (void)promotions->propose(candidate(), "ada", "");
    } else if (const Proposal& one = all[random() % all.size()]; choice == 1) {
      (void)promotions->change(one.id, {{"base", std::to_string(random())}}, "flywheel", "");
    } else if (choice < 5) {
      (void)promotions->sign(one.id, digest_of(one.candidate.digests), "bob", "");
    } else {
      (void)promotions->act(one.id, kActions[random() % std::size(kActions)], "op", "");
    }
  }
}

TEST_F(PromotionsTest, KilledAnywhereInARandomWalkItStandsWhereTheLogSays) {
  for (unsigned round = 0; round < 12; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) walk_until_killed(folder_.path(), round);
    std::this_thread::sleep_for(std::chrono::milliseconds(15 + 9 * round));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    ASSERT_FALSE(audit::verify(folder_.path() / "audit.jsonl")->fault);
    open();  // folds the whole log: an illegal step would fail
    int busy = 0;
    for (const auto& one : promotions_->all()) busy += one.stage == Stage::kShadow || one.stage == Stage::kCanary;
    EXPECT_LE(busy, 1);
    promotions_.reset();
    log_.reset();
  }
  open();
  EXPECT_GT(promotions_->all().size(), 0U);
}

TEST_F(PromotionsTest, WhereverTheLogEndsThereIsTheStateOfItsWholeEntries) {
  open();
  constexpr Action kWalk[] = {Action::kStartShadow, Action::kStartCanary, Action::kAdvance, Action::kGoLive,
                              Action::kRollBack};
  std::vector<std::vector<Proposal>> states = {promotions_->all()};
  const std::string id = proposed();
  states.push_back(promotions_->all());
  ASSERT_TRUE(sign(id).ok());
  states.push_back(promotions_->all());
  for (const Action action : kWalk) {
    ASSERT_TRUE(act(id, action).ok());
    states.push_back(promotions_->all());
  }
  const std::string whole = io::read_file(folder_.path() / "audit.jsonl").value();
  const io::TemporaryFolder copy("killed");
  std::size_t entries = 0;
  for (std::size_t end = 0;; end = std::min(end + 7, whole.size())) {
    // As kill -9 leaves it after so many bytes of the next write.
    ASSERT_TRUE(io::write_file_atomically(copy.path() / "audit.jsonl", whole.substr(0, end)).ok());
    entries = static_cast<std::size_t>(std::ranges::count(whole.substr(0, end), '\n'));
    const auto log = std::move(audit::AuditLog::open(copy.path(), clock_)).value();
    const auto promotions = std::move(Promotions::open(*log, {})).value();
    ASSERT_EQ(promotions->all(), states.at(entries)) << "after " << end << " bytes";
    if (end == whole.size()) break;
  }
  EXPECT_EQ(entries + 1, states.size());
}

TEST_F(PromotionsTest, OfTwoOperatorsWhoDisagreeTheLogSaysWhoWasFirst) {
  for (int round = 0; round < 20; ++round) {
    open();
    const std::string id = proposed();
    ASSERT_TRUE(sign(id).ok());
    ASSERT_TRUE(act(id, Action::kStartCanary).ok());
    {
      const std::jthread one([&] { (void)act(id, Action::kGoLive); });
      const std::jthread other([&] { (void)act(id, Action::kRollBack); });
    }
    // A rollback is legal before and after going live: it always wins, and nothing goes live after it.
    EXPECT_EQ(promotions_->find(id)->stage, Stage::kRolledBack);
    const auto before = promotions_->all();
    open();
    EXPECT_EQ(promotions_->all(), before);
  }
}

}  // namespace
}  // namespace fw::promotion
