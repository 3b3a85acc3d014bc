#include "app/cli/run_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fw::app {
namespace {

using testing::HasSubstr;
using testing::Not;

class RunViewTest : public testing::Test {
 protected:
  void begin(RunView& view) {
    view.show("job", R"({"event":"job-created","workload_id":"router","client_id":"demo",
                         "candidates":[{"model_name":"small"},{"model_name":"smaller"}]})");
  }

  ManualClock clock_;
  std::string text_;
};

TEST_F(RunViewTest, NamesEachCandidateOnceAboveItsStages) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  begin(view);
  for (const char* stage : {"deploy", "base-eval"}) {
    view.show("stage", std::string(R"({"event":"stage-started","candidate":1,"stage":")") + stage + "\"}");
    view.show("stage",
              std::string(R"({"event":"stage-finished","candidate":1,"runtime_seconds":2,"stage":")") + stage + "\"}");
  }
  EXPECT_EQ(text_.find("smaller"), text_.rfind("smaller"));
  EXPECT_THAT(text_, HasSubstr("evaluation, zero-shot"));
}

TEST_F(RunViewTest, AFileGetsAProgressLineEveryFewSecondsAndNoEscapes) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  begin(view);
  for (int step = 1; step <= 10; ++step) {
    view.show("progress", R"({"stage":"customization","candidate":0,"step":)" + std::to_string(step) +
                              R"(,"total_steps":10,"loss":0.5,"seconds_left":3})");
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_THAT(text_, HasSubstr("fine-tuning: step 1/10, loss 0.500, 3 s left"));
  EXPECT_THAT(text_, HasSubstr("step 6/10"));
  EXPECT_THAT(text_, Not(HasSubstr("step 2/10")));
  EXPECT_THAT(text_, Not(HasSubstr("\x1b")));
}

TEST_F(RunViewTest, ShowsWhyAStageFailedAndHowTheJobEnded) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  begin(view);
  view.show("stage",
            R"({"event":"stage-finished","stage":"deploy","candidate":0,"runtime_seconds":1,"error":"no engine"})");
  view.show("job", R"({"event":"job-finished","status":"failed","error":"every candidate failed"})");
  EXPECT_THAT(text_, HasSubstr("fail"));
  EXPECT_THAT(text_, HasSubstr("no engine"));
  EXPECT_EQ(view.end_status(), "failed");
}

TEST_F(RunViewTest, AnErrorThatStageCandidateAndJobTellIsPrintedOnce) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  begin(view);
  view.show("stage", R"({"event":"stage-finished","stage":"datasets","error":"12 records are too few"})");
  view.show("candidate", R"({"event":"candidate-finished","candidate":0,"status":"failed",
                             "error":"datasets: 12 records are too few"})");
  view.show("job", R"({"event":"job-finished","status":"failed","error":"datasets: 12 records are too few"})");
  EXPECT_EQ(text_.find("too few"), text_.rfind("too few"));
  EXPECT_THAT(text_, HasSubstr("\nfailed\n"));
  EXPECT_TRUE(view.has_told_errors());
}

TEST_F(RunViewTest, EventsItDoesNotKnowAndBrokenOnesChangeNothing) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  for (const char* data :
       {"", "[]", "{}", R"({"event":7})", R"({"candidate":99,"event":"stage-started","stage":"x"})"}) {
    for (const char* kind : {"job", "stage", "candidate", "progress", "new"}) view.show(kind, data);
  }
  EXPECT_EQ(view.end_status(), "");
}

TEST_F(RunViewTest, TextOfOthersCannotDriveTheTerminal) {
  Terminal out(text_, 0);
  RunView view(out, clock_);
  view.show("job", R"({"event":"job-created","workload_id":"\u001b[2Jx","client_id":"y","candidates":[]})");
  EXPECT_THAT(text_, Not(HasSubstr("\x1b[2J")));
}

}  // namespace
}  // namespace fw::app
