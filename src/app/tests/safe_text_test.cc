#include "app/cli/safe_text.h"

#include <gtest/gtest.h>

#include <sstream>

namespace fw::app {
namespace {

TEST(SafeText, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(safe_text("tab\tline\n\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80"),
            "tab\tline\n\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80");
  EXPECT_EQ(safe_text(std::string("\0\x1b\r\x7f\xc2\x9b", 6)), "\\u0000\\u001b\\u000d\\u007f\\u009b");
  EXPECT_EQ(safe_text("\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\xa8"), "\\u202e\\u2066\\u061c\\u2028");
  EXPECT_EQ(safe_text("\xf3\xa0\x80\x81"), "\\udb40\\udc01");
}

TEST(SafeText, BytesThatAreNoCharacterAreReplaced) {
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(safe_text("a\xff"
                      "b\xc0\x80"),
            "a" + bad + "b" + bad + bad);
  EXPECT_EQ(safe_text("\xed\xa0\x80|\xe2\x82"), bad + "|" + bad);
}

TEST(SafeStream, FiltersHoweverTheCharactersArePiecedAndGivesTheStreamBack) {
  std::ostringstream out;
  {
    const SafeStream safe(out);
    out << "\xe2" << "\x80" << "\xae" << 'x' << "\xc3" << std::flush << "\xa4" << '\x1b' << "\n";
  }
  EXPECT_EQ(out.str(), "\\u202ex\xc3\xa4\\u001b\n");
  out << '\x1b';
  EXPECT_EQ(out.str().back(), '\x1b');
}

}  // namespace
}  // namespace fw::app
