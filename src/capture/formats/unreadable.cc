#include <array>

#include "capture/formats/impl/formats.h"

/// What is known and still not read is named, with the way out; what is not known says where the list of forms is.
namespace fw::capture {
namespace {

struct Named {
  const char* key;
  const char* reason;
};
constexpr const char* kOtlp = "an OTLP export; write its calls as chat completion requests and responses";
constexpr auto kNamed = std::to_array<Named>({
    {"resourceSpans", kOtlp},
    {"resource_spans", kOtlp},
    {"resourceLogs", kOtlp},
    {"resource_logs", kOtlp},
    {"resourceMetrics", kOtlp},
    {"schemaType", "Bedrock's invocation log; write its calls as chat completion requests and responses"},
    {"contents", "Gemini's contents; write them as chat messages"},
    {"schemaVersion", "Bedrock's conversation format; write it as chat messages"},
    {"preferred_output", "a preference pair; give the preferred answer as the last of messages"},
    {"chosen", "a pair of a chosen and a rejected answer; give the chosen one as the last of messages"},
    {"mappings", "an index's mapping, not its documents (elasticdump --type=data)"},
    {"settings", "an index's settings, not its documents (elasticdump --type=data)"},
    {"stop_reason", "an answer of Anthropic's Messages API; only chat completions are read"},
    {"embedding", "an embedding; only chat completions are read"},
    {"candidates", "an answer of Gemini's own API; only chat completions are read"},
    {"done", "an answer of Ollama's own API; only chat completions are read"},
    {"log", "a container's log line; take the application's own line out of it (jq -r .log FILE | flywheel load -)"},
    {"error", "an error that an API answered with, not traffic"},
    {"detail", "an error that an API answered with, not traffic"},
    {"text", "plain text without a question and an answer"},
});

const Named* named(const Document& document) {
  for (const Named& entry : kNamed) {
    if (document.has(entry.key)) return &entry;
  }
  return nullptr;
}

bool is_conversation(const Document& document) {
  return document.has("messages") || document.has("conversations") || document.has("prompt") ||
         document.has("instruction") || document.has("question") || document.has("input");
}

bool is_responses_api(const Document& document, codec::JsonSlicer& slicer) {
  return is_text(document.find("object"), "response", slicer);
}

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) return true;
  if (document.has("schemaVersion") || document.has("schemaType") || document.has("preferred_output")) return true;
  return !is_conversation(document) && named(document) != nullptr;
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) {
    return invalid_argument("an answer of OpenAI's Responses API; only chat completions are read");
  }
  const Named* entry = named(document);
  return invalid_argument(entry != nullptr ? entry->reason : "not a known form of traffic");
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

bool recognises_all(const Document&, codec::JsonSlicer&) { return true; }

Result<Draft> read_unknown(const Document& document, codec::JsonSlicer& slicer) {
  if (holds_json_text(document, slicer))
    return invalid_argument("JSON text in message; take it out (jq -r .message FILE | flywheel load -)");
  if (is_of_an_index(document, slicer))
    return invalid_argument("an index's mapping or settings, not its documents (elasticdump --type=data)");
  for (const char* key : {"timestamp", "@timestamp", "workload_id", "client_id"}) {
    if (document.has(key)) return invalid_argument("request is missing");
  }
  if (document.members.empty()) return invalid_argument("an empty object");
  return invalid_argument("not a known form of traffic (docs/traffic.md lists them)");
}

}  // namespace

constexpr Format kUnreadable{.name = "known but not read", .recognises = recognises, .read = read};
constexpr Format kUnknown{.name = "unknown", .recognises = recognises_all, .read = read_unknown};

}  // namespace fw::capture
