#include "dataset/impl/row_text.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"

namespace fw::dataset {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

void append(std::string& out, std::string_view text) {
  if (!out.empty()) out += '\n';
  out += text;
}

/// A text, or the texts in a list of parts; for a part that is none (an image) a word that no other has.
void append_content(element content, std::string& out) {
  std::string_view text;
  array parts;
  if (content.get(text) == SUCCESS) {
    if (!text.empty()) append(out, text);
  } else if (content.get(parts) == SUCCESS) {
    for (const element part : parts) {
      if (part.get(text) == SUCCESS || part["text"].get(text) == SUCCESS) {
        append(out, text);
      } else if (part.is_object()) {
        append(out, "part" + std::to_string(hash64(simdjson::minify(part))));
      }
    }
  }
}

std::vector<std::pair<std::string_view, element>> sorted(object fields) {
  std::vector<std::pair<std::string_view, element>> out;
  for (const auto field : fields) out.emplace_back(field.key, field.value);
  std::ranges::stable_sort(out, {}, [](const auto& field) { return field.first; });
  return out;
}

/// Calls `visit` with every text in a value.
template <class Visit>
void each_text(element value, Visit& visit) {
  std::string_view text;
  array items;
  object fields;
  if (value.get(text) == SUCCESS) {
    visit(text);
  } else if (value.get(items) == SUCCESS) {
    for (const element item : items) each_text(item, visit);
  } else if (value.get(fields) == SUCCESS) {
    for (const auto& [key, item] : sorted(fields)) each_text(item, visit);
  }
}

/// As JSON, but keys in order, texts without escapes, and a number the same however it is written.
void append_value(element value, std::string& out) {
  std::string_view text;
  array items;
  object fields;
  double number = 0;
  bool is_first = true;
  const auto part = [&] {
    if (!std::exchange(is_first, false)) out += ", ";
  };
  if (value.get(text) == SUCCESS) {
    out.append("\"").append(text).append("\"");
  } else if (value.get(items) == SUCCESS) {
    out += '[';
    for (const element item : items) {
      part();
      append_value(item, out);
    }
    out += ']';
  } else if (value.get(fields) == SUCCESS) {
    out += '{';
    for (const auto& [key, item] : sorted(fields)) {
      part();
      out.append("\"").append(key).append("\": ");
      append_value(item, out);
    }
    out += '}';
  } else if (value.is_double() && value.get(number) == SUCCESS && std::abs(number) < kExactIntegers &&
             number == std::floor(number)) {
    out += std::to_string(static_cast<std::int64_t>(number));
  } else {
    out += simdjson::minify(value);
  }
}

/// The texts of tools' definitions.
void append_tools(element tools, std::string& out) {
  const auto visit = [&](std::string_view text) { append(out, text); };
  each_text(tools, visit);
}

class Reader {
 public:
  explicit Reader(simdjson::dom::parser& arguments) : arguments_(arguments) {}

  void append_message(element message, std::string& out, std::vector<std::string>* values = nullptr) {
    element part;
    if (message["content"].get(part) == SUCCESS) append_content(part, out);
    array calls;
    if (message["tool_calls"].get(calls) == SUCCESS) {
      for (const element call : calls) {
        if (call["function"].get(part) == SUCCESS) append_call(part, out, values);
      }
    }
    if (message["function_call"].get(part) == SUCCESS) append_call(part, out, values);
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

  /// Of the choice that calls a tool, else of the first.
  void append_answer(array choices, RowText& text) {
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
    if (has_answer) append_message(answer, text.answer, &text.answer_values);
  }

 private:
  void append_call(element function, std::string& out, std::vector<std::string>* values) {
    std::string_view text;
    if (function["name"].get(text) == SUCCESS) append(out, text);
    element arguments;
    if (function["arguments"].get(arguments) != SUCCESS) return;
    if (arguments.get(text) == SUCCESS) {
      const std::string_view written = text;
      if (arguments_.parse(written.data(), written.size()).get(arguments) != SUCCESS) {
        append(out, written);
        return;
      }
    }
    append(out, "");
    append_value(arguments, out);
    if (values == nullptr) return;
    const auto visit = [&](std::string_view value) { values->emplace_back(value); };
    each_text(arguments, visit);
  }

  simdjson::dom::parser& arguments_;
};

}  // namespace

struct RowTexts::Impl {
  simdjson::dom::parser parser;
  simdjson::dom::parser arguments;
};

RowTexts::RowTexts() : impl_(std::make_unique<Impl>()) {}
RowTexts::~RowTexts() = default;

RowText RowTexts::of_exchange(std::string_view request, std::string_view response) {
  RowText text;
  array list;
  element document;
  Reader reader(impl_->arguments);
  if (impl_->parser.parse(request.data(), request.size()).get(document) == SUCCESS) {
    if (document["messages"].get(list) == SUCCESS) reader.append_turns(list, text);
    element tools;
    for (const char* key : {"tools", "functions"}) {
      if (document[key].get(tools) == SUCCESS) append_tools(tools, text.tools);
    }
  }
  if (impl_->parser.parse(response.data(), response.size()).get(document) == SUCCESS &&
      document["choices"].get(list) == SUCCESS) {
    reader.append_answer(list, text);
  }
  return text;
}

}  // namespace fw::dataset
