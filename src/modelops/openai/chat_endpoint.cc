#include "modelops/openai/chat_endpoint.h"

#include <utility>

#include "modelops/openai/endpoint_url.h"
#include "modelops/openai/impl/answer_body.h"
#include "modelops/openai/impl/endpoint_error.h"
#include "modelops/openai/impl/refusal.h"
#include "modelops/openai/impl/request_form.h"
#include "modelops/openai/impl/tool_names.h"
#include "modelops/openai/redaction.h"

namespace fw::modelops {
namespace {

constexpr std::size_t kMostChanges = 10;
constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20;

}  // namespace

struct ChatEndpoint::Impl {
  Impl(Endpoint e, Credentials c, std::vector<std::string> u, net::Client& cl, const Clock& ck)
      : endpoint(std::move(e)),
        credentials(std::move(c)),
        urls(std::move(u)),
        client(cl),
        clock(ck),
        form(endpoint.overrides) {}

  /// One request, its answer in plain form.
  Task<ChatExchange> post(std::string url, std::string body, Deadline deadline) {
    net::Request request{.method = net::Method::kPost, .target = std::move(url), .headers = headers()};
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    const Instant begin = clock.instant();
    ChatExchange exchange;
    exchange.outcome = co_await client.send(std::move(request), std::move(deadline));
    exchange.latency_seconds = to_seconds(clock.instant() - begin);
    if (!exchange.outcome.ok()) co_return exchange;
    auto plain = plain_answer(std::move(exchange.outcome).value(), kMostAnswerBytes);
    if (!plain.ok()) {
      exchange.outcome = plain.error();
      co_return exchange;
    }
    unasked_stream = unasked_stream || (plain->was_event_stream && !asks_for_stream());
    exchange.outcome = std::move(plain->response);
    co_return exchange;
  }

  [[nodiscard]] net::Headers headers() const {
    net::Headers out = credentials.headers;
    for (const auto& [name, value] : {std::pair{"Accept", "application/json"}, {"Accept-Encoding", "identity"}})
      if (!out.contains(name)) out.set(name, value);
    return out;
  }

  [[nodiscard]] bool asks_for_stream() const {
    for (const auto& [name, value] : endpoint.overrides.set)
      if (name == "stream" && value == "true") return true;
    for (const auto& change : form.learnt())
      if (change.parameter == "stream") return true;
    return false;
  }

  Endpoint endpoint;
  Credentials credentials;
  std::vector<std::string> urls;
  net::Client& client;
  const Clock& clock;
  RequestForm form;
  std::size_t at = 0;     ///< of urls: where it is
  bool is_found = false;  ///< `at` answered
  bool unasked_stream = false;
  bool wants_plain_names = false;  ///< refused the names of a request's tools, and took them changed
};

ChatEndpoint::ChatEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChatEndpoint::~ChatEndpoint() = default;

Result<std::unique_ptr<ChatEndpoint>> ChatEndpoint::make(Endpoint endpoint, net::Client& client, const Clock& clock,
                                                         const Variables& variables) {
  FW_ASSIGN(auto credentials, credentials_of(endpoint, variables));
  FW_ASSIGN(auto urls, chat_urls(endpoint.url, credentials.query));
  return std::unique_ptr<ChatEndpoint>(new ChatEndpoint(
      std::make_unique<Impl>(std::move(endpoint), std::move(credentials), std::move(urls), client, clock)));
}

Task<ChatExchange> ChatEndpoint::send(std::string body, std::optional<Duration> patience, Deadline deadline) {
  std::vector<RequestChange> tentative;
  std::optional<ChatExchange> first;  // from where it was looked for first, when that was not it
  std::size_t at = impl_->at;
  std::optional<PlainNames> plain = impl_->wants_plain_names ? with_plain_names(body) : std::nullopt;
  while (true) {
    SentParameters sent;
    std::string formed = impl_->form.apply(plain ? plain->body : body, tentative, sent);
    auto exchange =
        co_await impl_->post(impl_->urls[at], std::move(formed), patience ? deadline.within(*patience) : deadline);
    if (!exchange.outcome.ok()) co_return exchange;
    const net::Response& answer = *exchange.outcome;
    if (is_elsewhere(answer) && !impl_->is_found) {
      if (!first) first = exchange;
      if (++at < impl_->urls.size()) continue;
      co_return *first;
    }
    if (!plain && refuses_tool_names(answer)) {
      plain = with_plain_names(body);
      if (plain) continue;
    }
    if (tentative.size() < kMostChanges) {
      auto change = change_for(answer, sent);
      if (change && impl_->form.may_try(*change, tentative, sent)) {
        tentative.push_back(std::move(*change));
        continue;
      }
    }
    if (!answer.is_success() || is_elsewhere(answer) || error_in(answer)) co_return exchange;
    if (!impl_->is_found) impl_->at = at;
    impl_->is_found = true;
    impl_->form.accept(tentative, sent);
    if (plain) {
      impl_->wants_plain_names = true;
      exchange.outcome->body = with_original_names(answer.body, plain->originals);
    }
    co_return exchange;
  }
}

Error ChatEndpoint::error_of(const net::Response& response) const {
  std::vector<std::string> tried;
  if (is_elsewhere(response) && !impl_->is_found)
    for (std::size_t i = 1; i < impl_->urls.size(); ++i) tried.push_back(modelops::shown_url(impl_->urls[i]));
  return answer_error(response, impl_->endpoint, shown_url(), tried, impl_->credentials.secrets);
}

Error ChatEndpoint::without_keys(Error error) const {
  error.message = redact_keys(error.message, impl_->credentials.secrets);
  return error;
}

std::string ChatEndpoint::shown_url() const { return modelops::shown_url(impl_->urls[impl_->at]); }

net::Request ChatEndpoint::models_request() const {
  return {.target = models_url(impl_->urls[impl_->at]), .headers = impl_->headers(), .body = {}};
}

std::vector<std::string> ChatEndpoint::notes() const {
  const std::string subject = "the endpoint of \"" + impl_->endpoint.model + "\" ";
  std::vector<std::string> out = impl_->credentials.notes;
  for (const auto& change : impl_->form.learnt()) out.push_back(subject + sentence_of(change));
  if (impl_->wants_plain_names)
    out.push_back(subject +
                  "refuses tool names with other characters than letters, digits, _ and -, or longer than 64; "
                  "they were sent under names that it takes and put back in its answers");
  if (impl_->unasked_stream && !impl_->asks_for_stream())
    out.push_back(subject + "answers as an event stream though none was asked for; the answers were put together");
  return out;
}

}  // namespace fw::modelops
