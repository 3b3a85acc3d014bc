#include "capture/formats/impl/logged_call.h"

#include <array>

#include "capture/formats/impl/formats.h"

/// Calls as gateways and tracers write them, each with names of its own for the two bodies: Portkey and Azure's API
/// Management, OpenPipe, PromptLayer, Bedrock's batches and invocation logs.
namespace fw::capture {
namespace {

struct Names {
  std::string_view request;
  std::string_view response;
};
constexpr std::array kNames{
    Names{"requestBody", "responseBody"},         Names{"reqPayload", "respPayload"},
    Names{"request_payload", "response_payload"}, Names{"function_kwargs", "request_response"},
    Names{"modelInput", "modelOutput"},           Names{"raw_request", "raw_response"},
    Names{"llm_request", "llm_response"},
};

const Names* names_in(const Document& document) {
  for (const Names& names : kNames) {
    if (document.has(names.request) && document.has(names.response)) return &names;
  }
  return nullptr;
}

bool is_invocation_log(const Document& document, codec::JsonSlicer&) {
  return document.has("schemaType") && document.has("input") && document.has("output");
}

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  return names_in(document) != nullptr || is_invocation_log(document, slicer);
}

Result<Draft> read_halves(const Json& row, const Names* names) {
  if (names != nullptr) return draft_of_call(row.at(names->request), row.at(names->response), "a logged call");
  const Json* request = find(row.at("input"), "inputBodyJson");
  const Json* response = find(row.at("output"), "outputBodyJson");
  if (request == nullptr || response == nullptr)
    return invalid_argument("Bedrock's invocation log without bodies (turn on text in its logging settings)");
  return draft_of_call(*request, *response, "Bedrock's invocation log");
}

Result<Draft> read(const Document& document, codec::JsonSlicer&) {
  const Json row = json_of(document);
  FW_ASSIGN(Draft draft, read_halves(row, names_in(document)));
  draft.timestamp = time_at(row, {"timestamp", "@timestamp", "created_at", "createdAt", "requestedAt",
                                  "request_start_time", "TimeGenerated", "time"});
  draft.identity = identity_of(draft);
  take_names(draft, row);
  return draft;
}

}  // namespace

constexpr Format kLoggedCall{.name = "logged call", .recognises = recognises, .read = read};

}  // namespace fw::capture
