// How rows of odd forms come out of templates that refuse them, and what an answer's tokens are where the vocabulary is
// SentencePiece's. With llama.cpp's own renderer and tokenizer; the templates do what those of Gemma 2 and Mistral do.
#include <gtest/gtest.h>

#include "io/file.h"
#include "trainer/chat/chat_tokenizer.h"
#include "trainer/tests/tiny_vocabulary.h"

namespace fw::trainer {
namespace {

constexpr const char* kTurns =
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif "
    "%}{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation "
    "roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if m['role'] == 'user' %}{{ '[I]' + "
    "m['content'] + '[/I]' }}{% else %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}";
// Ids of nine characters; the system message stands before the last message, if that is the user's.
constexpr const char* kIds =
    "{{ bos_token }}{% if tools %}{% for t in tools %}{{ '[T]' + t.function.name }}{% endfor %}{% endif %}{% if "
    "messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] %}{% set rest = messages[1:] %}{% else "
    "%}{% "
    "set rest = messages %}{% endif %}{% for m in rest %}{% if m['role'] == 'user' %}{{ '[I]' }}{% if loop.last and "
    "first "
    "is defined %}{{ first + '|' }}{% endif %}{{ m['content'] + '[/I]' }}{% elif m.tool_calls is defined and "
    "m.tool_calls "
    "is not none %}{% for c in m.tool_calls %}{% if c.id is not defined or c.id|length != 9 %}{{ raise_exception('Tool "
    "call IDs should be alphanumeric strings with length 9!') }}{% endif %}{{ '[C]' + c.function.name + c.id }}{% "
    "endfor "
    "%}{{ eos_token }}{% elif m['role'] == 'tool' %}{{ '[R]' + m['content'] + m.tool_call_id }}{% else %}{{ "
    "m['content'] + "
    "eos_token }}{% endif %}{% endfor %}";
// An answer has its thought before it, an empty one when there is none; the prompt has the empty one where thinking is
// off.
constexpr const char* kThinking =
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[I]' + m['content'] + '[/I]' }}{% else %}{% "
    "if "
    "m.reasoning_content is defined and m.reasoning_content %}{{ '<think>\n' + m.reasoning_content + '\n</think>\n\n' "
    "}}{% else %}{{ '<think>\n\n</think>\n\n' }}{% endif %}{{ m['content'] + eos_token }}{% endif %}{% endfor %}{% if "
    "add_generation_prompt and enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' "
    "}}{% endif %}";

class ChatTemplates : public testing::Test {
 protected:
  // The tokenizer for `text`, adapted as the line `fw` says where it is not empty.
  ChatTokenizer open(const std::string& text, const std::string& fw = "", const std::vector<std::string>& words = {}) {
    words_ = words;
    const auto model = folder_.path() / "vocabulary.gguf";
    write_vocabulary(model, text, words);
    std::optional<std::filesystem::path> file;
    if (!fw.empty()) {
      const auto adapter =
          io::read_file(std::filesystem::path(FW_SOURCE_DIR) / "src/modelops/local/templates" / "adapt_messages.jinja");
      file = folder_.path() / "adapted.jinja";
      EXPECT_TRUE(io::write_file_atomically(*file, "{%- set fw = namespace(" + fw +
                                                       ", list=[], ids=[], pending='') -%}\n" + adapter.value() + text)
                      .ok());
    }
    auto tokenizer = ChatTokenizer::open(model, file);
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.error();
    return std::move(tokenizer).value();
  }
  // Prompt | answer.
  std::string row(ChatTokenizer& tokenizer, const std::string& line) const {
    const auto row = tokenizer.encode(line);
    if (!row.ok()) return row.error().message;
    const auto begin = row->tokens.begin();
    return spelled({begin, begin + row->answer_begin}, words_) + " | " +
           spelled({begin + row->answer_begin, row->tokens.end()}, words_);
  }

  io::TemporaryFolder folder_;
  std::vector<std::string> words_;
};

TEST_F(ChatTemplates, AnAnswerBeginsWithoutTheSpaceThatATextBeginsWith) {
  auto tokenizer = open(kTurns, "", {"hi", "so"});
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"user","content":"so"},{"role":"assistant","content":"hi so"}]})"),
            "<s> [I]so[/I] | hi_so</s>");
}

TEST_F(ChatTemplates, RefuseWhatTheyDoNotKnow) {
  auto tokenizer = open(kTurns);
  EXPECT_NE(row(tokenizer, R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"},)"
                           R"({"role":"assistant","content":"c"}]})")
                .find("must alternate"),
            std::string::npos);
}

TEST_F(ChatTemplates, AdaptedTakeSystemMessagesAndTurnsThatDoNotAlternate) {
  auto tokenizer = open(kTurns, "system=true, turns=true, tools=false, short_ids=false");
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},)"
                           R"({"role":"user","content":"b"},{"role":"assistant","content":"c"}]})"),
            "<s> [I]S\n\na\n\nb[/I] | c</s>");
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"assistant","content":"w"},{"role":"user","content":"a"},)"
                           R"({"role":"assistant","content":"c"}]})"),
            "<s> [I][/I]w</s> [I]a[/I] | c</s>");
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},)"
                           R"({"role":"system","content":"L"},{"role":"user","content":"c"},)"
                           R"({"role":"assistant","content":"d"}]})"),
            "<s> [I]a[/I]b</s> [I]L\n\nc[/I] | d</s>");
}

TEST_F(ChatTemplates, AdaptedSayToolsAndCallsInWords) {
  auto tokenizer = open(kTurns, "system=true, turns=true, tools=true, short_ids=false");
  const std::string call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_1234567890","type":"function",)"
      R"("function":{"name":"f","arguments":"{\"x\": 1}"}}]})";
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{}}}])";
  const auto one = row(tokenizer, R"({"messages":[{"role":"user","content":"a"},)" + call + "]," + tools + "}");
  EXPECT_NE(one.find("{\"name\":\"f\",\"description\":\"d\""), std::string::npos) << one;
  EXPECT_TRUE(one.ends_with("a[/I] | <tool_call>{\"name\":\"f\",\"arguments\":{\"x\":1}}</tool_call></s>")) << one;
  const auto two = row(tokenizer, R"({"messages":[{"role":"user","content":"a"},)" + call +
                                      R"(,{"role":"tool","tool_call_id":"call_1234567890","content":"r"},)" +
                                      R"({"role":"assistant","content":"done"}],)" + tools + "}");
  EXPECT_TRUE(two.ends_with("[I]<tool_response>r</tool_response>[/I] | done</s>")) << two;
}

TEST_F(ChatTemplates, AdaptedNumberToolCallsAnew) {
  auto tokenizer = open(kIds, "system=false, turns=false, tools=false, short_ids=true");
  const auto call = [](const std::string& id) {
    return R"({"role":"assistant","content":null,"tool_calls":[{"id":")" + id +
           R"(","type":"function","function":{"name":"f","arguments":"{}"}}]})";
  };
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f","parameters":{}}}])";
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"user","content":"a"},)" + call("call_abcdefghijklmn") +
                               R"(,{"role":"tool","tool_call_id":"call_abcdefghijklmn","content":"r"},)" +
                               call("call_opqrstuvwxyz") + "]," + tools + "}"),
            "<s> [T]f[I]a[/I][C]f000000001</s> [R]r000000001 | [C]f000000002</s>");
}

// What stands before an answer must not hang on its being answered.
TEST_F(ChatTemplates, ThatMoveTheSystemMessageAreTrainedOnWhatIsServed) {
  auto tokenizer = open(kIds);
  EXPECT_EQ(row(tokenizer, R"({"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"},)"
                           R"({"role":"assistant","content":"c"}]})"),
            "<s> [I]S|a[/I] | c</s>");
}

TEST_F(ChatTemplates, LeaveTheThoughtToThePromptUnlessAskedToThink) {
  write_vocabulary(folder_.path() / "v.gguf", kThinking);
  const std::string line = R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}]})";
  auto off = ChatTokenizer::open(folder_.path() / "v.gguf", std::nullopt, false);
  ASSERT_TRUE(off.ok()) << off.error();
  EXPECT_EQ(row(*off, line), "<s> [I]a[/I]<think>\n\n</think>\n\n | c</s>");
  auto on = ChatTokenizer::open(folder_.path() / "v.gguf", std::nullopt, true);
  ASSERT_TRUE(on.ok()) << on.error();
  EXPECT_EQ(row(*on, line), "<s> [I]a[/I] | <think>\n\n</think>\n\nc</s>");
}

}  // namespace
}  // namespace fw::trainer
