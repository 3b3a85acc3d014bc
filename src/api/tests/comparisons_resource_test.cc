#include "api/tests/api_fixture.h"

namespace fw::api {
namespace {

using testing::HasSubstr;

TEST_F(ApiTest, AComparisonNeedsTwoEvaluationsOfKnownRuns) {
  const std::string id = create_job();
  (void)events_of(id);
  const std::string path = "/api/jobs/" + id + "/comparison";
  const auto missing = send(net::Method::kGet, path);
  EXPECT_EQ(missing.status, 422);
  EXPECT_THAT(missing.body, testing::AllOf(HasSubstr("\"left\""), HasSubstr("\"right\""), HasSubstr("0.base-eval")));
  const auto wrong = send(net::Method::kGet, path + "?left=0.base-eval&right=small&show=better&limit=1000");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_THAT(wrong.body, testing::AllOf(HasSubstr("\"small\""), HasSubstr("\"show\""), HasSubstr("\"limit\"")));
  const auto none = send(net::Method::kGet, path + "?left=0.base-eval&right=7.base-eval");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, HasSubstr("no rows of 0.base-eval"));
  const std::string nobody(24, '0');
  EXPECT_EQ(send(net::Method::kGet, path + "?left=0.base-eval&right=0.base-eval&with=" + nobody).status, 404);
  EXPECT_EQ(send(net::Method::kGet, path + "?left=0.base-eval&right=0.base-eval&with=x").status, 400);
}

}  // namespace
}  // namespace fw::api
