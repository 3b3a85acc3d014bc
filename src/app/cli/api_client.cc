#include "app/cli/api_client.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>

#include "async/keep_result.h"
#include "net/client.h"
#include "net/sse.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPiece = 256 * 1024;
/// The service sends something every ten seconds; a connection that is silent longer has lost its other end.
constexpr Duration kLongestSilence = std::chrono::seconds(45);

/// A source of bytes as a request body.
class SourceBody final : public net::BodyReader {
 public:
  SourceBody(codec::ByteSource& bytes, const std::function<void()>& on_progress)
      : bytes_(bytes), on_progress_(on_progress) {}

  Task<Result<std::optional<std::string>>> next(Deadline) override {
    std::string piece(kPiece, '\0');
    FW_CO_ASSIGN(const std::size_t count, bytes_.read(piece));
    if (count == 0) co_return std::optional<std::string>();
    piece.resize(count);
    on_progress_();
    co_return std::optional(std::move(piece));
  }

 private:
  codec::ByteSource& bytes_;
  const std::function<void()>& on_progress_;
};

/// The key of FLYWHEEL_KEY, which services that ask for one need.
void add_key(net::Headers& headers) {
  const char* key = std::getenv("FLYWHEEL_KEY");
  if (key != nullptr && *key != '\0') headers.set("Authorization", "Bearer " + std::string(key));
}

Result<Json> to_json(Result<net::Response> response, const std::string& url) {
  if (!response.ok()) return std::move(response).error();
  if (!response->is_success()) return net::status_error(url, *response);
  Json json = Json::parse(response->body, nullptr, false);
  if (json.is_discarded()) return data_loss(url + " answered something that is no JSON; is it a Flywheel service?");
  return json;
}

}  // namespace

struct ApiClient::Impl {
  explicit Impl(std::string url) : base_url(std::move(url)), client(io.get_executor()) {
    while (base_url.ends_with('/')) base_url.pop_back();
  }

  /// One task to its end on this client's event loop.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::exception_ptr failure;
    boost::asio::co_spawn(io, keep_result(std::move(task), result), [&](const std::exception_ptr& e) { failure = e; });
    io.restart();
    // The client's kept connections stay on the loop, so it is run until this task is done, not until it is empty.
    while (!result && !failure) io.run_one();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }

  [[nodiscard]] Error explain(Error error) const {
    if (error.code == ErrorCode::kUnavailable) {
      // The client's own guess would be a second question.
      error.message.resize(std::min(error.message.size(), error.message.find("; is the server running")));
      error.message += "; is the service running? Start it with: flywheel serve (or name another with --server URL)";
    }
    return error;
  }

  Result<net::Response> send(net::Request request) {
    add_key(request.headers);
    auto response = run(client.send(std::move(request), Deadline::after(std::chrono::minutes(10))));
    if (!response.ok()) return explain(std::move(response).error());
    return response;
  }

  /// What one connection to an event stream has come to.
  struct Reading {
    std::int64_t last_id = 0;
    bool has_ended = false;   ///< nothing will come of another connection
    bool has_events = false;  ///< this connection brought some
  };
  Task<Status> read_events(std::string url, Reading& reading,
                           const std::function<bool(std::string_view, std::string_view)>& on_event);
  Task<Result<net::Response>> send_file(std::string url, SourceBody& body);
  Task<Status> read_pieces(std::string url, const std::function<Status(std::string_view)>& on_piece, bool& has_begun);

  std::string base_url;
  boost::asio::io_context io;
  net::Client client;
};

ApiClient::ApiClient(std::string base_url) : impl_(std::make_unique<Impl>(std::move(base_url))) {}
ApiClient::~ApiClient() = default;

const std::string& ApiClient::base_url() const { return impl_->base_url; }

Result<Json> ApiClient::get(const std::string& path) {
  net::Request request;
  request.target = impl_->base_url + path;
  return to_json(impl_->send(request), request.target);
}

Result<std::string> ApiClient::get_text(const std::string& path) {
  net::Request request;
  request.target = impl_->base_url + path;
  FW_ASSIGN(net::Response response, impl_->send(request));
  if (!response.is_success()) return net::status_error(request.target, response);
  return std::move(response.body);
}

Result<Json> ApiClient::post(const std::string& path, const Json& body) {
  const std::string url = impl_->base_url + path;
  return to_json(impl_->send(net::json_request(net::Method::kPost, url, body.dump())), url);
}

Result<Json> ApiClient::remove(const std::string& path) {
  net::Request request;
  request.method = net::Method::kDelete;
  request.target = impl_->base_url + path;
  return to_json(impl_->send(request), request.target);
}

namespace {

Task<Status> read_whole(net::Response& response, net::ResponseStream& answer, Deadline deadline) {
  response.status = answer.head().status;
  FW_CO_ASSIGN(response.body, co_await net::read_all(answer, 16 << 20, deadline));
  co_return Status{};
}

}  // namespace

Task<Result<net::Response>> ApiClient::Impl::send_file(std::string url, SourceBody& body) {
  net::Request request;
  request.method = net::Method::kPost;
  request.target = std::move(url);
  request.headers.set("Content-Type", "application/x-ndjson");
  add_key(request.headers);
  net::Response response;
  const net::AnswerReader keep = [&response](net::ResponseStream& answer, Deadline deadline) {
    return read_whole(response, answer, deadline);
  };
  FW_CO_TRY(co_await client.exchange(std::move(request), body, keep, Deadline::never()));
  co_return response;
}

Result<Json> ApiClient::upload(const std::string& path, codec::ByteSource& bytes,
                               const std::function<void()>& on_progress) {
  SourceBody body(bytes, on_progress);
  const std::string url = impl_->base_url + path;
  auto response = impl_->run(impl_->send_file(url, body));
  if (!response.ok()) return impl_->explain(std::move(response).error());
  // Bytes that are damaged are refused with the report of what lay before the damage.
  if (Json report = Json::parse(response->body, nullptr, false); report.is_object() && report.contains("appended")) {
    return report;
  }
  return to_json(std::move(response), url);
}

Task<Status> ApiClient::Impl::read_pieces(std::string url, const std::function<Status(std::string_view)>& on_piece,
                                          bool& has_begun) {
  net::Request request;
  request.target = url;
  add_key(request.headers);
  FW_CO_ASSIGN(auto stream, co_await client.open(std::move(request), Deadline::never()));
  if (stream->head().status != 200) {
    net::Response response;
    FW_CO_TRY(co_await read_whole(response, *stream, Deadline::after(kLongestSilence)));
    co_return net::status_error(url, response);
  }
  has_begun = true;
  while (true) {
    const auto piece = co_await stream->next(Deadline::never());
    if (!piece.ok()) co_return data_loss("what came of " + url + " is not whole: " + piece.error().message);
    if (!*piece) co_return Status{};
    FW_CO_TRY(on_piece(**piece));
  }
}

Status ApiClient::download(const std::string& path, const std::function<Status(std::string_view)>& on_piece) {
  bool has_begun = false;
  auto status = impl_->run(impl_->read_pieces(impl_->base_url + path, on_piece, has_begun));
  return status.ok() || has_begun ? status : Status(impl_->explain(std::move(status).error()));
}

Task<Status> ApiClient::Impl::read_events(std::string url, Reading& reading,
                                          const std::function<bool(std::string_view, std::string_view)>& on_event) {
  net::Request request;
  request.target = url;
  request.headers.set("Accept", "text/event-stream");
  add_key(request.headers);
  if (reading.last_id > 0) request.headers.set("Last-Event-ID", std::to_string(reading.last_id));
  FW_CO_ASSIGN(auto stream, co_await client.open(std::move(request), Deadline::after(kLongestSilence)));
  if (stream->head().status != 200) {
    net::Response response;
    response.status = stream->head().status;
    FW_CO_ASSIGN(response.body, co_await net::read_all(*stream, 1 << 20, Deadline::after(kLongestSilence)));
    auto error = net::status_error(url, response);
    reading.has_ended = !is_retryable(error.code) && response.status < 500;
    co_return error;
  }
  net::SseReader reader;
  while (true) {
    FW_CO_ASSIGN(const auto piece, co_await stream->next(Deadline::after(kLongestSilence)));
    if (!piece) co_return unavailable(url + ": the stream ended before the job did");
    FW_CO_ASSIGN(const auto events, reader.push(*piece));
    for (const auto& event : events) {
      reading.has_events = true;
      if (!event.id.empty()) reading.last_id = std::atoll(event.id.c_str());
      reading.has_ended = event.event == "end" || !on_event(event.event, event.data);
      if (reading.has_ended) co_return Status{};
    }
  }
}

Status ApiClient::events(const std::string& path,
                         const std::function<bool(std::string_view, std::string_view)>& on_event,
                         const Patience& patience) {
  const SystemClock clock;
  Impl::Reading reading;
  bool is_known = patience.is_known;
  Duration pause = patience.first_pause;
  Instant heard = clock.instant();
  while (true) {
    reading.has_events = false;
    auto status = impl_->run(impl_->read_events(impl_->base_url + path, reading, on_event));
    if (status.ok() || reading.has_ended) return status;
    if (reading.has_events) {
      is_known = true;
      pause = patience.first_pause;
      heard = clock.instant();
    }
    const bool is_over = patience.give_up_after && clock.instant() - heard >= *patience.give_up_after;
    if (!is_known || is_over) return impl_->explain(std::move(status).error());
    if (patience.on_wait) patience.on_wait(status.error());
    (void)impl_->run(sleep_for(pause, Deadline::never()));
    pause = std::min(2 * pause, patience.longest_pause);
  }
}

}  // namespace fw::app
