#include "auth/person.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/key.h"

namespace fw::auth {
namespace {

using testing::HasSubstr;

TEST(Person, IsTheSameHoweverTheNameIsWritten) {
  for (const char* name : {"Ada Ny\u00e9ki", " ada  ny\u00e9ki ", "ADA NYE\u0301KI", "ada\u00a0ny\u00e9ki",
                           "a\u200bda ny\u00e9ki", "\u202eada ny\u00e9ki", "\uff41da ny\u00e9ki"}) {
    EXPECT_TRUE(is_same_person(name, "ada ny\u00e9ki")) << name;
  }
  EXPECT_TRUE(is_same_person("STRASSE", "stra\u00dfe"));
  for (const char* name : {"ada", "ada nyeki", "adany\u00e9ki", ""}) {
    EXPECT_FALSE(is_same_person(name, "ada ny\u00e9ki")) << name;
  }
}

TEST(Person, HasANameThatIsSeenAsItIs) {
  for (const char* name : {"ada", "Ada Ny\u00e9ki", "\u5c0f\u6797", "ada.n@example.org", "shop-1", "flywheel-ci"}) {
    EXPECT_TRUE(check_person_name(name, "person").ok()) << name;
  }
  for (const char* name : {"", " ", "ada ", " ada", "a\u202eb", "a\u200bb", "a\u00a0b",
                           "\ufeff"
                           "ada",
                           "a\u2066b", "a\xff", "a\u3164", "a\u2028b", "flywheel", "Flywheel", "fly\u200bwheel"}) {
    const auto checked = check_person_name(name, "person");
    ASSERT_FALSE(checked.ok()) << name;
    EXPECT_THAT(checked.error().message, HasSubstr("person should")) << name;
  }
}

TEST(Person, NoKeyIsNamedAsTheServiceOrUnseen) {
  const auto named = [](const char* name) {
    Key key;
    key.name = name;
    key.listeners = {ListenerName::kControl};
    return check(key);
  };
  EXPECT_TRUE(named("ada").ok());
  EXPECT_THAT(named("flywheel").error().message, HasSubstr("the service calls itself"));
  EXPECT_THAT(named("a\u202eb").error().message, HasSubstr("cannot be seen"));
  EXPECT_THAT(named("ada ").error().message, HasSubstr("no blanks"));
}

}  // namespace
}  // namespace fw::auth
