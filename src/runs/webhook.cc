#include "runs/webhook.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/random.h"
#include "runs/impl/json_fields.h"
#include "runs/impl/webhook_body.h"

namespace fw::runs {

namespace {

using nlohmann::ordered_json;

ordered_json promising_models(const std::string& report) {
  auto models = ordered_json::array();
  const auto read = ordered_json::parse(report, nullptr, false);
  if (!read.is_object() || !read.contains("ranking")) return models;
  for (const auto& entry : read["ranking"]["entries"]) {
    if (!entry["promising"].get<bool>()) continue;
    models.push_back({{"model_name", entry["model_name"]},
                      {"eval_type", entry["eval_type"]},
                      {"variant", entry["variant"]},
                      {"score_name", "agreement"},
                      {"score", entry["score"]},
                      {"low", entry["low"]},
                      {"high", entry["high"]},
                      {"cost_per_1000", entry["cost_per_1000"]},
                      {"reason", entry["reason"]}});
  }
  return models;
}

ordered_json decision_of(const std::string& report) {
  const auto read = ordered_json::parse(report, nullptr, false);
  const ordered_json::json_pointer where("/summary/decision");
  return read.is_object() && read.contains(where) ? read.at(where) : ordered_json("not_decided");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sign_webhook(const std::string& secret, const std::string& delivery_id,
                                                              Timestamp now, const std::string& body) {
  const std::string timestamp = std::to_string(to_epoch_seconds(now));
  return {{"Content-Type", "application/json"},
          {"User-Agent", "flywheel"},
          {"X-Flywheel-Delivery", delivery_id},
          {"X-Flywheel-Timestamp", timestamp},
          {"X-Flywheel-Signature", "sha256=" + hmac_sha256_hex(secret, timestamp + "." + body)}};
}

std::vector<metastore::Delivery> make_deliveries(const Job& job, const RunConfig& config, const std::string& report,
                                                 const std::string& public_url) {
  const ordered_json body = {
      {"version", 1},
      {"event", "job.finished"},
      {"job_id", *job.id},
      {"workload_id", *job.workload},
      {"client_id", *job.client},
      {"status", to_string(job.status)},
      {"decision", decision_of(report)},
      {"finished_at", job.finished_at ? ordered_json(to_iso8601(*job.finished_at)) : ordered_json(nullptr)},
      {"error", job.error ? ordered_json(*job.error) : ordered_json(nullptr)},
      {"promising_models", promising_models(report)},
      {"report_url", public_url + "/api/jobs/" + *job.id + "/report"}};
  const std::string text = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  std::vector<metastore::Delivery> deliveries;
  for (const auto& webhook : config.webhooks) {
    deliveries.push_back({.id = random_hex(16),
                          .job_id = *job.id,
                          .url = webhook.url,
                          .secret_env = webhook.secret_env,
                          .body = text,
                          .max_attempts = webhook.max_attempts});
  }
  return deliveries;
}

}  // namespace fw::runs
