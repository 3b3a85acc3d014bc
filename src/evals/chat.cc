#include "evals/chat.h"

#include <utility>

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
  FW_ASSIGN(auto connection, modelops::ChatEndpoint::make(endpoint, client, clock));
  return std::unique_ptr<Chat>(new Chat(std::move(connection), policy, clock, std::move(random)));
}

Chat::Chat(std::unique_ptr<modelops::ChatEndpoint> endpoint, net::RetryPolicy policy, const Clock& clock, Random random)
    : endpoint_(std::move(endpoint)), policy_(policy), clock_(clock), random_(std::move(random)) {}

Task<modelops::ChatExchange> Chat::attempt(std::string body, Deadline deadline) {
  auto exchange = co_await endpoint_->send(std::move(body), policy_.attempt_timeout, deadline);
  if (exchange.outcome.ok()) co_return exchange;
  const Error& error = exchange.outcome.error();
  if (error.code == ErrorCode::kDeadlineExceeded && policy_.attempt_timeout && !deadline.is_over()) {
    exchange.outcome = deadline_exceeded("request timed out after " + seconds_text(*policy_.attempt_timeout) + " s");
  } else if (error.code == ErrorCode::kDataLoss) {
    exchange.outcome = unavailable(error.message);
  }
  co_return exchange;
}

Task<ChatReply> Chat::ask(std::string body, Deadline deadline) {
  ChatReply reply;
  while (true) {
    const auto exchange = co_await attempt(body, deadline);
    const auto& outcome = exchange.outcome;
    ++reply.attempts;
    if (outcome.ok() && outcome->is_success()) {
      reply.latency_seconds = exchange.latency_seconds;
      reply.answer = parse_answer(outcome->body);
      if (!reply.answer.ok()) reply.answer = endpoint_->without_keys(reply.answer.error());
      co_return reply;
    }
    const bool has_timed_out = !outcome.ok() && outcome.error().code == ErrorCode::kDeadlineExceeded;
    reply.latency_seconds = has_timed_out ? exchange.latency_seconds : 0;
    reply.answer = outcome.ok() ? endpoint_->error_of(*outcome) : endpoint_->without_keys(outcome.error());
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
