#include "modelops/local/impl/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file.h"
#include "modelfile/gguf.h"
#include "modelops/local/template_check.h"

namespace fw::modelops {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What the templates of these families do, in short.
constexpr const char* kGemma =
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif "
    "%}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation "
    "roles must alternate user/assistant/user/assistant/...') }}{% endif %}<start_of_turn>{{ m['content'] }}{% endfor "
    "%}";
constexpr const char* kMistral =
    "{% for m in messages %}{% if not tool_call.id is defined or tool_call.id|length != 9 %}{{ raise_exception(\"Tool "
    "call IDs should be alphanumeric strings with length 9!\") }}{% endif %}{% if tools %}[AVAILABLE_TOOLS]{% endif %}"
    "{% if m.role == 'system' %}{{ m.content }}{% endif %}{% endfor %}";
constexpr const char* kLlama32 =
    "{%- if not date_string is defined %}{%- set date_string = strftime_now(\"%d %b %Y\") %}{%- endif %}"
    "Today Date: {{ date_string }}{% if tools %}{% endif %}";
constexpr const char* kSmolLm3 = "{%- set today = strftime_now('%d %B %Y') -%}{{ today }}{% if tools %}{% endif %}";
constexpr const char* kChatml = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}";

ChatTemplate choose(const ModelFacts& facts, const ChatSettings& chat = {}, const std::string& named = "") {
  auto chosen = choose_chat_template(facts, chat, named);
  EXPECT_TRUE(chosen.ok()) << chosen.error();
  return chosen.ok() ? *chosen : ChatTemplate{};
}

TEST(KnowsTools, MeansTheVariableAndNotPartOfAWord) {
  EXPECT_TRUE(knows_tools("{% if tools %}{{ tools | tojson }}{% endif %}"));
  EXPECT_TRUE(knows_tools("{%- for t in tools-%}"));
  EXPECT_FALSE(knows_tools("{{ my_tools }} toolset toolsmith"));
  EXPECT_FALSE(knows_tools(""));
}

TEST(ChatTemplate, IsTheModelsOwnWhereItWillDo) {
  for (const auto* text : {kChatml, "{{ messages[0].content }}"}) {
    const auto chosen = choose({.chat_template = text, .has_chatml_end = true}, {.has_tools = false});
    EXPECT_EQ(chosen.text, text);
    EXPECT_THAT(chosen.notes, IsEmpty());
  }
  EXPECT_EQ(choose({.chat_template = kSmolLm3}).text, kSmolLm3);
}

TEST(ChatTemplate, IsChatmlWithToolsWhereTurnsAreChatmlsAndToolsAreUnknown) {
  const auto chosen = choose({.chat_template = kChatml, .has_chatml_end = true});
  EXPECT_THAT(chosen.text, AllOf(HasSubstr("<tool_call>{\"name\":\""), HasSubstr("<|im_end|>")));
  EXPECT_THAT(chosen.notes, ElementsAre(HasSubstr("ChatML with tools is used")));
  EXPECT_EQ(choose({.has_chatml_end = true}, {.has_tools = false}).text, chosen.text);
}

// A model whose turns end with <end_of_turn> would never end one of ChatML's.
TEST(ChatTemplate, KeepsTheModelsOwnTurnsAndSaysToolsInWords) {
  const auto chosen = choose({.chat_template = kGemma});
  EXPECT_THAT(chosen.text, AllOf(HasSubstr("tools=true"), EndsWith(kGemma)));
  EXPECT_THAT(chosen.notes, ElementsAre(HasSubstr("knows no tools"), HasSubstr("refuses system messages"),
                                        HasSubstr("takes only user and assistant in turn")));
  EXPECT_THAT(choose({.chat_template = kGemma}, {.has_tools = false}).text,
              AllOf(HasSubstr("system=true, turns=true, tools=false"), EndsWith(kGemma)));
}

TEST(ChatTemplate, NumbersToolCallsAnewWhereIdsMustHaveNineCharacters) {
  const auto chosen = choose({.chat_template = kMistral});
  EXPECT_THAT(chosen.text,
              AllOf(HasSubstr("system=false, turns=false, tools=false, short_ids=true"), EndsWith(kMistral)));
  EXPECT_THAT(chosen.notes, ElementsAre(HasSubstr("9 characters")));
  EXPECT_EQ(choose({.chat_template = kMistral}, {.has_tools = false}).text, kMistral);
}

TEST(ChatTemplate, HasOneDateForTheWholeJob) {
  const ChatSettings day{.date = "2026-11-26"};
  EXPECT_THAT(choose({.chat_template = kSmolLm3}, day).text,
              AllOf(HasSubstr("set today = '26 November 2026'"), Not(HasSubstr("strftime_now"))));
  EXPECT_THAT(choose({.chat_template = kLlama32}, day).text,
              AllOf(HasSubstr("{%- set date_string = '26 Nov 2026' -%}"), Not(HasSubstr("strftime_now"))));
  EXPECT_EQ(choose({.chat_template = kChatml, .has_chatml_end = true}, {.has_tools = false, .date = "2026-11-26"}).text,
            kChatml);
  EXPECT_FALSE(choose_chat_template({.chat_template = kSmolLm3}, {.date = "yesterday"}, "").ok());
}

TEST(ChatTemplate, IsTheOneThatTheConfigurationNames) {
  const ChatSettings named{.template_file = "x.jinja", .has_tools = false};
  EXPECT_EQ(choose({.chat_template = kChatml}, named, "{{ messages }} of mine").text, "{{ messages }} of mine");
}

TEST(ChatTemplate, ThatThereIsNoneNamesTheKey) {
  const auto chosen = choose_chat_template({}, {}, "");
  ASSERT_FALSE(chosen.ok());
  EXPECT_THAT(chosen.error().message, HasSubstr("chat_template: FILE"));
}

TEST(PreparedTemplate, IsAFileNamedByItsContentOrNoneWhereTheModelsOwnWillDo) {
  const io::TemporaryFolder folder;
  modelfile::GgufHeader header;
  header.set("general.architecture", modelfile::GgufValue::string("llama"));
  header.set("tokenizer.chat_template", modelfile::GgufValue::string(kSmolLm3));
  const auto path = folder.path() / "m.gguf";
  ASSERT_TRUE(modelfile::write_gguf(path, header, [](const auto&, const auto&) { return Status{}; }).ok());
  EXPECT_EQ(prepare_chat_template(folder.path(), {.path = path})->file, "");
  const auto monday = prepare_chat_template(folder.path(), {.path = path, .chat = {.date = "2026-11-23"}});
  const auto again = prepare_chat_template(folder.path(), {.path = path, .chat = {.date = "2026-11-23"}});
  const auto tuesday = prepare_chat_template(folder.path(), {.path = path, .chat = {.date = "2026-11-24"}});
  ASSERT_TRUE(monday.ok() && again.ok() && tuesday.ok());
  EXPECT_EQ(monday->file, again->file);
  EXPECT_NE(monday->file, tuesday->file);
  EXPECT_THAT(*io::read_file(monday->file), HasSubstr("23 November 2026"));
}

TEST(CheckChatTemplate, NamesAFileThatIsNotThereBeforeARun) {
  const io::TemporaryFolder folder;
  modelfile::GgufHeader header;
  header.set("general.architecture", modelfile::GgufValue::string("llama"));
  header.set("tokenizer.chat_template", modelfile::GgufValue::string(kGemma));
  const auto path = folder.path() / "m.gguf";
  ASSERT_TRUE(modelfile::write_gguf(path, header, [](const auto&, const auto&) { return Status{}; }).ok());
  EXPECT_EQ(check_chat_template({.path = path})->size(), 3U);
  const auto missing = check_chat_template({.path = path, .chat = {.template_file = folder.path() / "none.jinja"}});
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("none.jinja"));
  EXPECT_THAT(*check_chat_template({.endpoint = Endpoint{.url = "http://a/v1"}}), IsEmpty());
}

}  // namespace
}  // namespace fw::modelops
