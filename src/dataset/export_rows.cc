#include "dataset/export_rows.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "dataset/finished_row.h"
#include "dataset/impl/chat.h"
#include "dataset/impl/export_table.h"
#include "dataset/impl/json.h"

namespace fw::dataset {
namespace {

constexpr const char* kNoText = "content that is no text";
constexpr const char* kBadArguments = "a call whose arguments are no JSON object";
constexpr const char* kManyCalls = "several calls in one message";
constexpr std::size_t kMostTools = 128;     // that OpenAI takes
constexpr std::size_t kMostNameBytes = 64;  // of a tool there

/// A row in its new form, or why there is none.
struct Made {
  Json line;
  std::string reason;
  std::set<std::string> changed;

  static Made left_out(std::string why) { return {.line = {}, .reason = std::move(why), .changed = {}}; }
};

/// Whether the content is absent, a text, or a list of texts.
bool is_text(const Json& message) {
  const Json* content = member(message, "content");
  if (content == nullptr || content->is_string()) return true;
  return content->is_array() && std::ranges::all_of(*content, [](const Json& part) {
           return part.is_object() && string_member(part, "type") == "text" && part.contains("text");
         });
}

bool calls_tools(const Json& message) {
  const Json* calls = tool_calls_of(message);
  return calls != nullptr && !calls->empty();
}

/// The arguments of a call as an object; nothing where they are none.
std::optional<Json> arguments_of(const Json& call) {
  const Json* function = member(call, "function");
  const Json* arguments = function == nullptr ? nullptr : member(*function, "arguments");
  if (arguments == nullptr) return Json::object();
  if (arguments->is_object()) return *arguments;
  if (!arguments->is_string()) return std::nullopt;
  auto parsed = parse_json(arguments->get_ref<const std::string&>());
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return parsed;
}

std::string name_of(const Json& call) {
  const Json* function = member(call, "function");
  return function == nullptr ? "" : string_member(*function, "name");
}

/// Arguments as the API takes them, a text each. Those that are a text already stay as they are.
void write_arguments_as_text(Json& message) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return;
  for (Json& call : *calls) {
    const auto function = call.find("function");
    if (function == call.end() || !function->is_object()) continue;
    const auto arguments = function->find("arguments");
    if (arguments == function->end()) {
      (*function)["arguments"] = "{}";
    } else if (!arguments->is_string()) {
      *arguments = to_line(*arguments);
    }
  }
}

Made as_chat(const FinishedRow& row) {
  Made made;
  made.line["messages"] = row.messages;
  for (Json& message : made.line["messages"]) write_arguments_as_text(message);
  if (!row.tools.is_null()) made.line["tools"] = row.tools;
  return made;
}

/// OpenAI's rules for a line of a training file.
class OpenAiRow final {
 public:
  explicit OpenAiRow(const FinishedRow& row) : row_(row) {}

  Made make() {
    if (auto why = why_tools_do_not_fit(); !why.empty()) return Made::left_out(why);
    made_.line["messages"] = Json::array();
    for (std::size_t i = 0; i < row_.messages.size(); ++i) {
      if (auto why = add(row_.messages[i], i + 1 == row_.messages.size()); !why.empty()) return Made::left_out(why);
    }
    if (!unanswered_.empty() && !is_answer_) return Made::left_out("a call without its result");
    if (!row_.tools.is_null()) made_.line["tools"] = row_.tools;
    return std::move(made_);
  }

 private:
  static bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= kMostNameBytes && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
  }

  [[nodiscard]] std::string why_tools_do_not_fit() const {
    if (row_.tools.is_null()) return {};
    if (row_.tools.size() > kMostTools) return "more than 128 tools";
    for (const Json& tool : row_.tools) {
      if (!is_name(name_of(tool))) return "a tool's name that is not 1 to 64 letters, digits, _ or -";
    }
    return {};
  }

  /// Keys that the API has no place for are refused there.
  Json known_keys_of(const Json& message) {
    constexpr std::array kKnown{"role", "content", "name", "weight", "tool_calls", "tool_call_id"};
    constexpr std::array kReasoning{"reasoning_content", "reasoning", "thinking"};
    const auto is_one_of = [](const auto& names, const std::string& key) {
      return std::ranges::find(names, key) != names.end();
    };
    Json out = Json::object();
    for (const auto& [key, value] : message.items()) {
      if (is_one_of(kKnown, key)) {
        out[key] = value;
      } else if (!value.is_null() && !value.empty()) {
        made_.changed.insert(is_one_of(kReasoning, key) ? "a message without its reasoning"
                                                        : "a message without keys that OpenAI does not know");
      }
    }
    return out;
  }

  std::string add(const Json& message, bool is_last) {
    Json out = known_keys_of(message);
    const std::string role = string_member(message, "role");
    if (role == "developer") {
      out["role"] = "system";
      made_.changed.insert("a developer's message as the system's");
    }
    if (is_last && role != "assistant") return "a row that does not end with an answer";
    if (role == "assistant") return add_assistant(std::move(out), is_last);
    if (role == "tool") {
      if (unanswered_.erase(string_member(message, "tool_call_id")) == 0) return "a result without its call";
    } else if (role == "function") {
      return "a message of the role function";
    } else if (!unanswered_.empty()) {
      return "a call without its result";
    }
    if (role != "user" && !is_text(message)) return kNoText;
    if (role == "user" && !is_text_or_image(message)) return "content that is neither text nor image";
    made_.line["messages"].push_back(std::move(out));
    return {};
  }

  std::string add_assistant(Json message, bool is_last) {
    if (!unanswered_.empty()) return "a call without its result";
    if (!is_text(message)) return kNoText;
    if (calls_tools(message)) {
      if (row_.tools.is_null()) return "a call without tools";
      for (const Json& call : message["tool_calls"]) {
        if (!is_offered(name_of(call))) return "a call of a tool that is not among the row's tools";
        if (!arguments_of(call)) return kBadArguments;
        unanswered_.insert(string_member(call, "id"));
      }
      write_arguments_as_text(message);
      if (text_of(message).empty()) message.erase("content");
    } else if (text_of(message).empty()) {
      return "an answer without text or call";
    }
    is_answer_ = is_last;
    // The loss of these rows is on the answer alone; without a weight it would be on all of the assistant's messages.
    if (!is_last) message["weight"] = 0;
    made_.line["messages"].push_back(std::move(message));
    return {};
  }

  [[nodiscard]] bool is_offered(const std::string& name) const {
    return std::ranges::any_of(row_.tools, [&](const Json& tool) { return name_of(tool) == name; });
  }

  static bool is_text_or_image(const Json& message) {
    const Json* content = member(message, "content");
    if (content == nullptr) return false;
    if (content->is_string()) return true;
    return content->is_array() && std::ranges::all_of(*content, [](const Json& part) {
             if (!part.is_object()) return false;
             const std::string& type = string_member(part, "type");
             return type == "text" || type == "image_url";
           });
  }

  const FinishedRow& row_;
  Made made_;
  std::set<std::string> unanswered_;  ///< ids of calls whose results have not come yet
  bool is_answer_ = false;
};

/// System message and question, and the answer: what two texts can say.
Made as_prompt_completion(const FinishedRow& row) {
  Made made;
  std::string prompt;
  bool has_question = false;
  for (std::size_t i = 0; i + 1 < row.messages.size(); ++i) {
    const Json& message = row.messages[i];
    if (has_question || (!is_system(message) && !has_role(message, "user"))) return Made::left_out("earlier turns");
    if (!is_text(message)) return Made::left_out(kNoText);
    has_question = !is_system(message);
    prompt += (prompt.empty() ? "" : "\n\n") + text_of(message);
    if (is_system(message)) made.changed.insert("the system message as the prompt's beginning");
  }
  const Json& answer = row.messages.back();
  if (!has_question) return Made::left_out("no user's message");
  if (calls_tools(answer)) return Made::left_out("an answer that calls a tool");
  if (!row.tools.is_null()) return Made::left_out("tools that are offered");
  if (!is_text(answer)) return Made::left_out(kNoText);
  made.line = {{"prompt", std::move(prompt)}, {"completion", text_of(answer)}};
  return made;
}

/// Turns alternate between who asks (human, observation) and who answers (gpt, function_call), behind one system
/// message at most; other rows are thrown away by the readers without a word.
class ShareGptRow final {
 public:
  explicit ShareGptRow(const FinishedRow& row) : row_(row) {}

  Made make() {
    for (const Json& message : row_.messages) {
      if (auto why = add(message); !why.empty()) return Made::left_out(why);
    }
    if (!is_answered_) return Made::left_out("a row that does not end with an answer");
    made_.line["conversations"] = std::move(turns_);
    if (!row_.tools.is_null()) made_.line["tools"] = to_line(bare_tools());
    return std::move(made_);
  }

 private:
  std::string add(const Json& message) {
    if (!is_text(message)) return kNoText;
    if (is_system(message)) {
      if (!turns_.empty()) return "a system message that is not the first";
      turns_.push_back({{"from", "system"}, {"value", text_of(message)}});
      return {};
    }
    if (has_role(message, "assistant")) return add_answer(message);
    const bool is_result = has_role(message, "tool");
    if (!is_result && !has_role(message, "user")) return "a message of another role";
    if (is_result && !was_called_) return "a result without its call";
    if (!is_result && was_called_) return "a call without its result";
    return turn(is_result ? "observation" : "human", text_of(message), false);
  }

  std::string add_answer(const Json& message) {
    if (!calls_tools(message)) return turn("gpt", text_of(message), true);
    const Json& calls = *tool_calls_of(message);
    if (calls.size() > 1) return kManyCalls;
    if (!text_of(message).empty()) return "text beside a call";
    const auto arguments = arguments_of(calls.front());
    if (!arguments) return kBadArguments;
    auto why = turn("function_call", to_line({{"name", name_of(calls.front())}, {"arguments", *arguments}}), true);
    was_called_ = why.empty();
    return why;
  }

  std::string turn(const char* from, std::string value, bool is_answer) {
    if (is_answer == is_answered_) return "turns that do not alternate";
    is_answered_ = is_answer;
    was_called_ = false;
    turns_.push_back({{"from", from}, {"value", std::move(value)}});
    return {};
  }

  /// Without what stands around each function.
  [[nodiscard]] Json bare_tools() const {
    Json out = Json::array();
    for (const Json& tool : row_.tools) {
      const Json* function = member(tool, "function");
      out.push_back(function == nullptr ? tool : *function);
    }
    return out;
  }

  const FinishedRow& row_;
  Made made_;
  Json turns_ = Json::array();
  bool is_answered_ = true;  ///< the last turn is an answer; so it is the turn of who asks
  bool was_called_ = false;
};

Made made_of(const FinishedRow& row, RowFormat format) {
  switch (format) {
    case RowFormat::kChat: return as_chat(row);
    case RowFormat::kOpenAi: return OpenAiRow(row).make();
    case RowFormat::kPromptCompletion: return as_prompt_completion(row);
    case RowFormat::kShareGpt: return ShareGptRow(row).make();
  }
  return {};
}

void fit_into(const codec::ParquetWriter& table, Made& made) {
  made.reason = put_in_columns(made.line, made.changed);
  if (!made.reason.empty()) return;
  if (const auto fits = table.check(made.line); !fits.ok()) made.reason = fits.error().message;
}

}  // namespace

Result<RowFormat> parse_row_format(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, RowFormat>, 4> kNames{
      {{"chat", RowFormat::kChat},
       {"openai", RowFormat::kOpenAi},
       {"prompt-completion", RowFormat::kPromptCompletion},
       {"sharegpt", RowFormat::kShareGpt}}};
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return invalid_argument("there is no format \"" + std::string(name) +
                          "\"; there are chat, openai, prompt-completion and sharegpt");
}

Result<FileType> parse_file_type(std::string_view name) {
  if (name == "jsonl") return FileType::kJsonLines;
  if (name == "parquet") return FileType::kParquet;
  return invalid_argument("there is no file type \"" + std::string(name) + "\"; there are jsonl and parquet");
}

Result<ExportedRows> export_rows(std::string_view file, RowFormat format, FileType type, const Deadline& deadline,
                                 const std::function<Status(std::string_view piece)>& write) {
  ExportedRows out;
  std::optional<codec::ParquetWriter> table;
  if (type == FileType::kParquet) table.emplace(table_columns(format), write);
  FW_TRY(for_each_row(file, deadline, [&](const FinishedRow& row) -> Status {
    ++out.rows;
    Made made = made_of(row, format);
    if (table && made.reason.empty()) fit_into(*table, made);
    if (!made.reason.empty()) {
      ++out.left_out[made.reason];
      return {};
    }
    for (const std::string& change : made.changed) ++out.changed[change];
    ++out.written;
    return table ? table->add(made.line) : write(to_line(made.line) + '\n');
  }));
  if (table && out.written > 0) FW_TRY(table->finish());
  return out;
}

}  // namespace fw::dataset
