#include "modelfile/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/tests/gguf_bytes.h"

namespace fw::modelfile {
namespace {

ModelSummary small_summary() {
  const std::string bytes = testing::small_file();
  return *summarise(*parse_gguf_header(bytes, bytes.size()));
}

TEST(ModelSummary, SaysWhatTheHeaderSays) {
  const ModelSummary summary = small_summary();
  EXPECT_EQ(summary.architecture, "llama");
  EXPECT_EQ(summary.parameters, 40U);
  EXPECT_EQ(summary.layers, 2U);
  EXPECT_EQ(summary.heads, 9U);  // the largest of the per-layer counts
  EXPECT_EQ(summary.vocabulary, 3U);
  EXPECT_EQ(summary.context_length, std::nullopt);
  EXPECT_EQ(summary.types.at("Q8_0").bytes, 34U);
  EXPECT_TRUE(summary.tied_embeddings);
}

TEST(ModelSummary, JsonHasNullForWhatTheFileDoesNotSay) {
  const auto json = to_json(small_summary());
  EXPECT_TRUE(json["context_length"].is_null());
  EXPECT_EQ(json["types"]["F32"]["parameters"], 8);
}

TEST(ModelSummary, TextNamesKeptLayersAsRanges) {
  ModelSummary summary = small_summary();
  summary.kept_layers = {0, 1, 2, 7, 19, 20};
  EXPECT_NE(to_text(summary).find("kept of the original: 0-2, 7, 19-20\n"), std::string::npos) << to_text(summary);
}

TEST(ModelSummary, NamesOutOfTheFileCannotSteerATerminalNorBreakJson) {
  GgufHeader header;
  header.set("general.architecture", GgufValue::string("llama"));
  header.set("general.name", GgufValue::string("\x1b[2Jhi\xff\xc2\x9b ok"));
  const ModelSummary summary = *summarise(header);
  EXPECT_EQ(to_text(summary).find('\x1b'), std::string::npos);
  EXPECT_EQ(to_text(summary).find("\xc2\x9b"), std::string::npos);
  EXPECT_NO_THROW((void)to_json(summary).dump());
  EXPECT_NE(to_text(summary).find(" ok\n"), std::string::npos);
}

TEST(ModelSummary, AFileWithoutArchitectureIsNoModel) {
  EXPECT_EQ(summarise(GgufHeader{}).error().code, ErrorCode::kDataLoss);
}

TEST(Inspect, NamesTheFileAndItsSize) {
  const io::TemporaryFolder folder;
  const auto path = folder.path() / "small.gguf";
  ASSERT_TRUE(io::write_file_atomically(path, testing::small_file()).ok());
  EXPECT_EQ(inspect(path)->file_bytes, testing::small_file().size());
  EXPECT_EQ(inspect(path)->path, path.string());
  EXPECT_EQ(inspect(folder.path()).error().code, ErrorCode::kUnimplemented);
  EXPECT_NE(inspect("/nonexistent.gguf").error().message.find("/nonexistent.gguf"), std::string::npos);
}

}  // namespace
}  // namespace fw::modelfile
