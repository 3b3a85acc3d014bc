#include "auth/guard.h"

#include <algorithm>

#include "auth/credentials.h"

namespace fw::auth {
namespace {

constexpr Duration kErrorGrace = std::chrono::seconds(1);

/// A body whose bytes are counted.
class CountedBody final : public net::BodyReader {
 public:
  CountedBody(net::BodyReader& body, ActiveKey& key, const Clock& clock) : body_(body), key_(key), clock_(clock) {}
  Task<Result<std::optional<std::string>>> next(Deadline deadline) override {
    auto piece = co_await body_.next(deadline);
    if (piece.ok() && *piece) key_.count_bytes((*piece)->size(), clock_.instant());
    co_return piece;
  }

 private:
  net::BodyReader& body_;
  ActiveKey& key_;
  const Clock& clock_;
};

/// An answer whose bytes are counted.
class CountedAnswer final : public net::ResponseWriter {
 public:
  CountedAnswer(net::ResponseWriter& out, ActiveKey& key, const Clock& clock) : out_(out), key_(key), clock_(clock) {}
  Task<Status> send(net::Response response, Deadline deadline) override {
    count(response.body);
    return out_.send(std::move(response), deadline);
  }
  Task<Status> start(net::ResponseHead head, Deadline deadline) override {
    return out_.start(std::move(head), deadline);
  }
  Task<Status> write(std::string piece, Deadline deadline) override {
    count(piece);
    return out_.write(std::move(piece), deadline);
  }
  Task<Status> finish(Deadline deadline) override { return out_.finish(deadline); }
  [[nodiscard]] bool has_started() const override { return out_.has_started(); }

 private:
  void count(const std::string& bytes) { key_.count_bytes(bytes.size(), clock_.instant()); }

  net::ResponseWriter& out_;
  ActiveKey& key_;
  const Clock& clock_;
};

}  // namespace

std::string Refusal::retry_after() const {
  return std::to_string(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

struct Pass::Hold {
  Hold(std::shared_ptr<ActiveKey> k, FairShare& s) : key(std::move(k)), share(s) {}
  ~Hold() {
    share.leave(key->key().sharer());
    key->end();
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  std::shared_ptr<ActiveKey> key;
  FairShare& share;
};

Pass::Pass(std::shared_ptr<ActiveKey> key, FairShare& share) : hold_(std::make_shared<Hold>(std::move(key), share)) {}

Guard::Guard(ListenerName listener, const Keyring& keyring, const Clock& clock, std::size_t room)
    : listener_(listener), keyring_(keyring), clock_(clock), share_(room) {}

std::optional<Refusal> Guard::identify(const net::Headers& headers, std::shared_ptr<ActiveKey>& key) {
  const auto secret = secret_in(headers);
  if (!secret) {
    ++without_key_;
    return Refusal{401,
                   "a key is needed here; send one as \"Authorization: Bearer fw-...\" or \"x-flywheel-key: fw-...\"; "
                   "an admin makes it with: flywheel keys create NAME"};
  }
  auto found = keyring_.find(*secret);
  if (!found.ok()) {
    ++unknown_;
    return Refusal{401, found.error().message};
  }
  if (!(*found)->key().is_for(listener_)) {
    ++not_for_this_;
    return Refusal{403,
                   "key " + (*found)->key().id + " is not good for the listener " + std::string(to_string(listener_)) +
                       "; make one with: flywheel keys create NAME --listener " + std::string(to_string(listener_))};
  }
  key = std::move(*found);
  return std::nullopt;
}

std::optional<Refusal> Guard::admit(const std::shared_ptr<ActiveKey>& key, Pass& pass) {
  Duration wait{};
  if (const auto begun = key->begin(clock_.now(), clock_.instant(), wait); !begun.ok()) {
    return Refusal{429, begun.error().message, wait};
  }
  if (!share_.enter(key->key().sharer())) {
    key->end();
    key->count_limited();
    return Refusal{429,
                   "this listener has no room for more requests of key " + key->key().id +
                       " at a time: others are to have theirs; try again in a moment",
                   std::chrono::seconds(1)};
  }
  pass = Pass(key, share_);
  return std::nullopt;
}

Task<void> Guard::serve(Pass pass, const net::Handler& handler, net::IncomingRequest& request,
                        net::ResponseWriter& out) const {
  if (!pass.hold_) co_return co_await handler(request, out);
  ActiveKey& key = *pass.hold_->key;
  net::BodyReader* const whole = request.body;
  CountedBody body(*whole, key, clock_);
  CountedAnswer answer(out, key, clock_);
  request.body = &body;
  co_await handler(request, answer);
  request.body = whole;
}

Task<void> Guard::answer(const net::Handler& handler, const RefusalWriter& refuse, net::IncomingRequest& request,
                         net::ResponseWriter& out) {
  std::shared_ptr<ActiveKey> key;
  Pass pass;
  auto refusal = identify(request.headers, key);
  if (!refusal) refusal = admit(key, pass);
  if (!refusal) {
    remove_secrets(request.headers);
    request.caller = std::make_shared<const Caller>(caller_with(key->key(), Via::kKey));
    request.sharer = key->key().sharer();
    co_return co_await serve(std::move(pass), handler, request, out);
  }
  if (auto response = refuse(request, *refusal)) {
    (void)co_await out.send(std::move(*response), Deadline::after(kErrorGrace));
  } else {
    // A head without its body: the client sees the connection break, and keeps what it has.
    (void)co_await out.start({.status = 503, .headers = {{"Content-Length", "1"}}}, Deadline::after(kErrorGrace));
  }
}

net::Handler Guard::guarded(net::Handler handler, RefusalWriter refuse) {
  return [this, handler = std::move(handler), refuse = std::move(refuse)](net::IncomingRequest& request,
                                                                          net::ResponseWriter& out) {
    if (asks_for_key()) return answer(handler, refuse, request, out);
    remove_secrets(request.headers);
    return handler(request, out);
  };
}

void Guard::write_metrics(std::ostream& out) const {
  const std::string label = "flywheel_auth_refused_total{listener=\"" + std::string(to_string(listener_)) + "\",why=\"";
  out << label << "no_key\"} " << without_key_ << '\n'
      << label << "unknown_key\"} " << unknown_ << '\n'
      << label << "other_listener\"} " << not_for_this_ << '\n';
}

}  // namespace fw::auth
