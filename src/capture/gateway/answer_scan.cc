#include "capture/gateway/answer_scan.h"

#include <simdjson.h>

namespace fw::capture {
namespace {

namespace dom = simdjson::dom;

bool are_whole(dom::element call, dom::parser& inner) {
  std::string_view arguments;
  if (call["function"]["arguments"].get_string().get(arguments) != simdjson::SUCCESS) return true;
  if (arguments.find_first_not_of(" \t\r\n") == std::string_view::npos) return true;
  dom::element ignored;
  const auto code = inner.parse(arguments.data(), arguments.size()).get(ignored);
  return code == simdjson::SUCCESS || code == simdjson::NUMBER_ERROR;  // a number beyond 64 bits is JSON too
}

bool all_are_whole(dom::element answer, dom::parser& inner) {
  dom::array choices;
  if (answer["choices"].get_array().get(choices) != simdjson::SUCCESS) return true;
  for (const dom::element choice : choices) {
    dom::array calls;
    if (choice["message"]["tool_calls"].get_array().get(calls) != simdjson::SUCCESS) continue;
    for (const dom::element call : calls) {
      if (!are_whole(call, inner)) return false;
    }
  }
  return true;
}

bool has_error(dom::element answer) {
  dom::element error;
  if (answer["error"].get(error) != simdjson::SUCCESS || error.is_null() || error.is_bool()) return false;
  std::string_view text;
  return error.get_string().get(text) != simdjson::SUCCESS || !text.empty();
}

}  // namespace

struct AnswerScanner::Impl {
  dom::parser parser;
  dom::parser inner;
};

AnswerScanner::AnswerScanner() : impl_(std::make_unique<Impl>()) {}
AnswerScanner::~AnswerScanner() = default;

AnswerScan AnswerScanner::scan(std::string& body) {
  AnswerScan scan;
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  dom::element answer;
  if (impl_->parser.parse(body.data(), body.size(), false).get(answer) != simdjson::SUCCESS) return scan;
  scan.is_object = answer.is_object();
  if (!scan.is_object) return scan;
  scan.is_error = has_error(answer);
  std::string_view model, id;
  if (answer["model"].get_string().get(model) == simdjson::SUCCESS) scan.model = model;
  if (answer["id"].get_string().get(id) == simdjson::SUCCESS) scan.id = id;
  scan.are_arguments_whole = all_are_whole(answer, impl_->inner);
  return scan;
}

}  // namespace fw::capture
