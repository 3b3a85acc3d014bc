#include "logstore/elasticsearch/impl/cluster.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "async/keep_result.h"
#include "async/run_blocking.h"
#include "codec/json_member.h"
#include "net/retry.h"
#include "net/url.h"

namespace fw::logstore {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostBytesOfAnswer = std::size_t{512} << 20;
constexpr Duration kFirstPause = milliseconds(100);
constexpr Duration kLongestPause = std::chrono::seconds(5);

net::ClientOptions client_options(const ElasticsearchOptions& options) {
  net::ClientOptions out;
  out.tls = options.tls;
  out.read_timeout = options.request_timeout;
  out.max_body_bytes = kMostBytesOfAnswer;
  return out;
}

bool may_pass(const Result<net::Response>& answer) {
  if (!answer.ok()) return is_retryable(answer.error().code) || answer.error().code == ErrorCode::kDataLoss;
  const int status = answer->status;
  return status == 429 || status == 502 || status == 503 || status == 504;
}

/// The reason of the first root cause that gives one, else the error's own, with its type before it; what else the body
/// is, its beginning. A node that starts answers with reasons that are null.
std::string reason_in(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const auto& error = codec::member_of(json, "error");
  if (error.is_string()) return error.get<std::string>();
  if (!error.is_object()) return body.substr(0, 200);
  const auto told = [](const nlohmann::json& by) {
    return codec::text_at(by, "type", "error") + ": " + codec::text_at(by, "reason", "no reason given");
  };
  for (const auto& cause : codec::list_at(error, "root_cause")) {
    if (codec::member_of(cause, "reason").is_string()) return told(cause);
  }
  return told(error);
}

}  // namespace

Cluster::Cluster(const ElasticsearchOptions& options)
    : urls_(options.urls),
      authorization_(options.authorization),
      request_timeout_(options.request_timeout),
      retry_for_(options.retry_for),
      client_(loops_.executor(0), client_options(options)) {}

Result<net::Response> Cluster::once(const net::Request& request, std::size_t node) {
  net::Request sent = request;
  sent.target = net::join_url(urls_[node], request.target);
  std::optional<Result<net::Response>> answer;
  auto done = boost::asio::co_spawn(
      loops_.executor(0),
      keep_result(client_.send(std::move(sent), Deadline::after(request_timeout_, stop_.get_token())), answer),
      boost::asio::use_future);
  done.get();
  return std::move(*answer);
}

bool Cluster::pause(Duration wait) {
  return run_blocking(sleep_for(wait, Deadline::when_stopped(stop_.get_token()))).ok();
}

Result<net::Response> Cluster::call(net::Method method, std::string_view path, std::string body,
                                    std::string_view content_type) {
  net::Request request{.method = method, .target = std::string(path), .headers = {}, .body = std::move(body)};
  if (!request.body.empty()) request.headers.set("Content-Type", std::string(content_type));
  request.headers.set("Accept", "application/json");
  if (!authorization_.empty()) request.headers.set("Authorization", authorization_);

  const Instant give_up = from_now(retry_for_);
  Duration wait = kFirstPause;
  for (std::size_t attempt = 1;; ++attempt) {
    const std::size_t node = node_ % urls_.size();
    auto answer = once(request, node);
    if (stop_.stop_requested()) return unavailable("the log store is being closed");
    if (!may_pass(answer)) return answer;
    node_ = node + 1;
    const bool all_asked = attempt % urls_.size() == 0;
    Duration next = all_asked ? wait : Duration{};
    if (answer.ok() && all_asked) {
      next = std::max(next, net::retry_after(answer->headers, SystemClock().now()).value_or(Duration{}));
    }
    const bool over = all_asked && from_now(next) >= give_up;
    if (over && answer.ok()) return error_of(*answer).within(urls_[node]);
    if (over) return answer.error().within("Elasticsearch does not answer");
    if (next > Duration{} && !pause(next)) return unavailable("the log store is being closed");
    if (all_asked) wait = std::min(wait * 2, kLongestPause);
  }
}

Result<nlohmann::json> Cluster::json(net::Method method, std::string_view path, std::string body) {
  FW_ASSIGN(const auto answer, call(method, path, std::move(body)));
  if (!answer.is_success()) return error_of(answer);
  auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (!json.is_object()) {
    return data_loss("Elasticsearch's answer to " + std::string(path) + " is no JSON object; is something else there?");
  }
  return json;
}

Error Cluster::error_of(const net::Response& response) {
  const std::string reason = reason_in(response.body);
  const std::string said = "Elasticsearch answered " + std::to_string(response.status) + ", " + reason;
  switch (response.status) {
    case 401:
    case 403:
      if (reason.find("cluster_block_exception") != std::string::npos) {
        return storage_full(said +
                            "; the cluster lets nobody write into this index, mostly because a disk is full: make "
                            "room, then set index.blocks.read_only_allow_delete to null");
      }
      return unauthorized(said +
                          "; check log_store.elasticsearch's credentials and that they may read, write and "
                          "create the index");
    case 404: return not_found(said);
    case 413: return too_large(said + "; raise http.max_content_length of the cluster");
    case 429:
      if (reason.find("cluster_block_exception") != std::string::npos) {
        return storage_full(said + "; the cluster's disks are full: make room on them");
      }
      return resource_exhausted(said);
    default: return response.status >= 500 ? unavailable(said) : invalid_argument(said);
  }
}

}  // namespace fw::logstore
