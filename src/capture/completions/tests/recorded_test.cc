#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "capture/completions/tests/stream_fixture.h"

/// Streams as llama-server sent them, beside what it answered to the same request at once (recorded/README.md).
namespace fw::capture {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Dialect dialect_of(const std::string& name) {
  if (name.starts_with("completions")) return Dialect::kCompletions;
  if (name.starts_with("responses")) return Dialect::kResponses;
  return name.starts_with("messages") ? Dialect::kMessages : Dialect::kChatCompletions;
}

/// Ids are drawn anew for every answer; beside calls this server says "" where the API says null.
json comparable(json message) {
  if (message.contains("tool_calls")) {
    for (auto& call : message["tool_calls"]) call.erase("id");
    if (message["content"] == "") message["content"] = nullptr;
  }
  return message;
}

json logprobs_of(const json& response) {
  const json& choice = response["choices"][0];
  return choice.contains("logprobs") && choice["logprobs"].is_object() ? choice["logprobs"]["content"] : json();
}

std::vector<fs::path> recordings() {
  const char* source = std::getenv("FLYWHEEL_SOURCE_DIR");
  std::vector<fs::path> out;
  if (source == nullptr) return out;
  for (const auto& entry : fs::directory_iterator(fs::path(source) / "src/capture/completions/tests/recorded")) {
    if (entry.path().extension() == ".sse") out.push_back(entry.path());
  }
  return out;
}

TEST(RecordedStreams, SayWhatTheWholeAnswerSays) {
  const auto all = recordings();
  if (all.empty()) GTEST_SKIP() << "FLYWHEEL_SOURCE_DIR is not set";
  for (const auto& path : all) {
    const std::string name = path.stem().string();
    const Dialect dialect = dialect_of(name);
    const auto out = rebuilt(bytes_of(path), false, dialect);
    const json whole =
        json::parse(as_chat_response(dialect, bytes_of(fs::path(path).replace_extension(".json"))).value_or("0"));
    EXPECT_EQ(comparable(out.message()), comparable(whole["choices"][0]["message"])) << name;
    EXPECT_EQ(out.response["choices"][0]["finish_reason"], whole["choices"][0]["finish_reason"]) << name;
    EXPECT_EQ(logprobs_of(out.response), logprobs_of(whole)) << name;
    if (out.outcome.has_usage) {
      EXPECT_EQ(out.response["usage"]["completion_tokens"], whole["usage"]["completion_tokens"]) << name;
    }
    EXPECT_NE(out.outcome.ending, record::Ending::kUpstreamDied) << name;
    EXPECT_FALSE(out.outcome.model.empty()) << name;
  }
}

TEST(RecordedStreams, ComeInAnyPieces) {
  for (const auto& path : recordings()) {
    const Dialect dialect = dialect_of(path.stem().string());
    const std::string stream = bytes_of(path);
    const auto whole = rebuilt(stream, false, dialect).outcome;
    for (const std::size_t piece : {1, 2, 7, 61, 1460}) {
      EXPECT_EQ(rebuilt(stream, false, dialect, piece).outcome.response, whole.response) << path << " " << piece;
    }
  }
}

TEST(RecordedStreams, BrokenOffAnywhereAreNeverFinishedBeforeTheirEnd) {
  for (const auto& path : recordings()) {
    const Dialect dialect = dialect_of(path.stem().string());
    const std::string stream = bytes_of(path);
    const auto whole = rebuilt(stream, false, dialect);
    const std::string text = whole.message().value("content", json()).is_string() ? whole.message()["content"] : "";
    for (std::size_t end = 0; end < stream.size(); end += 97) {
      const auto out = rebuilt(stream.substr(0, end), false, dialect);
      if (out.outcome.ending == record::Ending::kFinished) {
        EXPECT_EQ(comparable(out.message()), comparable(whole.message())) << path << " " << end;
      } else if (!out.response["choices"].empty() && out.message()["content"].is_string()) {
        EXPECT_TRUE(text.starts_with(out.message()["content"].get<std::string>())) << path << " " << end;
      }
    }
  }
}

}  // namespace
}  // namespace fw::capture
