#include <array>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Langfuse: observations (API, UI and blob-storage exports; camelCase or snake_case), traces, items of datasets.
/// `input` is the list of messages, or an object with `messages` and `tools`; `output` the answer's message or its
/// text. Either may be JSON written as text. Other tracers' `{"input", "output"}` rows have the same shape.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer&) {
  return document.has("input") || document.has("output") || document.has("expectedOutput") ||
         document.has("expected_output");
}

bool is_generation(const Json& row) {
  const std::string type = text_at(row, "type");
  constexpr std::array<std::string_view, 11> kOthers{
      "SPAN", "EVENT", "TOOL", "AGENT", "CHAIN", "RETRIEVER", "EMBEDDING", "GUARDRAIL", "EVALUATOR", "SCORE", "TRACE"};
  return std::ranges::find(kOthers, type) == kOthers.end();
}

/// A request out of `input` and the model's parameters.
Result<Json> request_of(const Json& row) {
  const Json* input = find(row, "input");
  if (input == nullptr) return invalid_argument("input is missing");
  Json value = unquoted(*input);
  const Json* kwargs = find(value, "kwargs");
  if (kwargs != nullptr && find(*kwargs, "messages") != nullptr) value = Json(*kwargs);
  const Json* messages = find(value, "messages");
  const Json* model = find_any(row, {"model", "provided_model_name", "providedModelName"});
  Json request{{"model", model != nullptr && model->is_string() ? *model : Json("not-a-model")}};
  auto list = chat_messages(messages != nullptr ? *messages : value);
  if (!list.ok() || list->empty()) return invalid_argument("input is neither a text nor a list of messages");
  request["messages"] = std::move(list).value();
  Json tools = chat_tools(value);
  const Json* parameters = find_any(row, {"modelParameters", "model_parameters"});
  const Json settings = parameters != nullptr ? unquoted(*parameters) : Json::object();
  if (tools.is_null()) tools = chat_tools(settings);
  if (const Json* metadata = find(row, "metadata"); tools.is_null() && metadata != nullptr) {
    tools = chat_tools(unquoted(*metadata));
  }
  if (!tools.is_null()) request["tools"] = std::move(tools);
  copy_parameters(request, settings);
  copy_parameters(request, value);
  return request;
}

Json usage_of(const Json& row) {
  const Json* written = find_any(row, {"usage", "usageDetails", "usage_details"});
  const Json usage = written != nullptr ? unquoted(*written) : Json();
  const Json* input = find_any(usage, {"input", "promptTokens", "prompt_tokens"});
  const Json* output = find_any(usage, {"output", "completionTokens", "completion_tokens"});
  if (input == nullptr || output == nullptr || !input->is_number_integer() || !output->is_number_integer())
    return nullptr;
  return {{"prompt_tokens", *input}, {"completion_tokens", *output}};
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  if (!is_generation(row)) return invalid_argument("a Langfuse observation that is no generation");
  if (text_at(row, "level") == "ERROR") return invalid_argument("a Langfuse generation that failed (level ERROR)");
  FW_ASSIGN(const Json request, request_of(row));
  const Json* output = find_any(row, {"output", "expectedOutput", "expected_output"});
  if (output == nullptr) return invalid_argument("output is missing");
  FW_ASSIGN(Json answer, chat_answer(*output));
  const Json usage = usage_of(row);
  Draft draft{
      .request = to_text(request),
      .response = to_text(response_around(std::move(answer), &request["model"], usage.is_null() ? nullptr : &usage))};
  draft.timestamp = time_at(row, {"startTime", "start_time", "timestamp", "createdAt", "created_at"});
  draft.identity = identity_of(draft);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kLangfuse{.name = "Langfuse export", .recognises = recognises, .read = read};

}  // namespace fw::capture
