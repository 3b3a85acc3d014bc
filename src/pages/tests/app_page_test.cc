#include "pages/app_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::pages {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(AppPage, TheDocumentHoldsNeitherScriptNorStyleOfItsOwn) {
  const std::string html(app_document().plain);
  EXPECT_THAT(html, HasSubstr("/assets/app.js"));
  EXPECT_THAT(html, HasSubstr("/assets/app.css"));
  EXPECT_THAT(html, Not(HasSubstr("<style")));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

TEST(AppPage, AllTogetherIsLessThan150KilobytesOnTheWire) {
  std::size_t bytes = app_document().gzip.size();
  for (const char* name : {"app.js", "app.css", "icon.svg"}) {
    ASSERT_NE(find_asset(name), nullptr) << name;
    EXPECT_TRUE(find_asset(name)->gzip.starts_with("\x1f\x8b")) << name;
    bytes += find_asset(name)->gzip.size();
  }
  EXPECT_LT(bytes, 150'000u);
}

TEST(AppPage, AnUnknownAssetIsNone) { EXPECT_EQ(find_asset("../app.js"), nullptr); }

TEST(AppPage, ThePolicyAllowsNothingInline) {
  EXPECT_THAT(std::string(kAppPolicy), Not(HasSubstr("unsafe")));
  EXPECT_THAT(std::string(kAppPolicy), HasSubstr("default-src 'none'"));
}

}  // namespace
}  // namespace fw::pages
