#include "capture/log_document.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "capture/formats/impl/chat_shape.h"
#include "capture/formats/impl/formats.h"
#include "capture/formats/impl/logged_call.h"
#include "capture/formats/impl/other_apis.h"
#include "capture/formats/impl/provenance_json.h"

/// Log documents of the blueprint: `{"timestamp", "workload_id", "client_id", "request", "response"}`. Request and
/// response keep their bytes where they are a chat completion, or come out of a log store; they may also be JSON
/// written as text. `@timestamp` is Logstash's name of the time. What Flywheel knows of an exchange beside these is
/// under `flywheel`.
namespace fw::capture {
namespace {

using codec::JsonKind;
using codec::JsonMember;

constexpr std::array<std::string_view, 6> kTimes{"timestamp", "@timestamp", "created_at",
                                                 "createdAt", "time",       "processed_time"};

bool recognises(const Document& document, codec::JsonSlicer&) {
  if (document.has("request")) return true;
  const bool is_row = document.has("prompt") || document.has("instruction") || is_question_and_answer(document);
  return document.has("response") && !is_row;
}

/// The object's own bytes, or what a text of JSON holds.
Result<std::string> object_of(const JsonMember* value, const char* missing, const char* wrong,
                              codec::JsonSlicer& slicer) {
  if (value == nullptr) return invalid_argument(missing);
  if (value->kind == JsonKind::kObject) return std::string(value->raw);
  auto text = value->kind == JsonKind::kString ? slicer.string(value->raw) : Result<std::string>(invalid_argument(""));
  if (!text.ok() || !slicer.members(*text).ok()) return invalid_argument(wrong);
  return text;
}

/// An id's text, or what cannot be one, for the reader to refuse; numbers stand for their digits.
Result<std::optional<std::string>> name_at(const Document& document, std::string_view key, codec::JsonSlicer& slicer) {
  const JsonMember* value = document.find(key);
  if (value == nullptr) return std::optional<std::string>();
  return std::optional(text_of(*value, slicer).value_or(""));
}

/// Whether a request may name roles that the API does not know: LangChain's, as agents' logs have them.
bool may_hold_other_roles(std::string_view request) {
  constexpr std::array<std::string_view, 3> kNames{"\"human\"", "\"ai\"", "\"chain\""};
  return std::ranges::any_of(kNames, [&](std::string_view n) { return request.find(n) != std::string_view::npos; });
}

Status rename_roles(std::string& request) {
  Json json = Json::parse(request, nullptr, false);
  const Json* messages = find(json, "messages");
  if (messages == nullptr || !messages->is_array() || is_plain_chat(*messages)) return {};
  auto renamed = chat_messages(*messages);
  if (!renamed.ok()) return {};  // what is in a request is judged when a dataset is made
  json["messages"] = std::move(renamed).value();
  request = to_text(json);
  return {};
}

/// A document up to what is known beside its bytes.
std::string head_of(const record::Interaction& record, const std::string& seconds) {
  return R"({"timestamp":)" + seconds + R"(,"workload_id":)" + to_text(Json(*record.workload)) + R"(,"client_id":)" +
         to_text(Json(*record.client)) + R"(,"flywheel":)";
}

void add_contents(std::string& out, std::string_view request, std::string_view response) {
  out.append(R"(,"request":)").append(request).append(R"(,"response":)").append(response);
}

/// Epoch seconds, to the nanosecond.
std::string seconds_of(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const auto rest = (time.time_since_epoch() - seconds).count();
  if (rest == 0) return std::to_string(seconds.count());
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09lld", static_cast<long long>(rest));
  return std::to_string(seconds.count()) + fraction.data();
}

/// Halves of another API, and an answer as the pieces it came in, become a chat completion. What no reader here knows
/// stays as it is: what is in a request is judged when a dataset is made.
Status rewrite_call(Draft& draft) {
  const Json request = Json::parse(draft.request, nullptr, false);
  const Json response = Json::parse(draft.response, nullptr, false);
  const bool is_chat = find(request, "messages") != nullptr && find(response, "choices") != nullptr;
  if (is_chat && text_at(response, "object") != "chat.completion.chunk") return {};
  auto call = draft_of_call(request, response, "a call");
  if (!call.ok()) return reader_of_other_api(request, response) != nullptr ? Status(call.error()) : Status();
  draft.request = std::move(call->request);
  draft.response = std::move(call->response);
  if (call->provenance.ending != record::Ending::kFinished) draft.provenance.ending = call->provenance.ending;
  return {};
}

/// Time, ids, and what is known of the exchange.
Status read_surroundings(const Document& document, codec::JsonSlicer& slicer, Draft& draft) {
  FW_ASSIGN(draft.workload, name_at(document, "workload_id", slicer));
  FW_ASSIGN(draft.client, name_at(document, "client_id", slicer));
  const JsonMember* time = nullptr;
  for (const std::string_view key : kTimes) {
    if (time == nullptr) time = document.find(key);
  }
  if (time != nullptr) {
    FW_ASSIGN(draft.timestamp, time_of(*time, slicer));
  }
  if (const JsonMember* said = document.find("flywheel")) FW_TRY(read_provenance(*said, slicer, draft));
  return {};
}

/// Whether the answer is the text of an event stream or a list of events, rather than an object.
bool is_streamed(const Document& document, codec::JsonSlicer& slicer) {
  const JsonMember* response = document.find("response");
  if (response == nullptr || !document.has("request")) return false;
  if (response->kind == JsonKind::kArray) return true;
  return response->kind == JsonKind::kString && is_event_text(slicer.string(response->raw).value_or(""));
}

Result<Draft> read_streamed(const Document& document, codec::JsonSlicer& slicer) {
  FW_ASSIGN(Draft draft,
            draft_of_call(json_of(*document.find("request")), json_of(*document.find("response")), "a call"));
  FW_TRY(read_surroundings(document, slicer, draft));
  return draft;
}

Result<Draft> read(const Document& document, codec::JsonSlicer& slicer) {
  if (is_streamed(document, slicer)) return read_streamed(document, slicer);
  FW_ASSIGN(Draft draft, read_log_document(document, slicer));
  if (draft.record_id) return draft;  // out of a log store: as it was captured
  if (is_other_call(draft.request, draft.response)) FW_TRY(rewrite_call(draft));
  if (may_hold_other_roles(draft.request)) FW_TRY(rename_roles(draft.request));
  return draft;
}

}  // namespace

Result<Draft> read_log_document(const Document& document, codec::JsonSlicer& slicer) {
  Draft draft;
  FW_ASSIGN(draft.request,
            object_of(document.find("request"), "request is missing", "request is not an object", slicer));
  FW_ASSIGN(draft.response,
            object_of(document.find("response"), "response is missing", "response is not an object", slicer));
  FW_TRY(read_surroundings(document, slicer, draft));
  return draft;
}

std::string to_log_document(const record::Interaction& record, Contents contents) {
  std::string out = head_of(record, seconds_of(record.timestamp)) + to_text(provenance_json(record));
  const std::string_view request = record.has_content() ? std::string_view(record.request) : "null";
  const std::string_view response = record.has_content() ? std::string_view(record.response) : "null";
  if (contents == Contents::kWhole) add_contents(out, request, response);
  return out + '}';
}

std::string to_log_line(const record::Interaction& record, codec::JsonSlicer& slicer) {
  const auto on_a_line = [&slicer](const std::string& bytes) {
    const bool is_object = bytes.find_first_of("\n\r") == std::string::npos && slicer.members(bytes).ok();
    return is_object ? bytes : to_text(Json(bytes));
  };
  if (!record.has_content()) return to_log_document(record);
  std::string out = head_of(record, seconds_of(record.timestamp)) + to_text(provenance_json(record));
  add_contents(out, on_a_line(record.request), on_a_line(record.response));
  return out + '}';
}

std::string StoredDocuments::write(const record::Interaction& record, Unit unit, bool as_text) const {
  const Duration size = unit == Unit::kMilliseconds ? Duration(std::chrono::milliseconds(1)) : std::chrono::seconds(1);
  const Duration since = record.timestamp.time_since_epoch();
  const Duration rest = (since % size + size) % size;
  Json flywheel = provenance_json(record);
  if (rest != Duration{}) flywheel["nanoseconds"] = rest.count();
  const bool stands_as_itself = record.has_content() && !as_text;
  if (as_text && record.has_content()) {
    flywheel["request"] = record.request;
    flywheel["response"] = record.response;
  }
  std::string seconds = seconds_of(record.timestamp - rest);
  if (seconds.find('.') != std::string::npos) seconds.erase(seconds.find_last_not_of('0') + 1);
  std::string out = head_of(record, seconds) + to_text(flywheel);
  add_contents(out, stands_as_itself ? record.request : "{}", stands_as_itself ? record.response : "{}");
  return out + '}';
}

Result<record::Interaction> StoredDocuments::read(std::string_view id, std::string_view document) const {
  codec::JsonSlicer slicer;
  FW_ASSIGN(auto members, slicer.members(document));
  // The store has its own reading of a time, by its mapping: one that we cannot read takes nothing from the record.
  std::erase_if(members, [&](const JsonMember& member) {
    return std::ranges::find(kTimes, member.key) != kTimes.end() && !time_of(member, slicer).ok();
  });
  FW_ASSIGN(Draft draft, kLogDocument.read({.text = document, .members = members}, slicer));
  record::Interaction record;
  FW_ASSIGN(record.id, record::RecordId::parse(std::string(id)));
  FW_ASSIGN(record.workload, record::WorkloadId::parse(draft.workload.value_or("")));
  FW_ASSIGN(record.client, record::ClientId::parse(draft.client.value_or("")));
  record.timestamp = draft.timestamp.value_or(Timestamp());
  record.outline = std::move(draft.outline);
  if (record.has_content()) {
    record.request = std::move(draft.request);
    record.response = std::move(draft.response);
  }
  record.provenance = std::move(draft.provenance);
  record.provenance.origin = draft.origin.value_or(record::Origin::kFile);
  return record;
}

constexpr Format kLogDocument{.name = "log document", .recognises = recognises, .read = read};

}  // namespace fw::capture
