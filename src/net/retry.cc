#include "net/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "net/impl/message_writer.h"

namespace fw::net {
namespace {

bool may_pass(const RetryPolicy& policy, const Result<Response>& outcome) {
  if (!outcome.ok()) return is_retryable(outcome.error().code);
  const int status = outcome.value().status;
  if (status == 409) return policy.retry_conflict;
  return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

Duration backoff(const RetryPolicy& policy, int attempts_made, Random& random) {
  const double longest = to_seconds(policy.max_wait);
  const double full = std::min(longest, to_seconds(policy.first_wait) * std::pow(policy.factor, attempts_made - 1));
  const double wait = full * (1.0 - 0.5 * random.uniform());
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(wait));
}

}  // namespace

std::optional<Duration> retry_after(const Headers& headers, Timestamp now) {
  const auto text = headers.find("Retry-After");
  if (!text) return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error == std::errc{} && end == text->data() + text->size()) {
    if (!(seconds >= 0) || seconds > 1e6) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  const auto date = parse_http_date(*text);
  if (!date || *date > to_epoch_seconds(now) + 1'000'000) return std::nullopt;
  if (*date <= to_epoch_seconds(now)) return Duration::zero();  // maybe long before what a Timestamp holds
  return std::chrono::duration_cast<Duration>(from_epoch_seconds(*date) - now);
}

std::optional<Duration> next_wait(const RetryPolicy& policy, int attempts_made, const Result<Response>& outcome,
                                  Timestamp now, Random& random) {
  if (attempts_made >= policy.max_attempts || !may_pass(policy, outcome)) return std::nullopt;
  if (outcome.ok()) {
    if (const auto asked = retry_after(outcome.value().headers, now)) {
      if (*asked > policy.max_retry_after) return std::nullopt;
      return asked;
    }
  }
  return backoff(policy, attempts_made, random);
}

Task<Result<Response>> send_with_retry(Client& client, Request request, RetryPolicy policy, Random& random,
                                       const Clock& clock, Deadline deadline) {
  for (int attempt = 1;; ++attempt) {
    const Deadline limit = policy.attempt_timeout ? deadline.within(*policy.attempt_timeout) : deadline;
    auto outcome = co_await client.send(request, limit);
    const auto wait = next_wait(policy, attempt, outcome, clock.now(), random);
    if (!wait) co_return outcome;
    if (deadline.is_cancelled()) FW_CO_TRY(deadline.check("sending again"));
    // A wait that cannot end in time is not begun.
    if (deadline.when() != Instant::max() && from_now(*wait) >= deadline.when()) co_return outcome;
    if (const auto slept = co_await sleep_for(*wait, deadline); !slept.ok()) co_return slept.error();
  }
}

}  // namespace fw::net
