#include "evals/chat.h"

#include <cstdlib>
#include <utility>

#include "net/url.h"

namespace fw::evals {
namespace {

std::string seconds_text(Duration wait) {
  const double seconds = to_seconds(wait);
  std::string text = std::to_string(seconds);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

Result<std::unique_ptr<Chat>> Chat::make(const modelops::Endpoint& endpoint, net::Client& client,
                                         net::RetryPolicy policy, const Clock& clock, Random random) {
  std::string url = net::join_url(endpoint.url, "/chat/completions");
  if (auto parsed = net::parse_url(url); !parsed) return parsed.error();
  net::Headers headers{{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!endpoint.api_key_env.empty()) {
    const char* key = std::getenv(endpoint.api_key_env.c_str());
    if (!key || !*key)
      return failed_precondition("environment variable " + endpoint.api_key_env + " (api_key_env of " + endpoint.url +
                                 ") is not set; set it where the service is started");
    headers.set("Authorization", "Bearer " + std::string(key));
  }
  return std::unique_ptr<Chat>(new Chat(std::move(url), std::move(headers), client, policy, clock, std::move(random)));
}

Chat::Chat(std::string url, net::Headers headers, net::Client& client, net::RetryPolicy policy, const Clock& clock,
           Random random)
    : url_(std::move(url)),
      headers_(std::move(headers)),
      client_(client),
      policy_(policy),
      clock_(clock),
      random_(std::move(random)) {}

Task<Result<net::Response>> Chat::attempt(std::string body, Deadline deadline) {
  const Deadline limit = policy_.attempt_timeout ? deadline.within(*policy_.attempt_timeout) : deadline;
  net::Request request{.method = net::Method::kPost, .target = url_, .headers = headers_, .body = std::move(body)};
  auto outcome = co_await client_.send(std::move(request), limit);
  if (outcome.ok()) co_return outcome;
  if (outcome.error().code == ErrorCode::kDeadlineExceeded && policy_.attempt_timeout && !deadline.is_over())
    co_return deadline_exceeded("request timed out after " + seconds_text(*policy_.attempt_timeout) + " s");
  if (outcome.error().code == ErrorCode::kDataLoss) co_return unavailable(outcome.error().message);
  co_return outcome;
}

Task<ChatReply> Chat::ask(std::string body, Deadline deadline) {
  ChatReply reply;
  while (true) {
    const Instant begin = clock_.instant();
    auto outcome = co_await attempt(body, deadline);
    ++reply.attempts;
    if (outcome.ok() && outcome->is_success()) {
      reply.latency_seconds = to_seconds(clock_.instant() - begin);
      reply.answer = parse_answer(outcome->body);
      co_return reply;
    }
    reply.answer = outcome.ok() ? net::status_error(url_, *outcome) : outcome.error();
    if (deadline.is_over()) co_return reply;
    const auto wait = net::next_wait(policy_, reply.attempts, outcome, clock_.now(), random_);
    if (!wait) {
      reply.is_endpoint_down = is_retryable(reply.answer.error().code);
      co_return reply;
    }
    if (auto slept = co_await sleep_for(*wait, deadline); !slept.ok()) co_return reply;
  }
}

}  // namespace fw::evals
