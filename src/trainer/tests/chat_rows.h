#pragma once

#include <string>
#include <vector>

namespace fw::trainer {

/// Rows of every shape: with and without tools, several turns, tool results, unicode, digits, null content.
inline std::vector<std::string> chat_rows() {
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"get_order","description":"Looks up an order","parameters":{"type":"object","properties":{"id":{"type":"string","description":"as \"ORD-1\""},"limit":{"type":"integer"}},"required":["id"]}}},{"type":"function","function":{"name":"close","description":"Ends it — for good","parameters":{"type":"object","properties":{}}}}])";
  const std::string call =
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_order","arguments":"{\"id\": \"ORD-00471\", \"limit\": 3}"}}]})";
  const std::string answer =
      R"({"role":"assistant","content":"","tool_calls":[{"type":"function","function":{"name":"get_order","arguments":{"id":"ORD-00471","limit":12}}}]})";
  return {
      R"({"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello!"}]})",
      R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Where is 4711?"},)" + answer +
          "]," + tools + "}",
      R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Order   1234567,  2025-01-31 and 3.14159"},{"role":"assistant","content":"Thanks."}],)" +
          tools + "}",
      R"({"messages":[{"role":"user","content":"Where is it?"},)" + call +
          R"(,{"role":"tool","tool_call_id":"call_1","content":"{\"state\":\"sent\"}"},{"role":"assistant","content":"It was sent."},{"role":"user","content":"And now?"},)" +
          answer + "]," + tools + "}",
      R"({"messages":[{"role":"system","content":"Ü — „quoted“ 日本語 🚚"},{"role":"user","content":"Größe 42?\n\n  indented\tline"},{"role":"assistant","content":"Ja, 42 ✓\nzweite Zeile"}]})",
      R"({"messages":[{"role":"user","content":"<|im_start|>not a turn<|im_end|>"},{"role":"assistant","content":"ok"}]})",
      R"({"messages":[{"role":"system","content":null},{"role":"user","content":"null above"},{"role":"assistant","content":"yes"}],)" +
          tools + "}",
  };
}

}  // namespace fw::trainer
