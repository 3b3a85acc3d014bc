#include "capture/otlp/otlp_receiver.h"

#include <atomic>

#include "async/task_group.h"
#include "base/log.h"
#include "capture/impl/outside_error.h"
#include "capture/otlp/impl/decode.h"
#include "capture/otlp/impl/intake.h"
#include "capture/otlp/impl/pending_file.h"
#include "capture/otlp/impl/reply.h"
#include "codec/unpack.h"
#include "net/announced_size.h"
#include "net/body_budget.h"
#include "net/router.h"

namespace fw::capture {

using otlp::Encoding;
using otlp::Intake;
using otlp::Signal;

namespace {

constexpr Duration kBetweenLooks = std::chrono::seconds(5);
constexpr std::size_t kRewriteBytes = std::size_t{8} << 20;
constexpr std::size_t kSmallBody = std::size_t{32} << 10;

std::optional<Encoding> encoding_of(const net::Headers& headers) {
  const auto type = headers.find("Content-Type");
  if (!type) return Encoding::kProtobuf;
  const std::string_view name = type->substr(0, type->find(';'));
  if (name == "application/json") return Encoding::kJson;
  if (name == "application/x-protobuf" || name == "application/protobuf") return Encoding::kProtobuf;
  return std::nullopt;
}

Result<std::string> unpacked(std::string body, const net::Headers& headers, std::size_t limit) {
  const auto encoding = headers.find("Content-Encoding");
  if (!encoding || *encoding == "identity" || body.empty()) return body;
  if (*encoding != "gzip" && *encoding != "zstd") {
    return invalid_argument("Content-Encoding \"" + std::string(*encoding) + "\" is not known; send gzip or nothing");
  }
  codec::StringSource packed(body);
  const auto source = codec::unpack(*encoding == "gzip" ? codec::Packing::kGzip : codec::Packing::kZstd, packed);
  std::string out;
  std::string piece(std::size_t{64} << 10, '\0');
  while (true) {
    const auto count = source->read(piece);
    if (!count.ok()) return of_packed_body(count.error());
    if (*count == 0) return out;
    if (out.size() + *count > limit) return too_large("the body holds more than " + std::to_string(limit) + " bytes");
    out.append(piece, 0, *count);
  }
}

otlp::DefaultNames names_of(const net::IncomingRequest& request) {
  const net::Headers& headers = request.headers;
  otlp::DefaultNames names{.caller = request.caller};
  if (const auto workload = headers.find("x-flywheel-workload")) {
    if (auto id = record::WorkloadId::parse(std::string(*workload)); id.ok()) names.workload = std::move(id).value();
  }
  if (const auto client = headers.find("x-flywheel-client")) {
    if (auto id = record::ClientId::parse(std::string(*client)); id.ok()) names.client = std::move(id).value();
  }
  return names;
}

/// With rules for redaction pieces wait in memory alone: a call that seems complete waits no longer there.
otlp::JoinerOptions joiner_options(const OtlpReceiverDependencies& dependencies, const OtlpReceiverOptions& options) {
  otlp::JoinerOptions out{.window = options.join_window};
  if (dependencies.redactor.has_rules()) out.settle = {};
  return out;
}

}  // namespace

struct OtlpReceiver::Impl {
  Impl(OtlpReceiverDependencies d, OtlpReceiverOptions o)
      : dependencies(std::move(d)),
        options(std::move(o)),
        joiner(joiner_options(dependencies, options)),
        sorter(options, joiner),
        pending(dependencies.folder / "pending.jsonl"),
        budget(options.max_bytes_in_flight),
        group(dependencies.executor) {
    add(Signal::kTraces, "/v1/traces");
    add(Signal::kLogs, "/v1/logs");
  }

  void add(Signal signal, const std::string& path) {
    router.on_stream(net::Method::kPost, path,
                     [this, signal](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) {
                       return serve(signal, request, out);
                     });
  }

  Task<void> serve(Signal signal, net::IncomingRequest& request, net::ResponseWriter& out);
  Task<net::Response> answer(Signal signal, Encoding encoding, net::IncomingRequest& request);
  Result<Intake> sorted(Signal signal, Encoding encoding, std::string body, const net::IncomingRequest& request);
  /// The same, redacted.
  Result<Intake> sort(Signal signal, Encoding encoding, std::string body, const net::IncomingRequest& request);
  /// `tenant`: whose share of the committer's queue it takes.
  Task<Status> store(Intake& intake, Deadline deadline, std::string tenant);
  Task<void> look_after_windows();
  Task<Status> end_windows();
  void take_ended(const otlp::JoinedCall& call);
  /// Whether the line of an earlier process is a piece, which waits from now on.
  [[nodiscard]] bool take_up(const std::string& line);
  [[nodiscard]] Status take_up_all();
  [[nodiscard]] Status keep(const Intake& intake);
  void tidy();

  OtlpReceiverDependencies dependencies;
  OtlpReceiverOptions options;
  otlp::Joiner joiner;
  otlp::Sorter sorter;
  otlp::PendingFile pending;
  net::BodyBudget budget;
  TaskGroup group;
  net::Router router;
  // Of ended windows; only look_after_windows() touches them.
  std::vector<record::Interaction> unstored;
  std::vector<otlp::Joiner::Key> unsettled;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> known{0};
  std::atomic<std::uint64_t> kept_aside{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> failed_calls{0};
  std::atomic<std::uint64_t> other{0};
};

Task<void> OtlpReceiver::Impl::serve(Signal signal, net::IncomingRequest& request, net::ResponseWriter& out) {
  const auto encoding = encoding_of(request.headers);
  if (!encoding) {
    (void)co_await out.send(otlp::unsupported_media_type(), request.deadline);
    co_return;
  }
  (void)co_await out.send(co_await answer(signal, *encoding, request), request.deadline);
}

Task<net::Response> OtlpReceiver::Impl::answer(Signal signal, Encoding encoding, net::IncomingRequest& request) {
  if (const Status fits = net::check_announced(request.headers, options.max_body_bytes); !fits.ok()) {
    co_return otlp::refused(encoding, fits.error());
  }
  net::BodyBudget::Share share(budget, request.sharer);
  auto body = co_await net::read_whole(
      *request.body, {.max_bytes = options.max_body_bytes, .patience = options.patience}, share, request.deadline);
  if (!body.ok()) co_return otlp::refused(encoding, body.error());
  const auto sort_it = [&] { return sort(signal, encoding, std::move(body).value(), request); };
  // Waiting for a thread, behind the large ones of others, would take longer than to read a small one.
  const bool is_small = body->size() <= kSmallBody && !request.headers.contains("Content-Encoding");
  auto intake = is_small ? sort_it() : co_await run_on(dependencies.cpu, sort_it);
  if (!intake.ok()) co_return otlp::refused(encoding, intake.error());
  const Status stored = co_await store(*intake, request.deadline.within(options.patience), request.sharer);
  if (!stored.ok()) co_return otlp::refused(encoding, stored.error());
  failed_calls += intake->failed_calls;
  other += intake->other;
  co_return otlp::accepted(encoding, signal, intake->rejected, intake->why);
}

Result<Intake> OtlpReceiver::Impl::sorted(Signal signal, Encoding encoding, std::string body,
                                          const net::IncomingRequest& request) {
  FW_ASSIGN(const std::string text, unpacked(std::move(body), request.headers, options.max_body_bytes));
  const auto names = names_of(request);
  const Timestamp now = dependencies.clock.now();
  if (signal == Signal::kTraces) {
    FW_ASSIGN(auto spans, encoding == Encoding::kJson ? otlp::decode_traces_json(text) : otlp::decode_traces(text));
    return sorter.take_spans(std::move(spans), names, now);
  }
  FW_ASSIGN(auto logs, encoding == Encoding::kJson ? otlp::decode_logs_json(text) : otlp::decode_logs(text));
  return sorter.take_logs(std::move(logs), names, now);
}

Result<Intake> OtlpReceiver::Impl::sort(Signal signal, Encoding encoding, std::string body,
                                        const net::IncomingRequest& request) {
  FW_ASSIGN(Intake intake, sorted(signal, encoding, std::move(body), request));
  const Redactor& redactor = dependencies.redactor;
  if (!redactor.has_rules()) return intake;
  for (QuarantinedLine& line : intake.bad_lines) line.bytes = redactor.redact_unread(line.bytes);
  // A piece of a call is no interaction yet: rules with paths would not find what they are for.
  intake.waiting.clear();
  for (record::Interaction& record : intake.records) FW_TRY(redactor.apply(record));
  return intake;
}

Status OtlpReceiver::Impl::keep(const Intake& intake) {
  if (!intake.waiting.empty()) FW_TRY(pending.append(intake.waiting));
  if (intake.bad_lines.empty()) return {};
  kept_aside += intake.bad_lines.size();
  FW_ASSIGN([[maybe_unused]] const auto report, dependencies.quarantine.add(intake.bad_lines));
  return {};
}

Task<Status> OtlpReceiver::Impl::store(Intake& intake, Deadline deadline, std::string tenant) {
  if (!intake.waiting.empty() || !intake.bad_lines.empty()) {
    const Status kept = co_await run_on(dependencies.disk, [&] { return keep(intake); });
    if (!kept.ok()) {
      for (const auto& call : intake.calls) joiner.unsettle(call);
      log_error("otlp", "what waits or is kept aside was not written", {{"error", kept.error().message}});
      co_return told_outside(kept.error());
    }
  }
  const std::size_t count = intake.records.size();
  if (count == 0) co_return Status{};
  const auto report = co_await dependencies.committer.commit(std::move(intake.records), deadline, std::move(tenant));
  for (const auto& call : intake.calls) report.ok() ? joiner.settle(call) : joiner.unsettle(call);
  if (report.ok()) {
    accepted += count;
    known += report->duplicates;
    co_return Status{};
  }
  refused += count;
  const bool is_busy =
      report.error().code == ErrorCode::kResourceExhausted || report.error().code == ErrorCode::kDeadlineExceeded;
  if (is_busy) co_return resource_exhausted(report.error().message);
  log_error("otlp", "interactions were not stored", {{"error", report.error().message}});
  co_return told_outside(report.error());
}

Task<void> OtlpReceiver::Impl::look_after_windows() {
  const Deadline deadline = Deadline::when_stopped(group.stop_token());
  while ((co_await sleep_for(kBetweenLooks, deadline)).ok()) {
    const Status ended = co_await end_windows();
    if (!ended.ok())
      log_warning("otlp", "calls whose window ended are not stored yet", {{"error", ended.error().message}});
  }
}

void OtlpReceiver::Impl::take_ended(const otlp::JoinedCall& call) {
  auto record = sorter.interaction_of(call, {});
  if (!record.ok() || !dependencies.redactor.apply(*record).ok()) return;
  unstored.push_back(std::move(record).value());
  unsettled.emplace_back(call.trace_id, call.span_id);
}

Task<Status> OtlpReceiver::Impl::end_windows() {
  for (const otlp::JoinedCall& call : joiner.expire(dependencies.clock.now())) take_ended(call);
  if (!unstored.empty()) {
    const std::size_t count = unstored.size();
    FW_CO_ASSIGN(const auto report, co_await dependencies.committer.commit(
                                        unstored, Deadline::when_stopped(group.stop_token()).within(options.patience)));
    accepted += count;
    known += report.duplicates;
    for (const auto& call : unsettled) joiner.settle(call);
    unstored.clear();
    unsettled.clear();
  }
  co_await run_on(dependencies.disk, [this] { tidy(); });
  co_return Status{};
}

/// Nothing that waits is forgotten: lines are rewritten only once the records of complete calls are stored.
void OtlpReceiver::Impl::tidy() {
  const std::size_t on_disk = pending.bytes();
  const std::size_t live = dependencies.redactor.has_rules() ? 0 : joiner.waiting_bytes();
  if (on_disk == 0 || (live > 0 && (on_disk < kRewriteBytes || on_disk < 2 * live))) return;
  if (const Status done = pending.rewrite(live == 0 ? std::vector<std::string>() : joiner.waiting_lines());
      !done.ok()) {
    log_warning("otlp", "the pieces that wait were not rewritten", {{"error", done.error().message}});
  }
}

bool OtlpReceiver::Impl::take_up(const std::string& line) {
  auto piece = otlp::parse_line(line);
  if (!piece.ok()) return false;
  if (const auto call = joiner.add(std::move(piece).value(), line)) take_ended(*call);
  return true;
}

/// What is no piece was one, and acknowledged: it is kept for a person, who may read what is left of it.
Status OtlpReceiver::Impl::take_up_all() {
  FW_ASSIGN(const auto found, pending.open());
  std::vector<QuarantinedLine> damaged;
  const auto keep_aside = [&](const std::string& line, std::uint64_t number, std::string reason) {
    damaged.push_back({.source = pending.path().string(),
                       .line = number,
                       .reason = std::move(reason),
                       .bytes = dependencies.redactor.redact_unread(line),
                       .length = line.size()});
  };
  for (std::uint64_t number = 0; number < found.lines.size(); ++number) {
    if (!take_up(found.lines[number])) {
      keep_aside(found.lines[number], number + 1, "a piece of a call that waited is damaged");
    }
  }
  if (!found.torn.empty()) {
    if (take_up(found.torn)) {
      FW_TRY(pending.append({found.torn}));
    } else {
      keep_aside(found.torn, found.lines.size() + 1, "the last piece of a call that waited has no end");
    }
  }
  if (damaged.empty()) return {};
  FW_ASSIGN([[maybe_unused]] const auto report, dependencies.quarantine.add(damaged, /*whole=*/true));
  kept_aside += damaged.size();
  log_warning("otlp", "pieces of calls that waited are damaged; they are in the quarantine",
              {{"file", pending.path().string()}, {"pieces", damaged.size()}});
  return {};
}

OtlpReceiver::OtlpReceiver(OtlpReceiverDependencies dependencies, OtlpReceiverOptions options)
    : impl_(std::make_unique<Impl>(std::move(dependencies), std::move(options))) {}
OtlpReceiver::~OtlpReceiver() { stop(); }

Status OtlpReceiver::start() {
  FW_TRY(impl_->take_up_all());
  impl_->group.spawn("otlp windows", impl_->look_after_windows());
  return {};
}

void OtlpReceiver::stop() {
  impl_->group.request_stop();
  impl_->group.join_blocking();
}

net::Response OtlpReceiver::refusal(const net::IncomingRequest& request, const auth::Refusal& refusal) {
  const Encoding encoding = encoding_of(request.headers).value_or(Encoding::kProtobuf);
  net::Response response = otlp::refused(encoding, refusal.status, refusal.message);
  if (refusal.status == 429 || refusal.status == 503) response.headers.set("Retry-After", refusal.retry_after());
  return response;
}

net::Handler OtlpReceiver::handler() { return impl_->router.handler(); }

OtlpReceiverStats OtlpReceiver::stats() const {
  const otlp::JoinerStats joins = impl_->joiner.stats();
  return {.accepted = impl_->accepted,
          .known = impl_->known,
          .kept_aside = impl_->kept_aside,
          .refused = impl_->refused,
          .spans_without_content = joins.spans_without_content,
          .incomplete_events = joins.incomplete_events,
          .failed_calls = impl_->failed_calls,
          .other = impl_->other,
          .waiting = joins.waiting};
}

}  // namespace fw::capture
