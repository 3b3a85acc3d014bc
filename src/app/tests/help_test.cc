#include "app/cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "app/cli/command.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The commands of `flywheel` that a mistake may be made with.
class HelpTest : public testing::Test {
 protected:
  HelpTest() {
    app_.name("flywheel");
    app_.require_subcommand(1);
    use_plain_help(app_);
    add_examples(app_, "flywheel of the whole program");
    add_serve_command(app_, context_);
    add_load_command(app_, context_);
    add_run_command(app_, context_);
    add_jobs_command(app_, context_);
    add_config_command(app_, context_);
    add_log_command(app_, context_);
    add_quarantine_command(app_, context_);
    add_models_command(app_, context_);
    add_workloads_command(app_, context_);
    add_completion_command(app_, context_);
  }

  std::string explain(std::vector<const char*> words) {
    words.insert(words.begin(), "flywheel");
    return explain_usage(app_, static_cast<int>(words.size()), words.data(), "the parser's words");
  }

  CommandContext context_;
  CLI::App app_{"test"};
};

TEST_F(HelpTest, AMistypedCommandGetsTheNearestOne) {
  EXPECT_THAT(explain({"laod"}), HasSubstr("\"laod\" is no command of flywheel; did you mean: flywheel load"));
  EXPECT_THAT(explain({"jobs", "wathc", "id"}), HasSubstr("did you mean: flywheel jobs watch"));
  EXPECT_THAT(explain({"--version", "jbos", "list"}), HasSubstr("did you mean: flywheel jobs"));
  EXPECT_THAT(explain({"quux"}), HasSubstr("it has: "));
}

TEST_F(HelpTest, AMistypedOptionGetsTheNearestOne) {
  EXPECT_THAT(explain({"run", "router", "--clinet-id", "c"}), HasSubstr("did you mean: --client-id"));
  EXPECT_THAT(explain({"jobs", "show", "id", "--jsno"}), HasSubstr("flywheel jobs show has no option --jsno"));
  EXPECT_EQ(explain({"--bogus"}), "flywheel has no option --bogus");
}

TEST_F(HelpTest, HelpOfACommandThatIsNotThereIsAMistake) {
  const auto stray = [&](std::vector<const char*> words) {
    return explain_stray_command(app_, static_cast<int>(words.size()), words.data());
  };
  EXPECT_THAT(stray({"flywheel", "laod", "--help"}).value_or(""), HasSubstr("did you mean: flywheel load"));
  EXPECT_EQ(stray({"flywheel", "jobs", "watch", "--help"}), std::nullopt);
  EXPECT_EQ(stray({"flywheel", "--help"}), std::nullopt);
}

TEST_F(HelpTest, AnAddressMayLackItsScheme) {
  CommandContext context;
  context.server_url = "127.0.0.1:8000";
  settle_server_url(context);
  EXPECT_EQ(context.server_url, "http://127.0.0.1:8000");
}

TEST_F(HelpTest, AnIncompleteCommandSaysWhatItHas) {
  EXPECT_EQ(explain({"config"}), "flywheel config needs a command: check");
}

TEST_F(HelpTest, ValuesArePlainWordsAndOldSpellingsAreNotShown) {
  const std::string serve = app_.get_subcommand("serve")->help();
  EXPECT_THAT(serve, AllOf(HasSubstr("--port PORT"), HasSubstr("--config FILE"), HasSubstr("Examples:")));
  for (const char* raw : {"INT", "TEXT", " in [", ":PATH"}) EXPECT_THAT(serve, Not(HasSubstr(raw)));
  const std::string run = app_.get_subcommand("run")->help();
  EXPECT_THAT(run, HasSubstr("--client-id CLIENT"));
  EXPECT_THAT(run, Not(HasSubstr("--client ")));
}

TEST_F(HelpTest, AnUnknownLetterIsNamed) {
  EXPECT_EQ(explain({"run", "router", "-x"}), "flywheel run has no option -x");
  EXPECT_EQ(explain({"-q"}), "flywheel has no option -q");
  EXPECT_THAT(explain({"log", "tail", "--lines", "-1"}), HasSubstr("the parser's words"));
}

TEST_F(HelpTest, AFlagIsShownAsItIsWritten) {
  const std::string tail = app_.get_subcommand("log")->get_subcommand("tail")->help();
  EXPECT_THAT(tail, AllOf(HasSubstr("--no-follow "), Not(HasSubstr("{"))));
}

TEST_F(HelpTest, EveryCommandHasExamplesOfItsOwnAndNoneOfTheProgram) {
  const auto all = [](const CLI::App*) { return true; };
  for (auto* command : app_.get_subcommands(all)) {
    EXPECT_THAT(command->help(), HasSubstr("Examples:")) << command->get_name();
    EXPECT_THAT(command->get_footer(), HasSubstr("flywheel " + command->get_name()));
    for (auto* action : command->get_subcommands(all)) {
      EXPECT_THAT(action->help(), Not(HasSubstr("the whole program"))) << action->get_name();
    }
  }
}

TEST_F(HelpTest, TheOldSpellingStillWorks) {
  const char* words[] = {"flywheel", "run", "router", "--client", "shop"};
  EXPECT_NO_THROW(app_.parse(5, words));
}

TEST_F(HelpTest, AnExplicitServerBeatsTheEnvironment) {
  ::setenv("FLYWHEEL_URL", "http://from-environment", 1);
  const char* words[] = {"flywheel", "load", "x.jsonl", "--server", "http://explicit"};
  app_.parse(5, words);
  settle_server_url(context_);
  EXPECT_EQ(context_.server_url, "http://explicit");
  CommandContext without;
  settle_server_url(without);
  EXPECT_EQ(without.server_url, "http://from-environment");
  ::unsetenv("FLYWHEEL_URL");
  CommandContext bare;
  settle_server_url(bare);
  EXPECT_EQ(bare.server_url, "http://127.0.0.1:8000");
}

}  // namespace
}  // namespace fw::app
