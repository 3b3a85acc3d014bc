#include <array>

#include "capture/formats/impl/formats.h"

/// What is known and still not read is named, with the way out; what is not known says where the list of forms is.
namespace fw::capture {
namespace {

constexpr const char* kSpan = "a tracer's span; send it to the service's OTLP address instead (docs/capture.md)";
constexpr const char* kError = "an error that an API answered with, not traffic";

struct Named {
  const char* key;
  const char* reason;
};
constexpr const char* kOtlp = "an OTLP export; send it to the service's OTLP address instead (docs/capture.md)";
constexpr auto kNamed = std::to_array<Named>({
    {"resourceSpans", kOtlp},
    {"resource_spans", kOtlp},
    {"resourceLogs", kOtlp},
    {"resource_logs", kOtlp},
    {"resourceMetrics", kOtlp},
    {"schemaType", "Bedrock's invocation log; write its calls as chat completion requests and responses"},
    {"spanContext", kSpan},
    {"span_kind", kSpan},
    {"context.span_id", kSpan},
    {"contents", "Gemini's contents, which are not a list"},
    {"schemaVersion", "a versioned format that is not known here; write it as chat messages"},
    {"preferred_output", "a preference pair; give the preferred answer as the last of messages"},
    {"chosen", "a pair of a chosen and a rejected answer; give the chosen one as the last of messages"},
    {"mappings", "an index's mapping, not its documents (elasticdump --type=data)"},
    {"settings", "an index's settings, not its documents (elasticdump --type=data)"},
    {"stop_reason", "an answer of Anthropic's Messages API without its request (write both as a log document)"},
    {"embedding", "an embedding; only chat completions are read"},
    {"candidates", "an answer of Gemini's own API without its request (write both as a log document)"},
    {"done", "an answer of Ollama's own API without its request (write both as a log document)"},
    {"log", "a container's log line; take the application's own line out of it (jq -r .log FILE | flywheel load -)"},
    {"error", kError},
    {"detail", kError},
    {"text", "plain text without a question and an answer"},
});

/// Told by keys that rows of many kinds have: only of what no form took.
constexpr auto kNamedLast = std::to_array<Named>({
    {"op_name", "a W&B Weave call without inputs and output"},
    {"request_id", "a log row without request and response"},
    {"errors", kError},
    {"recordId", "a row of a Bedrock batch without modelInput and modelOutput"},
    {"params", "a request of a batch without its custom_id"},
    {"result", "a result of a batch without its custom_id"},
    {"mapping", "an export of a chat application; write its messages as {\"messages\": [...]}"},
    {"columns", "a table by columns; write one object a row"},
    {"object", "an object of OpenAI's API that is no chat completion"},
    {"attributes", kSpan},
    {"results",
     "rows as lists of fields (CloudWatch Logs Insights: jq -r '.results[][] | select(.field == \"@message\").value')"},
});

const Named* named(const Document& document, std::span<const Named> names) {
  for (const Named& entry : names) {
    if (document.has(entry.key)) return &entry;
  }
  return nullptr;
}

bool is_conversation(const Document& document) {
  return document.has("messages") || document.has("conversations") || document.has("prompt") ||
         document.has("instruction") || document.has("question") || document.has("input") || document.has("inputs") ||
         document.has("traceId") || is_question_and_answer(document);
}

bool is_responses_api(const Document& document, codec::JsonSlicer& slicer) {
  return is_text(document.find("object"), "response", slicer);
}

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) return true;
  if (document.has("schemaVersion") || document.has("schemaType") || document.has("preferred_output")) return true;
  return !is_conversation(document) && named(document, kNamed) != nullptr;
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) {
    return invalid_argument("an answer of OpenAI's Responses API without its request (write both as a log document)");
  }
  if (const codec::JsonMember* log = document.find("log"); log != nullptr && log->kind == codec::JsonKind::kObject)
    return invalid_argument("a browser's record of requests (HAR); write request and response of each call");
  const Named* entry = named(document, kNamed);
  return invalid_argument(entry != nullptr ? entry->reason : "not a known form of traffic");
}

/// One message where a conversation should be: as from a list of lists, which is read as one list.
bool is_message(const Document& document) {
  return (document.has("role") || document.has("from")) && (document.has("content") || document.has("value"));
}

/// An error under other names than `error`.
bool is_error(const Document& document) {
  if (!document.has("message") && !document.has("msg")) return false;
  const std::size_t known = (document.has("message") ? 1U : 0U) + (document.has("msg") ? 1U : 0U);
  for (const char* key : {"code", "status", "statusCode", "status_code"}) {
    if (document.has(key)) return document.members.size() <= known + 4;
  }
  return false;
}

/// `{"ID": {a record}, ...}`: its records are the values.
bool is_record_by_id(const Document& document, codec::JsonSlicer& slicer) {
  for (const codec::JsonMember& member : document.members) {
    if (member.kind != codec::JsonKind::kObject) return false;
    const auto inner = slicer.members(member.raw);
    if (!inner.ok()) return false;
    const Document record{member.raw, *inner};
    if (!record.has("request") && !record.has("messages") && !record.has("prompt")) return false;
  }
  return !document.members.empty();
}

/// Shippers put the application's line into a text of theirs.
bool holds_json_text(const Document& document, codec::JsonSlicer& slicer) {
  const codec::JsonMember* message = document.find("message");
  return message != nullptr && message->kind == codec::JsonKind::kString &&
         text_of(*message, slicer).value_or("").starts_with("{");
}

/// `{"NAME OF AN INDEX": {"mappings": ...}}`, as elasticdump writes it for types other than data.
bool is_of_an_index(const Document& document, codec::JsonSlicer& slicer) {
  if (document.members.size() != 1 || document.members.front().kind != codec::JsonKind::kObject) return false;
  const auto inner = slicer.members(document.members.front().raw);
  if (!inner.ok()) return false;
  const Document what{document.members.front().raw, *inner};
  return what.has("mappings") || what.has("settings") || what.has("aliases");
}

/// A log document out of a store, where request and response are null.
bool has_expired(const Document& document, codec::JsonSlicer& slicer) {
  const codec::JsonMember* known = document.find("flywheel");
  if (known == nullptr || known->kind != codec::JsonKind::kObject) return false;
  const auto inner = slicer.members(known->raw);
  return inner.ok() && Document{known->raw, *inner}.has("content_expired");
}

bool recognises_all(const Document&, codec::JsonSlicer&) { return true; }

Result<Draft> read_unknown(const Document& document, codec::JsonSlicer& slicer) {
  if (has_expired(document, slicer)) return invalid_argument(kContentExpired);
  if (holds_json_text(document, slicer))
    return invalid_argument("JSON text in message; take it out (jq -r .message FILE | flywheel load -)");
  if (is_message(document))
    return invalid_argument(
        "a message without its conversation; write each conversation as {\"messages\": [...]} "
        "(jq -c '{messages: .}' for a list a line)");
  if (is_error(document)) return invalid_argument(kError);
  if (is_record_by_id(document, slicer))
    return invalid_argument("an object of records by their ids; write its values (jq -c '.[]' FILE | flywheel load -)");
  if (is_of_an_index(document, slicer))
    return invalid_argument("an index's mapping or settings, not its documents (elasticdump --type=data)");
  for (const char* key : {"@message", "textPayload", "line"}) {
    if (document.has(key)) return invalid_argument("a log line around a text that holds no record");
  }
  for (const char* key : {"timestamp", "@timestamp", "workload_id", "client_id"}) {
    if (document.has(key)) return invalid_argument("request is missing");
  }
  if (document.members.empty()) return invalid_argument("an empty object");
  if (const Named* entry = named(document, kNamedLast)) return invalid_argument(entry->reason);
  return invalid_argument("not a known form of traffic (docs/traffic.md lists them)");
}

}  // namespace

constexpr Format kUnreadable{.name = "known but not read", .recognises = recognises, .read = read};
constexpr Format kUnknown{.name = "unknown", .recognises = recognises_all, .read = read_unknown};

}  // namespace fw::capture
