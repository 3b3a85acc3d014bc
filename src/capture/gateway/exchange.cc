#include "capture/gateway/impl/exchange.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>

#include "capture/gateway/impl/openai_error.h"
#include "capture/gateway/impl/retry_rule.h"
#include "capture/gateway/refusal.h"
#include "capture/gateway/stream_end.h"
#include "record/record_id.h"

namespace fw::capture {
namespace {

constexpr std::size_t kBelieved = std::size_t{1} << 20;  // of what a Content-Length announces
constexpr Duration kErrorGrace = std::chrono::seconds(1);

std::size_t announced(const net::Headers& headers) {
  const auto text = headers.find("Content-Length").value_or("");
  std::size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

bool has_json(const net::Headers& headers) {
  const auto type = headers.find("Content-Type").value_or("");
  return net::equals_ignoring_case(type.substr(0, 16), "application/json");
}

net::Response body_error(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTooLarge: return openai_error(413, "request_too_large", error.message);
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kDataLoss: return openai_error(400, "malformed_request", error.message);
    case ErrorCode::kDeadlineExceeded: return openai_error(408, "request_timeout", error.message);
    default: {
      auto response = openai_error(503, "gateway_busy", error.message);
      response.headers.add("Retry-After", "1");
      return response;
    }
  }
}

}  // namespace

Exchange::Exchange(GatewayShared& shared, net::IncomingRequest& in, net::ResponseWriter& out)
    : shared_(shared), in_(in), out_(out), dialect_(dialect_of(in.method, in.path())), held_(shared.bodies, in.sharer) {
  const Duration longest = shared_.settings.max_request_time;
  if (longest > Duration::zero()) in_.deadline = in_.deadline.within(longest);
  ++shared_.counters.open_exchanges;
  shared_.counters.begin(dialect_);
}

Exchange::~Exchange() { --shared_.counters.open_exchanges; }

/// What is neither understood nor JSON (files, audio) goes through in pieces: it is large, and nothing in it is needed.
bool Exchange::reads_whole_body() const {
  if (dialect_ || has_json(in_.headers)) return true;
  return !in_.headers.contains("Transfer-Encoding") && announced(in_.headers) == 0;
}

Task<Status> Exchange::read_body() {
  const std::size_t most = shared_.settings.max_body_bytes;
  const std::size_t length = announced(in_.headers);
  if (length > most) co_return too_large("the request's body is larger than " + std::to_string(most) + " bytes");
  FW_CO_ASSIGN(body_, co_await net::read_whole(*in_.body,
                                               {.max_bytes = most, .reserve = std::min(length, kBelieved) + kBodyRoom},
                                               held_, in_.deadline.within(shared_.settings.max_body_time)));
  co_return Status{};
}

/// What is asked, by whom, where it goes, and whether it is kept.
Status Exchange::plan() {
  request_whole_ = kernel_now();
  const CaptureSettings& capture = shared_.settings.capture;
  routing_ = shared_.routing.load();
  const RouteTable& table = *routing_->table;
  Workbenches::Loan bench(shared_.benches);
  const bool is_kept = dialect_ && capture.is_enabled;
  const auth::Caller& caller = auth::caller_of(in_);
  const bool is_looked_at =
      is_kept || !table.routes().empty() || !table.promoted().empty() || !caller.workloads.empty();
  if (is_looked_at && !body_.empty()) scan_ = bench->requests.scan(body_, wants_system(capture));
  Labels labels;
  if (is_looked_at) labels = labels_of(in_.path(), in_.headers, scan_, capture, caller);
  if (dialect_ && !caller.may_write(*labels.workload)) {
    return unauthorized("key " + caller.key_id + " is not for workload " + *labels.workload +
                        "; name another in x-flywheel-workload, or ask for another key");
  }
  choice_ = table.choose(scan_.model, *labels.workload, bench->random);
  if (dialect_) split_ = table.split_for(*labels.workload, *labels.client, labels.conversation, bench->random);
  if (split_.shadowed != nullptr && split_.copy == nullptr) split_.copy = choice_.targets.front();
  if (split_.answers != nullptr) choice_.targets.insert(choice_.targets.begin(), &split_.answers->target);
  is_kept_ = is_kept && is_sampled(labels, bench->random);
  if (is_kept_ && !scan_.is_object) shared_.counters.keep(Kept::kUnreadable);
  const bool is_watched = split_.answers != nullptr || split_.shadowed != nullptr;
  if (!scan_.is_object || (!is_kept_ && !is_watched)) return {};
  const Timestamp now = shared_.with.clock.now();
  recorder_.emplace(Recorder::Begin{.id = record::live_id(now),
                                    .labels = std::move(labels),
                                    .dialect = *dialect_,
                                    .model = scan_.model,
                                    .when = now,
                                    .request_whole = request_whole_},
                    capture.max_record_bytes);
  return {};
}

bool Exchange::is_sampled(const Labels& labels, Random& random) {
  const CaptureSettings& capture = shared_.settings.capture;
  const auto own = capture.samples.find(*labels.workload);
  const double share = own == capture.samples.end() ? capture.sample : own->second;
  if (share >= 1 || random.uniform() < share) return true;
  shared_.counters.keep(Kept::kSampledOut);
  return false;
}

bool Exchange::is_on_route(const Target& target) const {
  const auto own = choice_.targets | std::views::drop(split_.answers == nullptr ? 0 : 1);
  return std::ranges::any_of(own, [&](const Target* one) { return one->upstream == target.upstream; });
}

net::Request Exchange::request_for(const Upstream& upstream, const Target& target) const {
  net::Request request{.method = in_.method, .target = upstream.url_for(in_.target), .headers = in_.headers};
  request.body = body_;
  if (!target.model.empty() && target.model != scan_.model) {
    if (auto renamed = with_model(body_, target.model); renamed.ok()) request.body = std::move(*renamed);
  }
  remove_own_headers(request.headers);
  // A client's key for production is not for whoever a promotion adds.
  if (!is_on_route(target)) remove_client_keys(request.headers);
  upstream.prepare(request.headers);
  // An answer that is kept has to be read; packed by what we may not know it could not be.
  if (recorder_) request.headers.remove("Accept-Encoding");
  return request;
}

Task<void> Exchange::run() {
  if (!reads_whole_body()) {
    if (const Status planned = plan(); !planned.ok()) co_return co_await refuse(planned.error());
    co_return co_await relay_upload();
  }
  if (const auto read = co_await read_body(); !read.ok()) {
    if (read.error().code == ErrorCode::kUnavailable && in_.deadline.is_cancelled()) co_return;
    shared_.counters.refuse();
    co_return co_await fail(body_error(read.error()));
  }
  if (const Status planned = plan(); !planned.ok()) co_return co_await refuse(planned.error());
  co_await relay();
}

Task<void> Exchange::refuse(Error error) {
  shared_.counters.refuse();
  co_await fail(refusal_of(in_.path(), {.status = 403, .message = std::move(error.message)}));
}

Task<void> Exchange::relay() {
  for (std::size_t i = 0; i < choice_.targets.size(); ++i) {
    const Target& target = *choice_.targets[i];
    Upstream& upstream = *upstream_of(target);
    const bool is_last = i + 1 == choice_.targets.size();
    if (recorder_) recorder_->set_target(choice_.route, target.variant);
    Outcome outcome = co_await ask(upstream, target);
    const net::ResponseHead* head = outcome.answer ? &outcome.answer->head() : nullptr;
    const bool is_promoted = split_.answers != nullptr && i == 0;
    // What a candidate refuses may be no fault of the request: who answered before is asked.
    const bool is_refused = is_promoted && head != nullptr && head->status >= 400;
    if (!is_last &&
        (is_refused || wants_fallback({head, outcome.failure ? &*outcome.failure : nullptr, outcome.was_sent}))) {
      if (is_promoted) tell_of_promoted(true);
      shared_.counters.fall_back();
      continue;
    }
    if (!outcome.answer) co_return co_await fail_upstream(upstream, *outcome.failure);
    // Who was asked in the place of another is on neither side of a pair.
    is_shadowed_ = i == 0 && split_.shadowed != nullptr;
    const BytesEnd end = co_await pass_on(*outcome.answer, upstream.settings().idle_timeout);
    if (auto record = take_record(end)) shared_.keep(std::move(*record), in_.sharer);
    if (end == BytesEnd::kWhole) send_shadow();
    if (is_promoted && end != BytesEnd::kClientGone) tell_of_promoted(end != BytesEnd::kWhole);
    co_return;
  }
}

void Exchange::tell_of_promoted(bool is_error) {
  if (!shared_.with.on_promoted) return;
  shared_.with.on_promoted({split_.answers->id, is_error, std::exchange(seen_, std::nullopt)});
}

void Exchange::send_shadow() {
  if (!copy_ || !seen_ || seen_->provenance.ending != record::Ending::kFinished) return;
  const bool is_answered_by_candidate = split_.answers == split_.shadowed;
  shared_.shadows.offer({.promotion = split_.shadowed->id,
                         .is_to_candidate = !is_answered_by_candidate,
                         .upstream = upstream_of(*split_.copy),
                         .request = std::move(*copy_),
                         .dialect = *dialect_,
                         .variant = split_.copy->variant,
                         .answered = *seen_});
}

Task<void> Exchange::relay_upload() {
  const Target& target = *choice_.targets.front();
  Upstream& upstream = *upstream_of(target);
  bool has_answer = false;
  const auto sent = co_await upstream.client().exchange(
      request_for(upstream, target), *in_.body,
      [this, &has_answer, idle = upstream.settings().idle_timeout](net::ResponseStream& answer,
                                                                   Deadline) -> Task<Status> {
        has_answer = true;
        const BytesEnd end = co_await pass_on(answer, idle);
        if (end == BytesEnd::kWhole) co_return Status{};
        co_return unavailable("the answer was broken off");
      },
      in_.deadline);
  if (!sent.ok() && !has_answer) co_await fail_upstream(upstream, sent.error());
}

Task<Exchange::Outcome> Exchange::ask(Upstream& upstream, const Target& target) {
  if (const auto ready = upstream.readiness(); !ready.ok()) co_return Outcome{.failure = ready.error()};
  if (!upstream.breaker().allows(kernel_now())) {
    co_return Outcome{.failure = resource_exhausted("upstream " + upstream.settings().name +
                                                    " failed several times in a row and is left alone for a moment")};
  }
  for (int tries = 1;; ++tries) {
    Outcome outcome = co_await ask_once(upstream, target);
    const net::ResponseHead* head = outcome.answer ? &outcome.answer->head() : nullptr;
    const Attempt attempt{head, outcome.failure ? &*outcome.failure : nullptr, outcome.was_sent};
    if (is_failure(attempt)) {
      upstream.breaker().note_failure(kernel_now());
    } else if (head != nullptr) {
      upstream.breaker().note_success();
    }
    if (tries > upstream.settings().max_retries) co_return outcome;
    const auto wait = wait_before_retry(attempt, tries, upstream.settings().max_retry_wait, shared_.with.clock.now());
    if (!wait || upstream.breaker().is_open()) co_return outcome;
    if (outcome.answer) (void)outcome.answer->take_if_whole();  // the connection is of use again
    if (!(co_await sleep_for(*wait, in_.deadline)).ok()) co_return outcome;
    shared_.counters.retry();
  }
}

Task<Exchange::Outcome> Exchange::ask_once(Upstream& upstream, const Target& target) {
  Outcome outcome;
  net::Request request = request_for(upstream, target);
  const Deadline deadline = in_.deadline.within(upstream.settings().first_byte_timeout);
  before_sending_ = kernel_now() - request_whole_;
  auto opened = co_await upstream.client().open(std::move(request), deadline,
                                                {.may_repeat = dialect_.has_value(), .has_left = &outcome.was_sent});
  if (opened.ok()) {
    outcome.answer = std::move(*opened);
  } else {
    outcome.failure = opened.error();
  }
  co_return outcome;
}

bool Exchange::keeps_before_last_byte() const {
  return recorder_ && is_kept_ && shared_.settings.capture.durability != Durability::kJournal;
}

/// Its time may be up rather than the client gone.
BytesEnd Exchange::end_of_writing() const {
  const bool is_out_of_time = in_.deadline.is_over() && !in_.deadline.is_cancelled();
  return is_out_of_time ? BytesEnd::kUpstreamDied : BytesEnd::kClientGone;
}

Task<BytesEnd> Exchange::pass_on(net::ResponseStream& answer, Duration idle) {
  const Instant begin = kernel_now();
  net::ResponseHead head = answer.head();
  shared_.counters.answer(head.status);
  if (recorder_) recorder_->begin_answer(head);
  if (recorder_ && is_kept_) head.headers.set("x-flywheel-id", *recorder_->id());
  auto whole = in_.method == net::Method::kHead ? std::nullopt : answer.take_if_whole();
  if (!whole) co_return co_await pass_on_pieces(answer, std::move(head), idle);
  if (recorder_) recorder_->add(*whole, begin);
  if (keeps_before_last_byte()) {
    auto record = take_record(BytesEnd::kWhole);
    if (record && !co_await shared_.keep_durably(std::move(*record), in_.sharer)) {
      co_await fail(openai_error(503, "not_stored",
                                 "the answer came, but its record could not be stored in time, and "
                                 "gateway.capture.durability is required"));
      co_return BytesEnd::kWhole;  // as far as the upstream goes
    }
  }
  const auto sent = co_await out_.send({head.status, std::move(head.headers), std::move(*whole)}, in_.deadline);
  shared_.counters.added(before_sending_ + (kernel_now() - begin));
  co_return sent.ok() ? BytesEnd::kWhole : end_of_writing();
}

Task<BytesEnd> Exchange::pass_on_pieces(net::ResponseStream& answer, net::ResponseHead head, Duration idle) {
  const Instant begin = kernel_now();
  const bool holds = keeps_before_last_byte();
  std::optional<StreamEnd> stream;
  if (holds && recorder_->is_stream()) stream.emplace(*dialect_);
  if (!(co_await out_.start(std::move(head), in_.deadline)).ok()) co_return end_of_writing();
  shared_.counters.added(before_sending_ + (kernel_now() - begin));
  std::string held;
  while (true) {
    auto piece = co_await answer.next(in_.deadline.within(idle));
    if (!piece.ok()) {
      // Without its end the client sees that something is missing.
      co_return in_.deadline.is_cancelled() ? BytesEnd::kClientGone : BytesEnd::kUpstreamDied;
    }
    if (!*piece) break;
    if (recorder_) recorder_->add(**piece, kernel_now());
    if (!holds) {
      if (!(co_await out_.write(std::move(**piece), in_.deadline)).ok()) co_return end_of_writing();
      continue;
    }
    std::string now = stream ? stream->release(**piece) : std::exchange(held, std::move(**piece));
    if (now.empty()) continue;
    if (!(co_await out_.write(std::move(now), in_.deadline)).ok()) co_return end_of_writing();
  }
  if (holds) {
    if (stream) held = stream->take();
    auto record = take_record(BytesEnd::kWhole);
    // Without its last bytes the client sees that something is missing; as far as the upstream goes it was whole.
    if (record && !co_await shared_.keep_durably(std::move(*record), in_.sharer)) co_return BytesEnd::kWhole;
    if (!held.empty() && !(co_await out_.write(std::move(held), in_.deadline)).ok()) co_return end_of_writing();
  }
  co_return (co_await out_.finish(in_.deadline)).ok() ? BytesEnd::kWhole : end_of_writing();
}

Task<void> Exchange::fail(net::Response response) {
  shared_.counters.answer(response.status);
  (void)co_await out_.send(std::move(response), Deadline::after(kErrorGrace));
}

Task<void> Exchange::fail_upstream(const Upstream& upstream, const Error& error) {
  const bool is_gone = in_.deadline.is_cancelled();
  net::Response response = openai_error(502, "upstream_unavailable", error.message);
  if (error.code == ErrorCode::kDeadlineExceeded) response = openai_error(504, "upstream_timeout", error.message);
  if (error.code == ErrorCode::kResourceExhausted) {
    response = openai_error(503, "upstream_unavailable", error.message);
    const auto wait = std::chrono::ceil<std::chrono::seconds>(upstream.breaker().wait(kernel_now()));
    response.headers.add("Retry-After", std::to_string(std::max<std::int64_t>(1, wait.count())));
  }
  if (recorder_) {
    if (!is_gone) recorder_->fail(response.body);
    if (auto record = take_record(is_gone ? BytesEnd::kClientGone : BytesEnd::kUpstreamDied)) {
      shared_.keep(std::move(*record), in_.sharer);
    }
  }
  if (!is_gone) co_await fail(std::move(response));
}

std::optional<record::Interaction> Exchange::take_record(BytesEnd end) {
  if (!recorder_) return std::nullopt;
  // Here, because the record takes the body, and not before the client has its answer.
  if (is_shadowed_ && end == BytesEnd::kWhole) {
    copy_ = request_for(*upstream_of(*split_.copy), *split_.copy);
  }
  Workbenches::Loan bench(shared_.benches);
  auto made = std::move(*recorder_).finish(std::move(body_), end, kernel_now(), bench->answers);
  if (made.ok() && is_kept_) shared_.recent.note(recorder_->answer_id(), made->id);
  recorder_.reset();
  if (!made.ok()) {
    if (is_kept_) shared_.counters.keep(Kept::kUnreadable);
    return std::nullopt;
  }
  if (split_.answers != nullptr || copy_) seen_ = *made;
  if (!is_kept_ || !shared_.filtered(*made)) return std::nullopt;
  return std::move(*made);
}

}  // namespace fw::capture
