// Whatever an endpoint answers: no crash, and what is kept of it is JSON that can be read again.

#include <cstdint>

#include "base/assert.h"
#include "evals/answer.h"
#include "evals/json_text.h"
#include "evals/row.h"
#include "evals/row_result.h"
#include "evals/tool_calls/blueprint_scores.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::evals;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)parse_row(bytes);
  (void)parse_row_result(bytes);
  const auto answer = parse_answer(bytes);
  if (!answer) return 0;
  FW_ASSERT(fw::evals::is_utf8(answer->response) && parse_python_json(answer->response).ok());
  FW_ASSERT(compact_json(answer->response) == answer->response);
  (void)score_tool_calling(PythonValue(PythonValue::List{}), answer->message);
  const auto message = message_json(answer->response);
  FW_ASSERT(message.empty() || parse_python_json(message).ok());
  fw::modelops::RowResult row{.record_id = "r", .response = answer->response, .error = answer->text};
  FW_ASSERT(parse_row_result(to_json_line(row))->response == row.response);
  return 0;
}
