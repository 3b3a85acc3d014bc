#include "app/cli/deliveries.h"

#include <nlohmann/json.hpp>

#include "codec/json_member.h"

namespace fw::app {
namespace {

using Json = nlohmann::ordered_json;

/// `delivered`, `failed`, or `pending` with what the last attempt said.
std::string last_words(const Json& delivery) {
  const Json attempts = delivery.value("attempts", Json::array());
  if (attempts.empty()) return "no attempt yet";
  const std::string error = codec::text_at(attempts.back(), "error");
  const std::size_t n = attempts.size();
  return (error.empty() ? std::string("the receiver took it") : printable(error)) + " (" + std::to_string(n) +
         (n == 1 ? " attempt)" : " attempts)");
}

std::string status_of(const Json& delivery, Terminal& out) {
  const std::string status = printable(codec::text_at(delivery, "status"));
  return out.styled(status == "delivered" ? Style::kGood : status == "failed" ? Style::kBad : Style::kBold, status);
}

}  // namespace

std::string shown_url(const std::string& url) {
  std::string out = url.substr(0, url.find_first_of("?#"));
  const auto scheme = out.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto at = out.substr(0, out.find('/', host)).rfind('@');
  if (at != std::string::npos && at >= host) out.erase(host, at + 1 - host);
  return printable(out);
}

void print_deliveries(const Json& answer, Terminal& out) {
  const Json deliveries = answer.value("deliveries", Json::array());
  if (deliveries.empty()) {
    out.line("no deliveries: the job has not ended, or its configuration has no webhooks");
    return;
  }
  for (const auto& delivery : deliveries) {
    out.line(shown_url(codec::text_at(delivery, "url")) + ": " + status_of(delivery, out));
    std::vector<std::vector<std::string>> rows;
    const Json attempts = delivery.value("attempts", Json::array());
    for (const auto& a : attempts) {
      const int status = a.value("status", 0);
      const std::string error = printable(codec::text_at(a, "error"));
      rows.push_back({"  " + std::to_string(rows.size() + 1), printable(codec::text_at(a, "at")).substr(0, 19),
                      status == 0 ? "no answer" : "HTTP " + std::to_string(status), error.empty() ? "taken" : error});
    }
    for (const auto& line : align(rows, {true, false, false, false})) out.line(line);
    if (attempts.empty()) out.line("  no attempt yet");
  }
}

void print_undelivered(const Json& answer, Terminal& out) {
  const Json deliveries = answer.value("deliveries", Json::array());
  for (const auto& delivery : deliveries) {
    if (codec::text_at(delivery, "status") == "delivered") continue;
    out.line("  webhook " + shown_url(codec::text_at(delivery, "url")) + ' ' + status_of(delivery, out) + ": " +
             last_words(delivery));
  }
}

}  // namespace fw::app
