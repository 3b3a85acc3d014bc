#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runs/tests/world.h"

namespace fw::runs {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using testing::Life;
using testing::live;
using testing::World;

auto part(Stage stage, bool is_running, const std::vector<std::string>& lines) {
  return AllOf(Field(&EngineLogPart::stage, std::move(stage)), Field(&EngineLogPart::is_running, is_running),
               Field(&EngineLogPart::lines, lines));
}

Task<std::vector<EngineLogPart>> logs_of(Life& life, JobId id, std::size_t candidate) {
  auto logs = co_await life.service.engine_logs(std::move(id), candidate);
  EXPECT_TRUE(logs.ok()) << logs.error();
  co_return std::move(logs).value_or({});
}

class EngineLogTest : public ::testing::Test {
 protected:
  World world_;
};

TEST_F(EngineLogTest, EachDeploymentsLastWordsStayWithTheJobAcrossARestart) {
  JobId id;
  live(world_, [&](Life& life) -> Task<void> {
    life.deployer.said = {"bye"};
    id = (co_await life.create())->id;
    co_await life.finish(id);
  });
  live(world_, [&](Life& life) -> Task<void> {
    EXPECT_THAT(co_await logs_of(life, id, 0),
                ElementsAre(part(StageKind::kDeploy, false, {"deploy big: loading", "bye"}),
                            part(StageKind::kDeployTuned, false, {"deploy-tuned big: loading", "bye"})));
    EXPECT_THAT(co_await logs_of(life, id, 1),
                ElementsAre(part(StageKind::kDeploy, false, {"deploy small: loading", "bye"})));
    EXPECT_EQ((co_await life.service.engine_logs(id, 2)).error().code, ErrorCode::kNotFound);
  });
}

TEST_F(EngineLogTest, IsReadWhileTheEngineAnswers) {
  world_.script.stalls_at = "base-eval big";
  live(world_, [&](Life& life) -> Task<void> {
    const auto id = (co_await life.create())->id;
    EXPECT_TRUE(co_await life.until([&] { return !world_.script.reached.empty(); }));
    EXPECT_THAT(co_await logs_of(life, id, 0), ElementsAre(part(StageKind::kDeploy, true, {"deploy big: loading"})));
    life.deployer.said = {"slot released"};
    EXPECT_THAT(co_await logs_of(life, id, 0),
                ElementsAre(part(StageKind::kDeploy, true, {"deploy big: loading", "slot released"})));
    EXPECT_THAT(co_await logs_of(life, id, 1), IsEmpty());
    EXPECT_TRUE((co_await life.service.cancel(id)).ok());
    co_await life.finish(id);
    EXPECT_THAT(co_await logs_of(life, id, 0),
                ElementsAre(part(StageKind::kDeploy, false, {"deploy big: loading", "slot released"})));
  });
}

TEST_F(EngineLogTest, IsReadWhileAnEngineStartsAndKeptWhenItDoesNotComeUp) {
  world_.script.stalls_at = "deploy big";
  world_.script.fails = {"deploy small"};
  live(world_, [&](Life& life) -> Task<void> {
    const auto id = (co_await life.create())->id;
    EXPECT_TRUE(co_await life.until([&] { return !world_.script.reached.empty(); }));
    EXPECT_THAT(co_await logs_of(life, id, 0), ElementsAre(part(StageKind::kDeploy, true, {"deploy big: loading"})));
    world_.script.stalls_at.clear();
    EXPECT_TRUE((co_await life.service.cancel(id)).ok());
    co_await life.finish(id);
    const auto other = (co_await life.create())->id;
    co_await life.finish(other);
    EXPECT_THAT(co_await logs_of(life, other, 1),
                ElementsAre(part(StageKind::kDeploy, false, {"deploy small: loading"})));
  });
}

TEST_F(EngineLogTest, OfARunThatGoesOnAfterARestartTheEngineThatIsUpNowIsShownAlone) {
  world_.script.stalls_at = "base-eval big";
  JobId id;
  const auto reach = [&](Life& life, std::string said) -> Task<void> {
    world_.script.reached.clear();
    life.deployer.said = {said};
    if (id->empty()) id = (co_await life.create())->id;
    EXPECT_TRUE(co_await life.until([&] { return !world_.script.reached.empty(); }));
    EXPECT_THAT(co_await logs_of(life, id, 0),
                ElementsAre(part(StageKind::kDeploy, true, {"deploy big: loading", said})));
  };
  live(world_, [&](Life& life) { return reach(life, "before"); });
  live(world_, [&](Life& life) -> Task<void> {
    co_await reach(life, "after");
    EXPECT_TRUE((co_await life.service.cancel(id)).ok());
    co_await life.finish(id);
    EXPECT_THAT(co_await logs_of(life, id, 0),
                ElementsAre(part(StageKind::kDeploy, false, {"deploy big: loading", "after"})));
  });
}

TEST_F(EngineLogTest, HoldsNothingThatIsRedactedAndNoEndlessLine) {
  world_.redact = [](std::string line) { return line == "ada@example.com" ? "[email]" : std::move(line); };
  live(world_, [&](Life& life) -> Task<void> {
    // The character that is cut in two by the limit is left out.
    life.deployer.said = {"ada@example.com", std::string(modelops::kLongestLogLine - 1, 'x') + "\u00e4tail"};
    const auto id = (co_await life.create())->id;
    co_await life.finish(id);
    const std::vector<std::string> shown{"deploy small: loading", "[email]",
                                         std::string(modelops::kLongestLogLine - 1, 'x')};
    EXPECT_THAT(co_await logs_of(life, id, 1), ElementsAre(part(StageKind::kDeploy, false, shown)));
    const auto file = world_.folder.path() / "jobs" / *id / "candidates" / "1" / "engine-deploy.log";
    EXPECT_EQ(io::read_file(file).value(), shown[0] + '\n' + shown[1] + '\n' + shown[2] + '\n');
  });
}

TEST_F(EngineLogTest, AModelBehindAnEndpointHasNone) {
  world_.config.candidates[1].model.path.clear();
  world_.config.candidates[1].model.endpoint = modelops::Endpoint{.url = "http://other/v1"};
  live(world_, [&](Life& life) -> Task<void> {
    const auto id = (co_await life.create())->id;
    co_await life.finish(id);
    EXPECT_THAT(co_await logs_of(life, id, 1), IsEmpty());
  });
}

}  // namespace
}  // namespace fw::runs
