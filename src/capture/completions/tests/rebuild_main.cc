#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "capture/completions/stream_rebuild.h"

/// Rebuilds the event stream on standard input (`capture_rebuild chat|completions|responses|messages`) and
/// prints the outcome as JSON, so that other people's clients can be held against it. `whole` after the dialect reads
/// a whole answer instead.
int main(int argc, char** argv) {
  using namespace fw::capture;
  const std::string_view name = argc > 1 ? argv[1] : "chat";
  const Dialect dialect = name == "responses"     ? Dialect::kResponses
                          : name == "messages"    ? Dialect::kMessages
                          : name == "completions" ? Dialect::kCompletions
                                                  : Dialect::kChatCompletions;
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  if (argc > 2 && std::string_view(argv[2]) == "whole") {
    std::cout << as_chat_response(dialect, input).value_or("null") << '\n';
    return 0;
  }
  StreamRebuild rebuild(dialect);
  for (std::size_t at = 0; at < input.size(); at += 1000) rebuild.add(std::string_view(input).substr(at, 1000));
  const auto outcome = std::move(rebuild).finish(false);
  const nlohmann::json out{{"response", nlohmann::json::parse(outcome.response)},
                           {"ending", static_cast<int>(outcome.ending)},
                           {"model", outcome.model},
                           {"has_usage", outcome.has_usage},
                           {"note", outcome.note}};
  std::cout << out.dump() << '\n';
  return 0;
}
