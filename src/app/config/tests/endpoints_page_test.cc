#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "app/config/config.h"
#include "io/file.h"
#include "modelops/openai/endpoint_url.h"

namespace fw::app {
namespace {

struct Block {
  std::string section;
  std::string text;
};

/// The YAML blocks of docs/endpoints.md, each with the heading that it stands under.
std::vector<Block> blocks_of(const std::string& page) {
  std::vector<Block> out;
  std::istringstream lines(page);
  std::string section;
  bool is_inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) section = line.substr(3);
    if (line == "```yaml") {
      out.push_back({section, ""});
      is_inside = true;
    } else if (line.starts_with("```")) {
      is_inside = false;
    } else if (is_inside) {
      out.back().text += "  " + line + "\n";
    }
  }
  return out;
}

TEST(EndpointsPage, EveryBlockIsACandidateThatTheReaderTakesWithoutAWarning) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "FLYWHEEL_SOURCE_DIR is not set";
  const auto page = io::read_file(std::filesystem::path(source) / "docs/endpoints.md");
  ASSERT_TRUE(page.ok()) << page.error().message;
  const auto blocks = blocks_of(*page);
  const auto every_key_is_set = [](const std::string& name) {
    return name == "ELASTICSEARCH_URL" || name == "MONGODB_URL" || name == "REDIS_URL" ? "" : "s3cret";
  };
  for (const auto& [section, text] : blocks) {
    const auto config =
        parse_config("promising: {margin: 0.5, min_rows: 10}\nnims:\n" + text, "page.yaml", "/", every_key_is_set);
    ASSERT_TRUE(config.ok()) << section << ": " << config.error().message;
    EXPECT_THAT(config->warnings, testing::IsEmpty()) << section;
    ASSERT_EQ(config->run.candidates.size(), 1U) << section;
    EXPECT_TRUE(config->run.candidates[0].model.endpoint.has_value()) << section;
  }
  EXPECT_GE(blocks.size(), 12U);
}

TEST(EndpointsPage, HasASectionForEachKindOfServer) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  if (source == nullptr) GTEST_SKIP() << "FLYWHEEL_SOURCE_DIR is not set";
  const auto page = io::read_file(std::filesystem::path(source) / "docs/endpoints.md");
  ASSERT_TRUE(page.ok());
  for (const char* kind : {"OpenAI", "Azure OpenAI", "Gemini", "vLLM", "Ollama", "LM Studio", "llama-server",
                           "OpenRouter", "Together", "NIM"})
    EXPECT_NE(page->find(std::string("\n## ") + kind + "\n"), std::string::npos) << kind;
}

}  // namespace
}  // namespace fw::app
