#include "net/router.h"

#include "net/tests/fixture.h"

namespace fw::net {
namespace {

/// Keeps an answer in memory: handlers can be tested without sockets.
class Recorded final : public ResponseWriter {
 public:
  Task<Status> send(Response response, Deadline) override {
    answer = std::move(response);
    co_return Status{};
  }
  Task<Status> start(ResponseHead, Deadline) override { co_return internal("not streamed here"); }
  Task<Status> write(std::string, Deadline) override { co_return internal("not streamed here"); }
  Task<Status> finish(Deadline) override { co_return internal("not streamed here"); }
  [[nodiscard]] bool has_started() const override { return answer.has_value(); }

  std::optional<Response> answer;
};

class RouterTest : public testing::Test {
 protected:
  /// Answers with the names' values, so that a test sees which pattern was chosen.
  void on(Method method, std::string pattern, std::vector<std::string> names = {}) {
    router.on(method, pattern, [pattern, names](Call call) -> Task<Result<Response>> {
      std::string text = pattern;
      for (const auto& name : names) text += " " + name + "=" + call.params.at(name);
      co_return text_response(200, text);
    });
  }
  Response route(Method method, std::string target) {
    IncomingRequest request{.method = method, .target = std::move(target)};
    StringBody body("");
    request.body = &body;
    Recorded out;
    loop.run(router.handler()(request, out));
    return out.answer.value();
  }
  std::string chosen(std::string target) { return route(Method::kGet, std::move(target)).body; }

  Loop loop{1};
  Router router;
};

TEST_F(RouterTest, NamesTakeOneSegmentAndAreDecoded) {
  on(Method::kGet, "/api/jobs/{id}/events", {"id"});
  EXPECT_EQ(chosen("/api/jobs/a%2Fb+c%40/events?x=/y"), "/api/jobs/{id}/events id=a/b+c@");
  EXPECT_EQ(route(Method::kGet, "/api/jobs//events").status, 404);
  EXPECT_EQ(route(Method::kGet, "/api/jobs/a/b/events").status, 404);
  EXPECT_EQ(route(Method::kGet, "/api/jobs/%zz/events").status, 400);
}

TEST_F(RouterTest, LiteralsWinOverNamesWhateverTheOrder) {
  on(Method::kGet, "/jobs/{id}", {"id"});
  on(Method::kGet, "/jobs/latest");
  on(Method::kGet, "/jobs/latest/log");
  on(Method::kGet, "/jobs/{id}/report", {"id"});
  EXPECT_EQ(chosen("/jobs/latest"), "/jobs/latest");
  EXPECT_EQ(chosen("/jobs/7"), "/jobs/{id} id=7");
  EXPECT_EQ(chosen("/jobs/latest/report"), "/jobs/{id}/report id=latest");
}

TEST_F(RouterTest, ARestTakesWhatIsLeftSlashesIncluded) {
  on(Method::kGet, "/files/{path...}", {"path"});
  on(Method::kGet, "/files/index");
  EXPECT_EQ(chosen("/files/a/b%20c/d"), "/files/{path...} path=a/b c/d");
  EXPECT_EQ(chosen("/files/"), "/files/{path...} path=");
  EXPECT_EQ(chosen("/files"), "/files/{path...} path=");
  EXPECT_EQ(chosen("/files/index"), "/files/index");
  EXPECT_EQ(chosen("/files/index/x"), "/files/{path...} path=index/x");
}

TEST_F(RouterTest, ASlashTooManyIsOverlooked) {
  on(Method::kGet, "/jobs");
  on(Method::kGet, "/jobs/{id}", {"id"});
  EXPECT_EQ(chosen("/jobs/"), "/jobs");
  EXPECT_EQ(chosen("/jobs/7/"), "/jobs/{id} id=7");
}

TEST_F(RouterTest, AnotherMethodGets405WithThoseThatAreAllowed) {
  on(Method::kGet, "/jobs");
  on(Method::kPost, "/jobs");
  const Response answer = route(Method::kDelete, "/jobs");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.find("Allow"), "GET, POST");
  EXPECT_THAT(answer.body, testing::StartsWith("{\"detail\":"));
  EXPECT_EQ(route(Method::kHead, "/jobs").status, 200);
}

TEST_F(RouterTest, TheRootAndWhatIsNotFoundHaveTheirHandlers) {
  on(Method::kGet, "/");
  EXPECT_EQ(chosen("/"), "/");
  EXPECT_EQ(route(Method::kGet, "/nowhere").status, 404);
  router.otherwise([](IncomingRequest&, ResponseWriter& out) -> Task<void> {
    (void)co_await out.send(text_response(200, "page"), Deadline::never());
  });
  EXPECT_EQ(chosen("/nowhere"), "page");
}

TEST(RouterDeathTest, TheSamePatternTwiceIsADefect) {
  const auto twice = [] {
    Router router;
    const Endpoint endpoint = [](Call) -> Task<Result<Response>> { co_return Response{}; };
    router.on(Method::kGet, "/jobs/{id}", endpoint);
    router.on(Method::kGet, "/jobs/{name}", endpoint);
  };
  EXPECT_DEATH(twice(), "is_new");
}

}  // namespace
}  // namespace fw::net
