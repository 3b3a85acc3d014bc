#include <array>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"

/// Langfuse: observations (API, UI and blob-storage exports; camelCase or snake_case), traces, items of datasets.
/// `input` is the list of messages, or an object with `messages` and `tools`; `output` the answer's message or its
/// text. Either may be JSON written as text. Rows of LangSmith, W&B Weave and Braintrust have the same shape, some with
/// `inputs` and `outputs`.
namespace fw::capture {
namespace {

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  for (const char* type : {"GENERATION", "SPAN", "EVENT"}) {
    if (is_text(document.find("type"), type, slicer)) return true;
  }
  if (document.has("traceId") || document.has("trace_id") || document.has("run_type")) return true;
  if (document.has("inputs") && (document.has("outputs") || document.has("output"))) return true;
  return document.has("input") || document.has("output") || document.has("expectedOutput") ||
         document.has("expected_output");
}

/// What a row of a tracer is that bears no call to a model; null where it may be one.
const char* why_no_call(const Json& row) {
  const std::string run = text_at(row, "run_type");
  if (!run.empty() && run != "llm") return "a LangSmith run that is no call to a model (run_type)";
  if (find(row, "dataType") != nullptr || find(row, "data_type") != nullptr) return "a Langfuse score, not an exchange";
  const Json* attributes = find(row, "span_attributes");
  if (attributes != nullptr && !text_at(*attributes, "type").empty() && text_at(*attributes, "type") != "llm")
    return "a Braintrust span that is no call to a model (span_attributes.type)";
  if (find(row, "error") != nullptr && find_any(row, {"outputs", "output"}) == nullptr)
    return "a call that failed (error), without an answer";
  if (find_any(row, {"input", "inputs", "output", "outputs"}) == nullptr)
    return "a tracer's row without input and output (export them too)";
  return nullptr;
}

bool is_generation(const Json& row) {
  const std::string type = text_at(row, "type");
  constexpr std::array<std::string_view, 11> kOthers{
      "SPAN", "EVENT", "TOOL", "AGENT", "CHAIN", "RETRIEVER", "EMBEDDING", "GUARDRAIL", "EVALUATOR", "SCORE", "TRACE"};
  return std::ranges::find(kOthers, type) == kOthers.end();
}

struct Asked {
  Json request;
  bool has_all_parameters = true;
};

/// A request out of `input` and the model's parameters.
Result<Asked> request_of(const Json& row) {
  const Json* input = find_any(row, {"input", "inputs"});
  if (input == nullptr) return invalid_argument("input is missing");
  Json value = unquoted(*input);
  const Json* kwargs = find(value, "kwargs");
  if (kwargs != nullptr && find(*kwargs, "messages") != nullptr) value = Json(*kwargs);
  const Json* messages = find(value, "messages");
  const Json* model = find_any(row, {"model", "provided_model_name", "providedModelName"});
  if (model == nullptr) model = find(value, "model");
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
  const bool has_settings = copy_parameters(request, settings);
  const bool has_all = copy_parameters(request, value) && has_settings;
  return Asked{std::move(request), has_all};
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
  if (const char* why = why_no_call(row)) return invalid_argument(why);
  if (text_at(row, "level") == "ERROR") return invalid_argument("a Langfuse generation that failed (level ERROR)");
  FW_ASSIGN(const Asked asked, request_of(row));
  const Json& request = asked.request;
  const Json* output = find_any(row, {"output", "outputs", "expectedOutput", "expected_output"});
  if (output == nullptr) return invalid_argument("output is missing");
  FW_ASSIGN(Json answer, chat_answer(*output));
  const Json usage = usage_of(row);
  Draft draft{
      .request = to_text(request),
      .response = to_text(response_around(std::move(answer), &request["model"], usage.is_null() ? nullptr : &usage))};
  draft.timestamp =
      time_at(row, {"startTime", "start_time", "timestamp", "createdAt", "created_at", "started_at", "created"});
  draft.identity = identity_of(draft);
  if (!asked.has_all_parameters) draft.repairs.push_back(kNoNumber);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kLangfuse{.name = "Langfuse export", .recognises = recognises, .read = read};

}  // namespace fw::capture
