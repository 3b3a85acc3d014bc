#include "dataset/impl/row_text.h"

#include <simdjson.h>

namespace fw::dataset {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::array;
using simdjson::dom::element;

void append(std::string& out, std::string_view text) {
  if (!out.empty()) out += '\n';
  out += text;
}

/// A text, or the texts in a list of parts.
void append_content(element content, std::string& out) {
  std::string_view text;
  array parts;
  if (content.get(text) == SUCCESS) {
    if (!text.empty()) append(out, text);
  } else if (content.get(parts) == SUCCESS) {
    for (const element part : parts) {
      if (part.get(text) == SUCCESS || part["text"].get(text) == SUCCESS) append(out, text);
    }
  }
}

void append_call(element function, std::string& out) {
  std::string_view text;
  if (function["name"].get(text) == SUCCESS) append(out, text);
  element arguments;
  if (function["arguments"].get(arguments) != SUCCESS) return;
  if (arguments.get(text) == SUCCESS) {
    append(out, text);
  } else {
    append(out, simdjson::minify(arguments));
  }
}

void append_message(element message, std::string& out) {
  element part;
  if (message["content"].get(part) == SUCCESS) append_content(part, out);
  array calls;
  if (message["tool_calls"].get(calls) == SUCCESS) {
    for (const element call : calls) {
      if (call["function"].get(part) == SUCCESS) append_call(part, out);
    }
  }
  if (message["function_call"].get(part) == SUCCESS) append_call(part, out);
}

/// The choice that calls a tool, else the first: the answer.
void append_answer(array choices, std::string& out) {
  element answer;
  bool has_answer = false;
  for (const element choice : choices) {
    element message;
    array calls;
    if (choice["message"].get(message) != SUCCESS) continue;
    const bool calls_tool = message["tool_calls"].get(calls) == SUCCESS && calls.size() > 0;
    if (!has_answer || calls_tool) answer = message;
    has_answer = true;
    if (calls_tool) break;
  }
  if (has_answer) append_message(answer, out);
}

void append_turns(array messages, RowText& text) {
  for (const element message : messages) {
    std::string_view role;
    if (message["role"].get(role) != SUCCESS) continue;
    append_message(message, role == "system" || role == "developer" ? text.system : text.seen);
    if (role != "user") continue;
    text.last_user.clear();
    append_message(message, text.last_user);
  }
}

}  // namespace

struct RowTexts::Impl {
  simdjson::dom::parser parser;
};

RowTexts::RowTexts() : impl_(std::make_unique<Impl>()) {}
RowTexts::~RowTexts() = default;

RowText RowTexts::of_exchange(std::string_view request, std::string_view response) {
  RowText text;
  array list;
  element document;
  if (impl_->parser.parse(request.data(), request.size()).get(document) == SUCCESS &&
      document["messages"].get(list) == SUCCESS) {
    append_turns(list, text);
  }
  if (impl_->parser.parse(response.data(), response.size()).get(document) == SUCCESS &&
      document["choices"].get(list) == SUCCESS) {
    append_answer(list, text.answer);
  }
  return text;
}

}  // namespace fw::dataset
