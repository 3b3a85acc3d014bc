#include "capture/log_document.h"

#include <algorithm>
#include <span>

#include "capture/timestamp.h"
#include "record/record_id.h"

namespace fw::capture {
namespace {

using codec::JsonKind;
using codec::JsonMember;
using Members = std::span<const JsonMember>;

constexpr std::size_t kMaxIdBytes = 256;  // as the log store's

const JsonMember* member(Members members, std::string_view key) {
  const auto found = std::ranges::find(members, key, &JsonMember::key);
  return found == members.end() || found->kind == JsonKind::kNull ? nullptr : &*found;
}

bool is_usable_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes && std::ranges::none_of(id, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// A string's value, or a number's digits: some producers write ids and times either way.
Result<std::string> text_of(const JsonMember& value, codec::JsonSlicer& slicer) {
  if (value.kind == JsonKind::kNumber) return std::string(value.raw);
  if (value.kind != JsonKind::kString) return invalid_argument("not a string");
  return slicer.string(value.raw);
}

struct IdReasons {
  const char* missing;
  const char* unusable;
};
constexpr IdReasons kWorkloadReasons{"workload_id is missing",
                                     "workload_id is not a string of 1 to 256 bytes without control characters"};
constexpr IdReasons kClientReasons{"client_id is missing",
                                   "client_id is not a string of 1 to 256 bytes without control characters"};

Result<std::string> id_of(Members members, std::string_view key, const IdReasons& reasons, codec::JsonSlicer& slicer) {
  const JsonMember* found = member(members, key);
  if (found == nullptr) return invalid_argument(reasons.missing);
  auto text = text_of(*found, slicer);
  if (!text.ok() || !is_usable_id(*text)) return invalid_argument(reasons.unusable);
  return text;
}

Status fill_ids(record::Interaction& record, Members members, const DocumentContext& context,
                codec::JsonSlicer& slicer) {
  if (context.workload) {
    record.workload = *context.workload;
  } else if (context.default_workload && member(members, "workload_id") == nullptr) {
    record.workload = *context.default_workload;
  } else {
    FW_ASSIGN(auto id, id_of(members, "workload_id", kWorkloadReasons, slicer));
    record.workload = record::WorkloadId(std::move(id));
  }
  if (context.client) {
    record.client = *context.client;
  } else if (context.default_client && member(members, "client_id") == nullptr) {
    record.client = *context.default_client;
  } else {
    FW_ASSIGN(auto id, id_of(members, "client_id", kClientReasons, slicer));
    record.client = record::ClientId(std::move(id));
  }
  return {};
}

Result<Timestamp> time_of(const JsonMember& value, codec::JsonSlicer& slicer) {
  const auto text = text_of(value, slicer);
  const auto time = text.ok() ? parse_timestamp(*text) : std::nullopt;
  if (!time) return invalid_argument("timestamp is not epoch seconds or ISO-8601 between 1970 and 2262");
  return *time;
}

Status fill_from_log_document(record::Interaction& record, Members members, codec::JsonSlicer& slicer) {
  const JsonMember* timestamp = member(members, "timestamp");
  const JsonMember* request = member(members, "request");
  const JsonMember* response = member(members, "response");
  if (timestamp == nullptr) return invalid_argument("timestamp is missing");
  if (request == nullptr) return invalid_argument("request is missing");
  if (response == nullptr) return invalid_argument("response is missing");
  if (request->kind != JsonKind::kObject) return invalid_argument("request is not an object");
  if (response->kind != JsonKind::kObject) return invalid_argument("response is not an object");
  FW_ASSIGN(record.timestamp, time_of(*timestamp, slicer));
  record.request = request->raw;
  record.response = response->raw;
  return {};
}

/// `[first, ..., last)` of the messages as a JSON list, byte for byte.
std::string join(std::span<const std::string_view> messages) {
  std::string out = "[";
  for (const std::string_view message : messages) {
    if (out.size() > 1) out += ", ";
    out += message;
  }
  return out + "]";
}

Status check_answer(std::string_view message, codec::JsonSlicer& slicer) {
  const auto answer = slicer.members(message);
  const JsonMember* role = answer.ok() ? member(*answer, "role") : nullptr;
  if (role == nullptr || role->kind != JsonKind::kString || slicer.string(role->raw).value_or("") != "assistant") {
    return invalid_argument("the last of messages is not the assistant's");
  }
  return {};
}

/// The request and the response that the blueprint's loader makes of a chat row.
Status fill_from_chat_row(record::Interaction& record, Members members, const DocumentContext& context,
                          codec::JsonSlicer& slicer) {
  const JsonMember* messages = member(members, "messages");
  const JsonMember* tools = member(members, "tools");
  const JsonMember* timestamp = member(members, "timestamp");
  if (messages->kind != JsonKind::kArray) return invalid_argument("messages is not a list");
  if (tools != nullptr && tools->kind != JsonKind::kArray) return invalid_argument("tools is not a list");
  FW_ASSIGN(const auto list, slicer.elements(messages->raw));
  if (list.size() < 2) return invalid_argument("messages has no question before the answer");
  FW_TRY(check_answer(list.back(), slicer));
  record.timestamp = context.loaded_at;
  if (timestamp != nullptr) {
    FW_ASSIGN(record.timestamp, time_of(*timestamp, slicer));
  }
  record.request = R"({"model": "not-a-model", "messages": )" + join(std::span(list).first(list.size() - 1)) +
                   (tools != nullptr ? R"(, "tools": )" + std::string(tools->raw) : "") +
                   R"(, "temperature": 0.7, "max_tokens": 1000})";
  record.response = R"({"object": "chat.completion", "model": "not-a-model", "choices": [{"index": 0, "message": )" +
                    std::string(list.back()) + R"(, "finish_reason": "stop"}]})";
  return {};
}

}  // namespace

Result<record::Interaction> decode_log_document(std::string_view line, const DocumentContext& context,
                                                codec::JsonSlicer& slicer) {
  FW_ASSIGN(auto members, slicer.members(line));
  const bool has_both = member(members, "request") != nullptr || member(members, "response") != nullptr;
  if (const JsonMember* source = member(members, "_source"); source != nullptr && !has_both) {
    if (source->kind != JsonKind::kObject) return invalid_argument("_source is not an object");
    FW_ASSIGN(members, slicer.members(source->raw));
  }
  record::Interaction record;
  FW_TRY(fill_ids(record, members, context, slicer));
  if (member(members, "messages") != nullptr && !has_both) {
    FW_TRY(fill_from_chat_row(record, members, context, slicer));
  } else {
    FW_TRY(fill_from_log_document(record, members, slicer));
  }
  record.id = record::content_id(record.workload, record.client, line, context.occurrence);
  return record;
}

bool is_bulk_action(std::string_view line, codec::JsonSlicer& slicer) {
  const auto members = slicer.members(line);
  if (!members.ok() || members->size() != 1 || members->front().kind != JsonKind::kObject) return false;
  return members->front().key == "index" || members->front().key == "create";
}

}  // namespace fw::capture
