#include <array>

#include "capture/formats/impl/formats.h"

/// What is known and still not read is named, with the way out; what is not known says where the list of forms is.
namespace fw::capture {
namespace {

struct Named {
  const char* key;
  const char* reason;
};
constexpr std::array<Named, 11> kNamed{{
    {"resourceSpans", "an OTLP export; send it to the OTLP port instead of loading it"},
    {"resource_spans", "an OTLP export; send it to the OTLP port instead of loading it"},
    {"contents", "Gemini's contents; write them as chat messages"},
    {"schemaVersion", "Bedrock's conversation format; write it as chat messages"},
    {"preferred_output", "a preference pair; give the preferred answer as the last of messages"},
    {"chosen", "a pair of a chosen and a rejected answer; give the chosen one as the last of messages"},
    {"mappings", "an index's mapping, not its documents (elasticdump --type=data)"},
    {"settings", "an index's settings, not its documents (elasticdump --type=data)"},
    {"stop_reason", "an answer of Anthropic's Messages API; only chat completions are read"},
    {"embedding", "an embedding; only chat completions are read"},
    {"text", "plain text without a question and an answer"},
}};

const Named* named(const Document& document) {
  for (const Named& entry : kNamed) {
    if (document.has(entry.key)) return &entry;
  }
  return nullptr;
}

bool is_conversation(const Document& document) {
  return document.has("messages") || document.has("conversations") || document.has("prompt") ||
         document.has("instruction") || document.has("input");
}

bool is_responses_api(const Document& document, codec::JsonSlicer& slicer) {
  return is_text(document.find("object"), "response", slicer);
}

bool recognises(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) return true;
  if (document.has("schemaVersion") || document.has("preferred_output")) return true;
  return !is_conversation(document) && named(document) != nullptr;
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (is_responses_api(document, slicer)) {
    return invalid_argument("an answer of OpenAI's Responses API; only chat completions are read");
  }
  const Named* entry = named(document);
  return invalid_argument(entry != nullptr ? entry->reason : "not a known form of traffic");
}

bool recognises_all(const Document&, codec::JsonSlicer&) { return true; }

Result<Draft> read_unknown(const Document& document, codec::JsonSlicer&) {
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
