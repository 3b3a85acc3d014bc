#include "app/cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/spelled_out.h"

namespace fw::app {
namespace {

using testing::ElementsAre;

TEST(Terminal, ALiveLineIsNeverLongerThanTheScreenAndGoesBeforeTheNextLine) {
  std::string text;
  Terminal out(text, 10);
  out.live(std::string(50, 'x'));
  EXPECT_EQ(text, "\r\x1b[K" + std::string(9, 'x') + "\x1b[0m");
  text.clear();
  out.line("done");
  EXPECT_EQ(text, "\r\x1b[Kdone\n");
}

TEST(Terminal, AFileGetsNoColoursAndNoLiveLine) {
  std::string text;
  Terminal out(text, 0);
  out.live("working");
  out.line(out.styled(Style::kBad, "failed"));
  EXPECT_EQ(text, "failed\n");
}

TEST(Terminal, ShowsWhatOutsideTextHoldsAndObeysNothingOfIt) {
  std::string text;
  Terminal out(text, 80);
  out.line("a\x1b[31mb" + out.styled(Style::kBad, "c\x1b]0;d\a\xe2\x80\xae") + "e\r\xff");
  EXPECT_EQ(text, "a\\u001b[31mb\x1b[31mc\\u001b]0;d\\u0007\\u202e\x1b[0me\\u000d\xef\xbf\xbd\n");
  text.clear();
  out.live("x\x1b[2Jy");
  EXPECT_EQ(text, "\r\x1b[Kx\\u001b[2Jy\x1b[0m");
}

TEST(Terminal, AStyleHasNoWidth) {
  std::string text;
  const Terminal out(text, 80);
  EXPECT_EQ(display_width(out.styled(Style::kGood, "yes")), 3U);
}

TEST(Align, PadsByCharactersNotBytes) {
  EXPECT_THAT(align({{"\xc3\xa4", "1"}, {"bb", "22"}}, {false, true}), ElementsAre("\xc3\xa4    1", "bb  22"));
}

TEST(SpelledOut, LosesNothing) {
  EXPECT_EQ(spelled_out("a\\\x1b\n\xff\xe2\x80\xae\xc3\xa4"), "a\\\\\\x1b\\x0a\\xff\\u202e\xc3\xa4");
}

TEST(FormatTimeLeft, IsWholeAndCoarse) {
  EXPECT_EQ(format_time_left(3.4), "3 s");
  EXPECT_EQ(format_time_left(61), "65 s");
  EXPECT_EQ(format_time_left(123), "2 min 5 s");
}

TEST(FormatSeconds, ChangesItsUnitWhereReadersDo) {
  EXPECT_EQ(format_seconds(1.25), "1.2 s");
  EXPECT_EQ(format_seconds(125), "2 min 5 s");
  EXPECT_EQ(format_seconds(3840 + 5400), "2 h 34 min");
}

}  // namespace
}  // namespace fw::app
