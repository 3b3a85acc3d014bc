#include "pages/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::pages {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportPage, HoldsTheReportWhereThePageLooksForIt) {
  EXPECT_THAT(report_page(R"({"version":1})"),
              HasSubstr(R"(<script type="application/json" id="report-data">{"version":1}</script>)"));
}

TEST(ReportPage, TextOfTheTrafficCannotEndTheElementItStandsIn) {
  EXPECT_THAT(report_page(R"(["</script><b>"])"), HasSubstr(R"(["\u003c/script>\u003cb>"])"));
}

TEST(ReportPage, NeedsNothingFromOutside) {
  const std::string page = report_page("{}");
  EXPECT_THAT(page, HasSubstr("<style>"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
}

}  // namespace
}  // namespace fw::pages
