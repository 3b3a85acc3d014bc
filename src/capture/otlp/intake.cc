#include "capture/otlp/impl/intake.h"

#include <cmath>
#include <map>

#include "base/hash.h"
#include "capture/record_reader.h"
#include "record/record_id.h"

namespace fw::capture::otlp {
namespace {

/// Whose the record is, by the key it came with. kUnauthorized: the key is not for its workload.
Status attribute(record::Interaction& record, const auth::Caller& caller) {
  if (!caller.may_write(*record.workload)) {
    return unauthorized("key " + caller.key_id + " is not for workload " + *record.workload);
  }
  if (!caller.tenant.empty()) record.client = record::ClientId::from_stored(caller.tenant);
  record.provenance.key = caller.key_id;
  return {};
}

/// The documents of one request's log records.
class DocumentSink final : public RecordSink {
 public:
  DocumentSink(Intake& into, const auth::Caller& caller) : into_(into), caller_(caller) {}
  void take(record::Interaction record, std::size_t) override {
    record.provenance.origin = record::Origin::kOtlp;
    if (const Status may = attribute(record, caller_); !may.ok()) return into_.reject(may.error().message);
    into_.records.push_back(std::move(record));
  }
  void refuse(const codec::JsonDocument& document, const std::string& reason) override {
    into_.bad_lines.push_back({.source = "otlp",
                               .line = document.line,
                               .reason = reason,
                               .bytes = std::string(document.bytes.substr(0, QuarantineLimits{}.bytes_per_line)),
                               .length = document.length});
    into_.reject(reason);
  }
  void skip(std::string_view) override {}

 private:
  Intake& into_;
  const auth::Caller& caller_;
};

/// A piece that waits keeps who brought it.
template <class Telemetry>
void note_caller(std::optional<Telemetry>& piece, const std::shared_ptr<const auth::Caller>& caller) {
  if (!piece) return;
  auto origin = std::make_shared<Origin>(*piece->origin);
  origin->caller = caller;
  piece->origin = std::move(origin);
}

/// Numbers equal events of one request: the same request again has the same numbers.
class Copies {
 public:
  std::uint32_t number(const Piece& piece) { return seen_[hash64(to_line(piece))]++; }

 private:
  std::map<std::uint64_t, std::uint32_t> seen_;
};

/// Keys in the alphabet's order, and whole numbers whole: without `parse_ints` a collector makes all of them doubles.
nlohmann::json canonical(const Json& value) {
  if (value.is_object()) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [key, member] : value.items()) out[key] = canonical(member);
    return out;
  }
  if (value.is_array()) {
    nlohmann::json out = nlohmann::json::array();
    for (const Json& element : value) out.push_back(canonical(element));
    return out;
  }
  if (value.is_number_float()) {
    const double number = value.get<double>();
    constexpr double kExact = 9007199254740992.0;
    if (std::trunc(number) == number && std::abs(number) < kExact) return static_cast<std::int64_t>(number);
    return number;
  }
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return nullptr;
}

/// The first attribute of the list that one of the places has.
std::string named_by(const std::vector<std::string>& names, std::initializer_list<const Attributes*> places) {
  for (const std::string& name : names) {
    for (const Attributes* place : places) {
      if (std::string text = place->text(name); !text.empty()) return text;
    }
  }
  return "";
}

}  // namespace

std::optional<std::string> document_of(const LogRecord& log) {
  if (log.body.is_string()) {
    const std::string& text = log.body.get_ref<const std::string&>();
    const auto first = text.find_first_not_of(" \t\r\n");
    return first != std::string::npos && text[first] == '{' ? std::optional(text) : std::nullopt;
  }
  if (!log.body.is_object() || log.body.empty()) return std::nullopt;
  return canonical(log.body).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void Intake::reject(std::string reason) {
  if (rejected++ == 0) why = std::move(reason);
}

Result<record::Interaction> Sorter::interaction_of(const JoinedCall& call, const DefaultNames& names) const {
  static const Attributes kNone;
  const Attributes& of_span = call.span ? call.span->attributes : kNone;
  const Attributes& of_resource = call.origin ? call.origin->resource : kNone;
  std::string workload = named_by(options_.workload_attributes, {&of_span, &call.attributes, &of_resource});
  if (workload.empty() && names.workload) workload = **names.workload;
  if (workload.empty()) workload = call.span && !call.span->name.empty() ? call.span->name : "chat";
  std::string client = names.client ? **names.client : "";
  if (client.empty()) client = named_by(options_.client_attributes, {&of_span, &call.attributes, &of_resource});
  if (client.empty()) client = "otlp";

  record::Interaction record;
  record.workload = record::WorkloadId::from_stored(std::move(workload));
  record.client = record::ClientId::from_stored(std::move(client));
  FW_TRY(attribute(record, auth::caller_of(names.caller || !call.origin ? names.caller : call.origin->caller)));
  Draft draft = draft_of(call.content, call.span ? &*call.span : nullptr);
  record.timestamp = draft.timestamp.value_or(call.time);
  record.id = record::content_id(record.workload, record.client, "otlp " + call.trace_id + ' ' + call.span_id, 0);
  record.request = std::move(draft.request);
  record.response = std::move(draft.response);
  record.provenance.ending = draft.provenance.ending;
  record.provenance.model_asked = std::move(draft.provenance.model_asked);
  record.provenance.model_answered = std::move(draft.provenance.model_answered);
  record.provenance.origin = record::Origin::kOtlp;
  record.provenance.conversation = of_span.find("gen_ai.conversation.id")
                                       ? of_span.text("gen_ai.conversation.id")
                                       : call.attributes.text("gen_ai.conversation.id");
  if (call.span && call.span->end > call.span->start) {
    record.provenance.total = std::chrono::duration_cast<std::chrono::microseconds>(call.span->end - call.span->start);
  }
  return record;
}

void Sorter::take_call(const JoinedCall& call, const DefaultNames& names, Intake& into) const {
  auto record = interaction_of(call, names);
  if (!record.ok()) return into.reject(record.error().message);
  into.calls.emplace_back(call.trace_id, call.span_id);
  into.records.push_back(std::move(record).value());
}

void Sorter::wait_for_rest(Piece piece, const DefaultNames& names, Intake& into) {
  if (names.caller) {
    note_caller(piece.span, names.caller);
    note_caller(piece.event, names.caller);
  }
  std::string line = to_line(piece);
  into.waiting.push_back(line);
  if (const auto call = joiner_.add(std::move(piece), std::move(line))) {
    take_call(*call, names, into);
    into.waiting.pop_back();  // what completes a call needs not wait on disk: its record does
  }
}

Intake Sorter::take_spans(std::vector<Span> spans, const DefaultNames& names, Timestamp now) {
  Intake intake;
  for (Span& span : spans) {
    if (span.trace_id.empty() || span.span_id.empty()) {
      intake.reject("spans need a trace id and a span id; log records belong to /v1/logs");
      continue;
    }
    if (!is_model_call(span)) {
      ++intake.other;
      continue;
    }
    Content content;
    read_content(span, content);
    if (content.is_whole()) {
      const auto origin = span.origin;
      take_call({.trace_id = span.trace_id,
                 .span_id = span.span_id,
                 .content = std::move(content),
                 .span = std::move(span),
                 .attributes = {},
                 .origin = origin,
                 .time = now},
                names, intake);
    } else if (span.is_error) {
      ++intake.failed_calls;
      joiner_.settle({span.trace_id, span.span_id});  // its question waits for no answer
    } else {
      wait_for_rest({.span = std::move(span), .event = std::nullopt, .since = now}, names, intake);
    }
  }
  return intake;
}

Intake Sorter::take_logs(std::vector<LogRecord> logs, const DefaultNames& names, Timestamp now) {
  Intake intake;
  DocumentSink sink(intake, auth::caller_of(names.caller));
  RecordReader reader({.default_workload = names.workload, .default_client = names.client, .loaded_at = now});
  std::uint64_t number = 0;
  Copies copies;
  for (LogRecord& log : logs) {
    ++number;
    if (is_content_event(log)) {
      if (log.trace_id.empty() || log.span_id.empty()) {
        intake.reject("events of model calls need the trace id and span id of their call");
      } else {
        Piece piece{.span = std::nullopt, .event = std::move(log), .since = now};
        piece.copy = copies.number(piece);
        wait_for_rest(std::move(piece), names, intake);
      }
      continue;
    }
    const auto document = document_of(log);
    if (!document) {
      ++intake.other;
      continue;
    }
    reader.read({.bytes = *document, .line = number, .length = document->size()}, sink);
  }
  return intake;
}

}  // namespace fw::capture::otlp
