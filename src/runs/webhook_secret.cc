#include "runs/webhook_secret.h"

namespace fw::runs {
namespace {

std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

}  // namespace

std::string missing_secret(const Webhook& webhook) {
  return "environment variable " + webhook.secret_env + " with the webhook's key is not set: nothing is sent to " +
         host_of(webhook.url) + "; set it where flywheel is started";
}

std::vector<std::string> missing_secrets(
    const std::vector<Webhook>& webhooks,
    const std::function<std::optional<std::string>(const std::string& name)>& environment) {
  std::vector<std::string> out;
  for (const auto& webhook : webhooks) {
    const auto secret = environment(webhook.secret_env);
    if (!secret || secret->empty()) out.push_back(missing_secret(webhook));
  }
  return out;
}

}  // namespace fw::runs
