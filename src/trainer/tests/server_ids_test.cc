// Against the real engine: the ids that rows are trained on are those that llama-server makes of the same messages.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/tests/llama_server.h"
#include "trainer/chat/chat_tokenizer.h"
#include "trainer/tests/chat_rows.h"
#include "trainer/tests/model_file.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

std::filesystem::path template_file() {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  return std::filesystem::path(source != nullptr ? source : FW_SOURCE_DIR) /
         "src/modelops/local/templates/chatml_tools.jinja";
}

class ServerIds : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(model_file()))
      GTEST_SKIP() << model_file() << " is not there (scripts/setup fetches it, or set FLYWHEEL_MODEL)";
    server_.emplace(FW_LLAMA_SERVER,
                    std::vector<std::string>{"-m", model_file().string(), "--jinja", "--chat-template-file",
                                             template_file().string(), "-c", "2048", "-np", "1"});
    ASSERT_TRUE(server_->ready()) << "llama-server did not become ready";
    auto tokenizer = ChatTokenizer::open(model_file(), template_file());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error();
    tokenizer_.emplace(std::move(tokenizer).value());
  }

  Json post(const std::string& path, const Json& body) { return Json::parse(server_->post(path, body.dump())); }

  // The prompt's ids as the server's chat completions compute them.
  std::vector<Token> prompt_ids(Json row) {
    auto& messages = row["messages"];
    messages.erase(messages.size() - 1);
    const auto prompt = post("/apply-template", row).at("prompt");
    return post("/tokenize", {{"content", prompt}, {"add_special", true}, {"parse_special", true}}).at("tokens");
  }

  std::optional<modelfile::LlamaServer> server_;
  std::optional<ChatTokenizer> tokenizer_;
};

TEST_F(ServerIds, OfPromptsAreTheTrainedOnes) {
  for (const auto& line : chat_rows()) {
    const auto row = tokenizer_->encode(line);
    ASSERT_TRUE(row.ok()) << row.error();
    const std::vector<Token> prompt(row->tokens.begin(), row->tokens.begin() + row->answer_begin);
    EXPECT_EQ(prompt, prompt_ids(Json::parse(line))) << line;
  }
}

TEST_F(ServerIds, OfTheAnswerReadBackAsTheAnswer) {
  const auto row = tokenizer_->encode(chat_rows()[1]);
  ASSERT_TRUE(row.ok()) << row.error();
  const std::vector<Token> answer(row->tokens.begin() + row->answer_begin, row->tokens.end() - 1);
  const std::string text = post("/detokenize", {{"tokens", answer}}).at("content");
  EXPECT_EQ(text.find("<tool_call>{\"name\":\"get_order\",\"arguments\":{"), 0U) << text;
  const std::string marker = "</tool_call>";
  EXPECT_TRUE(text.ends_with(marker)) << text;
}

}  // namespace
}  // namespace fw::trainer
