#pragma once

#include "capture/otlp/impl/content.h"

/// The ways in which instrumentations put content into a span's attributes, one function each. A function leaves what
/// it does not find.
namespace fw::capture::otlp {

/// Whole bodies of the API: OpenInference's `input.value` and `output.value`, MLflow's `mlflow.spanInputs` and
/// `Outputs`.
void read_whole_bodies(const Attributes& attributes, Content& into);
/// The conventions since 1.37: `gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions`,
/// `gen_ai.tool.definitions`.
void read_genai(const Attributes& attributes, Content& into);
/// OpenLLMetry: `gen_ai.prompt.N.*`, `gen_ai.completion.N.*`, `llm.request.functions.N.*`; also `gen_ai.prompt` and
/// `gen_ai.completion` as JSON.
void read_openllmetry(const Attributes& attributes, Content& into);
/// OpenInference: `llm.input_messages.N.message.*`, `llm.output_messages.N.message.*`, `llm.tools.N.tool.json_schema`.
void read_openinference(const Attributes& attributes, Content& into);
/// Vercel's AI SDK: `ai.prompt.messages`, `ai.response.text`, `ai.response.toolCalls`, `ai.prompt.tools`.
void read_vercel(const Attributes& attributes, Content& into);
/// `pydantic_ai.all_messages`, `traceloop.entity.input` and `output`.
void read_other_messages(const Attributes& attributes, Content& into);

/// Messages in whatever list or wrapping they come: a list, `{"messages": [...]}`, one message, a text; appended.
void append_any_messages(const Json& value, Content& into);

}  // namespace fw::capture::otlp
