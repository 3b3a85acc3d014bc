#include "capture/gateway/recorder.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "codec/json_scanner.h"
#include "codec/unpack.h"

namespace fw::capture {
namespace {

using Json = nlohmann::ordered_json;
using record::Ending;

constexpr std::size_t kShownText = 4096;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// What stands in the place of an answer that is no chat completion: nothing was chosen, and this is what came.
std::string without_choices(std::string_view text) {
  Json out{{"object", "chat.completion"}, {"choices", Json::array()}};
  if (!text.empty()) out["partial_body"] = text.substr(0, kShownText);
  return dump(out);
}

std::string as_error(int status, std::string_view text) {
  return dump({{"error", {{"message", text.substr(0, kShownText)}, {"code", status}}}});
}

/// It begins as JSON and ends before that does.
bool is_cut(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{') return false;
  codec::JsonScanner scanner;
  return scanner.feed(text.substr(first)) == codec::JsonScanner::State::kMore;
}

bool is_event_stream(const net::Headers& headers) {
  const auto type = headers.find("Content-Type").value_or("");
  return net::equals_ignoring_case(type.substr(0, 17), "text/event-stream");
}

std::chrono::microseconds micros(Duration d) { return std::chrono::duration_cast<std::chrono::microseconds>(d); }

}  // namespace

void Recorder::set_target(std::string_view route, std::string_view variant) {
  provenance_.route = route;
  provenance_.variant = variant;
}

void Recorder::begin_answer(const net::ResponseHead& head) {
  provenance_.http_status = static_cast<std::uint16_t>(head.status);
  is_stream_ = is_event_stream(head.headers);
  const auto coding = head.headers.find("Content-Encoding").value_or("identity");
  is_packed_ = !coding.empty() && !net::equals_ignoring_case(coding, "identity");
  if (is_stream_) stream_.emplace(begin_.dialect, max_bytes_);
}

void Recorder::add(std::string_view piece, Instant now) {
  if (piece.empty()) return;
  if (!provenance_.first_token) provenance_.first_token = micros(now - begin_.request_whole);
  if (is_stream_ && !is_packed_) return stream_->add(piece);
  if (is_too_large_ || piece.size() > max_bytes_ - body_.size()) {
    is_too_large_ = true;
    body_ = {};
    return;
  }
  if (body_.empty()) body_.reserve(piece.size() + kBodyRoom);
  body_ += piece;
}

void Recorder::note(std::string_view what) {
  if (!what.empty()) provenance_.tags.push_back({"capture_note", record::repaired_id(std::string(what), 1024)});
}

void Recorder::unpack() {
  const auto packing = codec::packing_of(body_);
  if (packing == codec::Packing::kNone) return note("the answer's content coding is not known here");
  codec::StringSource packed(body_);
  const auto source = codec::unpack(packing, packed);
  std::string out;
  std::array<char, 16 * 1024> piece{};
  while (out.size() <= max_bytes_) {
    const auto n = source->read(piece);
    if (!n.ok()) note(n.error().message);
    if (!n.ok() || *n == 0) break;
    out.append(piece.data(), *n);
  }
  is_too_large_ = out.size() > max_bytes_;
  body_ = std::move(out);
}

std::string Recorder::stream_response(BytesEnd end) {
  auto outcome = std::move(*stream_).finish(end == BytesEnd::kClientGone);
  provenance_.ending = provenance_.http_status.value_or(0) >= 400 ? Ending::kRefused : outcome.ending;
  provenance_.model_answered = std::move(outcome.model);
  answer_id_ = std::move(outcome.id);
  note(outcome.note);
  return std::move(outcome.response);
}

AnswerScan Recorder::read_body(AnswerScanner& scanner) {
  AnswerScan scan = scanner.scan(body_);
  if (scan.is_object || body_.find('{') == std::string::npos) return scan;
  std::string mended = with_whole_characters(body_);
  if (mended == body_) return scan;
  AnswerScan of_mended = scanner.scan(mended);
  if (!of_mended.is_object) return scan;
  note("U+FFFD stands for what is no UTF-8 in the answer, or half a pair of surrogates");
  body_ = std::move(mended);
  return of_mended;
}

std::string Recorder::whole_response(BytesEnd end, AnswerScanner& scanner) {
  AnswerScan scan = read_body(scanner);
  const int status = provenance_.http_status.value_or(0);
  const bool is_error = status >= 400;
  provenance_.model_answered = std::move(scan.model);
  answer_id_ = std::move(scan.id);
  if (!is_error && !scan.is_object && is_cut(body_)) {
    // Without a Content-Length only the text itself tells: provenance says so already of the other ends.
    if (end == BytesEnd::kWhole) provenance_.ending = Ending::kUpstreamDied;
  } else if (is_error || (end == BytesEnd::kWhole && (!scan.is_object || scan.is_error))) {
    provenance_.ending = Ending::kRefused;
    if (!scan.is_object) return as_error(status, body_);
  } else if (end == BytesEnd::kWhole) {
    provenance_.ending = scan.are_arguments_whole ? Ending::kFinished : Ending::kArgumentsIncomplete;
  }
  if (!scan.is_object) return without_choices(body_);
  if (begin_.dialect == Dialect::kChatCompletions) return std::move(body_);
  auto mapped = as_chat_response(begin_.dialect, body_);
  if (mapped.ok()) return std::move(*mapped);
  note(mapped.error().message);
  return std::move(body_);
}

std::string Recorder::response(BytesEnd end, AnswerScanner& scanner) {
  provenance_.ending = end == BytesEnd::kClientGone ? Ending::kClientGone : Ending::kUpstreamDied;
  if (is_packed_) {
    unpack();
    if (is_stream_) stream_->add(body_);
  }
  return is_stream_ ? stream_response(end) : whole_response(end, scanner);
}

Result<record::Interaction> Recorder::finish(std::string request, BytesEnd end, Instant now,
                                             AnswerScanner& scanner) && {
  if (is_too_large_) return too_large("the answer is larger than " + std::to_string(max_bytes_) + " bytes");
  record::Interaction out;
  if (begin_.dialect == Dialect::kChatCompletions) {
    out.request = std::move(request);
  } else {
    FW_ASSIGN(out.request, as_chat_request(begin_.dialect, request));
  }
  provenance_.origin = record::Origin::kGateway;
  provenance_.total = micros(now - begin_.request_whole);
  provenance_.model_asked = std::move(begin_.model);
  provenance_.conversation = std::move(begin_.labels.conversation);
  provenance_.tags = std::move(begin_.labels.tags);
  provenance_.key = std::move(begin_.labels.key);
  out.response = response(end, scanner);
  if (is_too_large_) return too_large("the answer is larger than " + std::to_string(max_bytes_) + " bytes");
  out.id = std::move(begin_.id);
  out.workload = std::move(begin_.labels.workload);
  out.client = std::move(begin_.labels.client);
  out.timestamp = begin_.when;
  out.provenance = std::move(provenance_);
  return out;
}

}  // namespace fw::capture
