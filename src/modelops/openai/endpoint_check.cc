#include "modelops/openai/endpoint_check.h"

#include <nlohmann/json.hpp>

#include "modelops/openai/chat_endpoint.h"
#include "modelops/openai/error_text.h"
#include "net/retry.h"

namespace fw::modelops {
namespace {

constexpr auto kPatience = std::chrono::seconds(15);
/// A model that must first be loaded, or that thinks.
constexpr auto kChatPatience = std::chrono::seconds(120);

/// Room for a model that thinks before it answers: some count that as part of the answer and fail on less.
std::string small_question(const std::string& model) {
  return nlohmann::ordered_json{{"model", model},
                                {"messages", {{{"role", "user"}, {"content", "Answer with the word ready."}}}},
                                {"temperature", 0},
                                {"max_tokens", 64}}
      .dump();
}

bool lists_models(const net::Response& response) {
  if (!response.is_success()) return false;
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  return body.is_array() || (body.is_object() && !body.contains("error"));
}

bool is_completion(const net::Response& response) {
  if (!response.is_success()) return false;
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  return body.is_object() && body.contains("choices") && body["choices"].is_array() && !body["choices"].empty();
}

/// A server that is busy or still loads its model is asked again a few times.
Task<ChatExchange> ask(ChatEndpoint& chat, std::string body, const Clock& clock, Deadline deadline) {
  const net::RetryPolicy policy{.first_wait = std::chrono::seconds(1), .max_retry_after = std::chrono::seconds(30)};
  Random random(0);
  for (int tries = 1;; ++tries) {
    auto exchange = co_await chat.send(body, kChatPatience, deadline);
    const int status = exchange.outcome.ok() ? exchange.outcome->status : 0;
    if (status != 429 && status != 503) co_return exchange;
    const auto wait = net::next_wait(policy, tries, exchange.outcome, clock.now(), random);
    if (!wait) co_return exchange;
    if (auto slept = co_await sleep_for(*wait, deadline); !slept.ok()) co_return exchange;
  }
}

Error no_completion(const ChatEndpoint& chat, const net::Response& response) {
  if (!response.is_success() || response.body.find_first_not_of(" \t\r\n<") == std::string::npos ||
      !nlohmann::json::accept(response.body))
    return chat.error_of(response);
  const std::string said = error_text(response.body);
  return chat.without_keys(unavailable(chat.shown_url() + " answers, but not with a chat completion: " +
                                       (said.empty() ? response.body.substr(0, 200) : said)));
}

}  // namespace

Task<Result<EndpointAnswer>> check_endpoint(net::Client& client, Endpoint endpoint, EndpointQuestion question,
                                            Deadline deadline, Variables variables) {
  const SystemClock clock;
  const std::string model = endpoint.model;
  FW_CO_ASSIGN(const auto chat, ChatEndpoint::make(std::move(endpoint), client, clock, variables));
  if (question == EndpointQuestion::kAsNeeded) {
    auto request = chat->models_request();
    auto listed = co_await client.send(std::move(request), deadline.within(kPatience));
    if (!listed.ok() && listed.error().code != ErrorCode::kDeadlineExceeded)
      co_return chat->without_keys(listed.error());
    FW_CO_TRY(deadline.check("check of " + chat->shown_url()));
    if (listed.ok() && lists_models(*listed))
      co_return EndpointAnswer{"listed its models", chat->shown_url(), chat->notes()};
  }
  const auto exchange = co_await ask(*chat, small_question(model), clock, deadline);
  if (!exchange.outcome.ok()) co_return chat->without_keys(exchange.outcome.error());
  if (!is_completion(*exchange.outcome)) co_return no_completion(*chat, *exchange.outcome);
  co_return EndpointAnswer{"answered a small question", chat->shown_url(), chat->notes()};
}

}  // namespace fw::modelops
