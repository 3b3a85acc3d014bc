#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "capture/tests/read_records.h"

/// The examples of docs/traffic.md are what it says they are.
namespace fw::capture {
namespace {

struct Block {
  std::string language;  // as it stands behind the fence
  std::string text;
  int line = 0;
};

std::vector<Block> blocks_of(const std::string& page) {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  std::ifstream file((source != nullptr ? std::string(source) : std::string(".")) + "/docs/" + page);
  EXPECT_TRUE(file.good()) << page;
  std::vector<Block> blocks;
  bool is_within = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("```")) {
      is_within = !is_within;
      if (is_within) blocks.push_back({line.substr(3), "", number});
    } else if (is_within) {
      blocks.back().text += line + '\n';
    }
  }
  return blocks;
}

TEST(DocumentedExamples, LoadOrAreRefusedAsThePageSays) {
  const ReadOptions named{.default_workload = record::WorkloadId("w"), .default_client = record::ClientId("c")};
  int blocks = 0;
  for (const Block& block : blocks_of("traffic.md")) {
    if (!block.language.starts_with("jsonl")) continue;
    ++blocks;
    const Outcome outcome = read_records(block.text, named);
    const bool is_refused = block.language == "jsonl refused";
    EXPECT_EQ(outcome.records.empty(), is_refused) << "line " << block.line;
    EXPECT_EQ(outcome.reasons.empty(), !is_refused)
        << "line " << block.line << ": " << (outcome.reasons.empty() ? "" : outcome.reasons.front());
    for (const std::string& reason : outcome.reasons) EXPECT_EQ(reason.find("not a known form"), std::string::npos);
  }
  EXPECT_GE(blocks, 9);
}

TEST(DocumentedExamples, OfTheFormatsPageLoad) {
  const ReadOptions named{.default_workload = record::WorkloadId("w"), .default_client = record::ClientId("c")};
  for (const Block& block : blocks_of("formats/traffic.md")) {
    if (block.language != "json") continue;
    EXPECT_TRUE(read_records(block.text, named).reasons.empty()) << "line " << block.line;
  }
}

}  // namespace
}  // namespace fw::capture
