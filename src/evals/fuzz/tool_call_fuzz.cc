// Whatever tools, calls and answers come: no crash, bounded time, and calls agree with themselves.

#include <cstdint>

#include "base/assert.h"
#include "evals/tool_calls/comparison.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::evals;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto input = parse_python_json(bytes);
  if (!input) return 0;
  const PythonValue nothing;
  const auto part = [&](std::string_view name) -> const PythonValue& {
    const PythonValue* found = input->find(name);
    return found ? *found : nothing;
  };
  const auto found = compare_tool_calls(part("tools"), part("reference"), part("message"), bytes);
  FW_ASSERT(found.exact == found.mistakes.empty());
  for (const CallComparison& call : found.calls) FW_ASSERT(call.reference || call.answer);
  const PythonValue same(PythonValue::Dict{{"tool_calls", part("reference")}});
  FW_ASSERT(compare_tool_calls(part("tools"), part("reference"), same, bytes).exact);
  return 0;
}
