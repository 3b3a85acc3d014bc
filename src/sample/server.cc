#include "sample/server.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/random.h"
#include "net/router.h"
#include "net/sse.h"
#include "sample/production_model.h"

namespace fw::sample {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxBody = std::size_t{16} << 20;
constexpr std::array<std::string_view, 4> kFailures{"cut", "stall", "error", "no-done"};

std::optional<int> number_of(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool is_true(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name] == true;
}

bool is_failure(std::string_view fail) {
  const auto status = number_of(fail);
  return status ? *status >= 400 && *status < 600 : std::ranges::find(kFailures, fail) != kFailures.end();
}

net::Response error_answer(int status, std::string_view message) {
  const char* type = status < 500 ? "invalid_request_error" : "server_error";
  auto out =
      net::json_response(status, Json{{"error", {{"message", message}, {"type", type}, {"code", nullptr}}}}.dump());
  if (status == 429) out.headers.set("Retry-After", "1");
  return out;
}

/// What a request is to meet: the server's settings, or its own headers.
struct Treatment {
  Duration first_byte{};
  Duration between_pieces{};
  std::string fail;  ///< empty: nothing
};

Duration header_ms(const net::Headers& headers, std::string_view name, Duration otherwise) {
  constexpr int kLongest = 600'000;
  const auto value = headers.find(name);
  const auto ms = value ? number_of(*value) : std::nullopt;
  return ms ? std::chrono::milliseconds(std::clamp(*ms, 0, kLongest)) : otherwise;
}

}  // namespace

class ModelServer::Impl {
 public:
  Impl(const EventLoops& loops, ServeSettings settings)
      : settings_(std::move(settings)), random_(settings_.seed), server_(loops, options(), handler()) {}

  Status start() {
    if (!is_failure(settings_.fail)) {
      return invalid_argument("\"" + settings_.fail +
                              "\" is no failure; a status from 400 to 599, cut, stall, error or no-done");
    }
    return server_.start();
  }
  [[nodiscard]] std::string url() const { return server_.url(); }
  void stop_blocking(Duration grace) { server_.stop_blocking(grace); }

 private:
  [[nodiscard]] net::ServerOptions options() const {
    net::ServerOptions out;
    out.name = "sample model";
    out.address = settings_.address;
    out.port = settings_.port;
    out.max_body_bytes = kMaxBody;
    return out;
  }

  net::Handler handler() {
    router_.on_stream(net::Method::kPost, "/v1/chat/completions",
                      [this](net::IncomingRequest& request, net::PathParams, net::ResponseWriter& out) {
                        return complete(request, out);
                      });
    router_.on(net::Method::kGet, "/v1/models", [this](net::Call) { return models(); });
    router_.on(net::Method::kGet, "/healthz", [](net::Call) { return health(); });
    return router_.handler();
  }

  static Task<Result<net::Response>> health() { co_return net::json_response(200, R"({"status":"ok"})"); }

  Task<Result<net::Response>> models() {
    const Json model{{"id", model_.name()}, {"object", "model"}, {"created", 0}, {"owned_by", "flywheel-sample"}};
    co_return net::json_response(200, Json{{"object", "list"}, {"data", Json::array({model})}}.dump());
  }

  Treatment treatment_of(const net::Headers& headers) {
    Treatment out;
    out.first_byte = header_ms(headers, "x-sample-latency-ms", settings_.first_byte);
    out.between_pieces = header_ms(headers, "x-sample-piece-ms", settings_.between_pieces);
    const auto asked = headers.find("x-sample-fail");
    if (asked && is_failure(*asked)) {
      out.fail = *asked;
    } else if (settings_.fail_rate > 0) {
      const std::lock_guard lock(mutex_);
      if (random_.uniform() < settings_.fail_rate) out.fail = settings_.fail;
    }
    return out;
  }

  [[nodiscard]] bool may(const net::Headers& headers) const {
    return settings_.api_key.empty() || headers.find("Authorization") == "Bearer " + settings_.api_key;
  }

  Task<void> complete(net::IncomingRequest& request, net::ResponseWriter& out) {
    const Treatment treatment = treatment_of(request.headers);
    const auto body = co_await net::read_all(*request.body, kMaxBody, request.deadline);
    if (!body.ok()) co_return;
    if (treatment.first_byte > Duration{} && !(co_await sleep_for(treatment.first_byte, request.deadline)).ok())
      co_return;
    if (!may(request.headers)) {
      (void)co_await out.send(error_answer(401, "the API key is missing or wrong"), request.deadline);
      co_return;
    }
    if (const auto status = number_of(treatment.fail)) {
      (void)co_await out.send(error_answer(*status, "the sample model fails as it was asked to"), request.deadline);
      co_return;
    }
    const auto response = model_.answer(*body, to_epoch_seconds(SystemClock{}.now()));
    if (!response.ok()) {
      (void)co_await out.send(error_answer(400, response.error().message), request.deadline);
      co_return;
    }
    const Json asked = Json::parse(*body);
    if (is_true(asked, "stream")) {
      const bool include_usage = asked.contains("stream_options") && is_true(asked["stream_options"], "include_usage");
      co_await stream(ProductionModel::stream_of(*response, include_usage), treatment, request.deadline, out);
    } else {
      co_await whole(*response, treatment, request.deadline, out);
    }
  }

  /// Half of the answer, and then nothing or the connection's end, where that was asked for.
  static Task<void> whole(std::string response, Treatment treatment, Deadline deadline, net::ResponseWriter& out) {
    if (treatment.fail != "cut" && treatment.fail != "stall") {
      (void)co_await out.send(net::json_response(200, std::move(response)), deadline);
      co_return;
    }
    net::ResponseHead head{.headers = {{"Content-Type", "application/json"}}};
    if (!(co_await out.start(std::move(head), deadline)).ok()) co_return;
    if (!(co_await out.write(response.substr(0, response.size() / 2), deadline)).ok()) co_return;
    if (treatment.fail == "stall") (void)co_await sleep_for(std::chrono::hours(1), deadline);
  }

  static Task<void> stream(std::vector<std::string> events, Treatment treatment, Deadline deadline,
                           net::ResponseWriter& out) {
    net::SseWriter writer(out);
    if (!(co_await writer.start(deadline)).ok()) co_return;
    if (treatment.fail == "no-done") events.pop_back();
    const bool breaks = treatment.fail == "cut" || treatment.fail == "stall" || treatment.fail == "error";
    if (breaks) events.resize(events.size() / 2);
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (i > 0 && treatment.between_pieces > Duration{} &&
          !(co_await sleep_for(treatment.between_pieces, deadline)).ok()) {
        co_return;
      }
      if (!(co_await writer.send({.event = "", .data = std::move(events[i]), .id = ""}, deadline)).ok()) co_return;
    }
    if (treatment.fail == "cut") co_return;
    if (treatment.fail == "stall") {
      (void)co_await sleep_for(std::chrono::hours(1), deadline);
      co_return;
    }
    if (treatment.fail == "error") {
      const auto error = error_answer(500, "the sample model fails as it was asked to").body;
      if (!(co_await writer.send({.event = "", .data = error, .id = ""}, deadline)).ok()) co_return;
    }
    (void)co_await writer.finish(deadline);
  }

  ServeSettings settings_;
  ProductionModel model_;
  std::mutex mutex_;
  Random random_;
  net::Router router_;
  net::Server server_;
};

ModelServer::ModelServer(const EventLoops& loops, ServeSettings settings)
    : impl_(std::make_unique<Impl>(loops, std::move(settings))) {}
ModelServer::~ModelServer() = default;

Status ModelServer::start() { return impl_->start(); }
std::string ModelServer::url() const { return impl_->url(); }
void ModelServer::stop_blocking(Duration grace) { impl_->stop_blocking(grace); }

}  // namespace fw::sample
