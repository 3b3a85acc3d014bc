// Chat rows with the real model's tokenizer; skipped where its file is not there.
#include <gtest/gtest.h>

#include <cstdlib>

#include "io/file.h"
#include "trainer/chat/chat_tokenizer.h"
#include "trainer/tests/chat_rows.h"
#include "trainer/tests/model_file.h"

namespace fw::trainer {
namespace {

constexpr Token kEndOfTurn = 2;  // <|im_end|> of SmolLM2

std::filesystem::path template_file() {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : FW_SOURCE_DIR) /
         "src/modelops/local/templates/chatml_tools.jinja";
}

class ChatRows : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(model_file()))
      GTEST_SKIP() << model_file() << " is not there (scripts/setup fetches it, or set FLYWHEEL_MODEL)";
    tokenizer_.emplace(open(template_file()));
  }
  static ChatTokenizer open(std::optional<std::filesystem::path> chat_template) {
    auto tokenizer = ChatTokenizer::open(model_file(), chat_template);
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.error();
    return std::move(tokenizer).value();
  }
  Result<RowSet> read(const std::string& lines, std::int64_t longest = 4096) {
    EXPECT_TRUE(io::write_file_atomically(folder_.path() / "rows.jsonl", lines).ok());
    return read_rows(folder_.path() / "rows.jsonl", *tokenizer_, longest);
  }

  io::TemporaryFolder folder_;
  std::optional<ChatTokenizer> tokenizer_;
};

TEST_F(ChatRows, EndWithTheTokenThatEndsATurn) {
  for (const auto& line : chat_rows()) {
    const auto row = tokenizer_->encode(line);
    ASSERT_TRUE(row.ok()) << row.error() << " in " << line;
    EXPECT_GT(row->answer_begin, 0);
    EXPECT_LT(row->answer_begin, static_cast<std::int64_t>(row->tokens.size()));
    EXPECT_EQ(row->tokens.back(), kEndOfTurn);
  }
}

TEST_F(ChatRows, HaveTheLossOnTheAnswerAlone) {
  const auto row =
      tokenizer_->encode(R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]})");
  ASSERT_TRUE(row.ok()) << row.error();
  EXPECT_EQ(row->tokens.size() - static_cast<std::size_t>(row->answer_begin), 2U);  // "Hello", end of turn
}

TEST_F(ChatRows, OfBadFormAreLeftOutWithTheirReasons) {
  const auto set = read(chat_rows()[0] + "\n{\"messages\":\nnot json\n{\"messages\":[]}\n\n" +
                            R"({"messages":[{"role":"user","content":"a"}]})" + "\n" + chat_rows()[1] + "\n",
                        60);
  ASSERT_TRUE(set.ok()) << set.error();
  EXPECT_EQ(set->rows.size(), 1U);
  EXPECT_EQ(set->lines, std::vector<std::size_t>{1});
  EXPECT_EQ(set->left_out_count(), 5U);
  EXPECT_EQ(set->left_out.back().text, "longer than max_seq_length of 60 tokens");
  EXPECT_EQ(set->left_out.front().count, 2U);
}

TEST_F(ChatRows, NeverCrashOnHostileLines) {
  for (
      const std::string line :
      {R"([])", R"({"messages":{}})", R"({"messages":[1,2]})",
       R"({"messages":[{"role":"assistant"},{"role":"assistant"}]})",
       R"({"messages":[{"role":"user","content":{}},{"role":"assistant","content":"x"}]})",
       R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{}]}]})",
       R"({"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}],"tools":[{"type":"function"}]})"})
    EXPECT_FALSE(tokenizer_->encode(line).ok()) << line;
  EXPECT_FALSE(tokenizer_->encode(std::string(100'000, '[')).ok());
  EXPECT_FALSE(tokenizer_
                   ->encode("{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\xfe\"},{\"role\":\"assistant\","
                            "\"content\":\"y\"}]}")
                   .ok());
}

TEST_F(ChatRows, ThatTheModelsOwnTemplateCannotExpressNameTheRemedy) {
  tokenizer_.emplace(open(std::nullopt));
  const auto set = read(chat_rows()[1] + "\n");
  ASSERT_FALSE(set.ok());
  EXPECT_NE(set.error().message.find("--chat-template-file"), std::string::npos) << set.error();
}

TEST_F(ChatRows, WithoutAUsableOneAreAnError) {
  EXPECT_NE(read("").error().message.find("empty"), std::string::npos);
  EXPECT_NE(read("x\n").error().message.find("no JSON object"), std::string::npos);
}

TEST_F(ChatRows, ATemplateThatIsNoneIsRefused) {
  ASSERT_TRUE(io::write_file_atomically(folder_.path() / "bad.jinja", "{% for %}").ok());
  EXPECT_FALSE(ChatTokenizer::open(model_file(), folder_.path() / "bad.jinja").ok());
  EXPECT_FALSE(ChatTokenizer::open(folder_.path() / "bad.jinja", std::nullopt).ok());
}

}  // namespace
}  // namespace fw::trainer
