#include "modelops/engine_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::modelops {
namespace {

using testing::ElementsAre;

TEST(EngineLog, LinesAreShownRedactedAndNotEndless) {
  const auto redact = [](std::string line) { return line.replace(0, 3, "[x]"); };
  const std::string whole = "ada" + std::string(kLongestLogLine - 4, 'x') + "\u00e4tail";
  // The character that is cut in two by the limit is left out.
  EXPECT_THAT(shown_lines({"ada", whole}, redact), ElementsAre("[x]", "[x]" + std::string(kLongestLogLine - 4, 'x')));
  EXPECT_THAT(shown_lines({"ada"}, {}), ElementsAre("ada"));
}

TEST(EngineLog, GrowsWhileTheEngineWritesAndStaysWhenItHasEnded) {
  EngineLog log;
  EXPECT_TRUE(log.lines().empty());
  std::vector<std::string> written{"loading"};
  log.follow([&] { return written; });
  written.emplace_back("listening");
  EXPECT_THAT(log.lines(), ElementsAre("loading", "listening"));
  log.finish();
  written.clear();
  EXPECT_THAT(log.lines(), ElementsAre("loading", "listening"));
}

TEST(EngineLog, WhatAnEngineSaidBeforeItWasStartedAgainStaysBeforeTheRest) {
  EngineLog log;
  log.follow([] { return std::vector<std::string>{"out of memory"}; });
  log.follow([] { return std::vector<std::string>{"loading"}; });
  EXPECT_THAT(log.lines(), ElementsAre("out of memory", "loading"));
}

TEST(EngineLog, HoldsTheLastLinesAlone) {
  EngineLog log;
  for (std::size_t i = 0; i < EngineLog::kMostLines; ++i) {
    log.follow([i] { return std::vector<std::string>{std::to_string(i), "again"}; });
  }
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), EngineLog::kMostLines);
  EXPECT_EQ(lines.front(), std::to_string(EngineLog::kMostLines / 2));
  EXPECT_EQ(lines.back(), "again");
}

}  // namespace
}  // namespace fw::modelops
