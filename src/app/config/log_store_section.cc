#include "app/config/endpoint_section.h"
#include "app/config/sections.h"
#include "codec/base64.h"
#include "modelops/openai/credentials.h"
#include "net/url.h"

namespace fw::app {
namespace {

/// The key in a variable; empty where it holds none, which is warned of.
std::string secret_of(YamlSection& section, const char* key, const std::string& variable,
                      const Environment& environment) {
  check_variable(section, key, variable, environment, "the cluster will refuse what is asked of it");
  const auto read = modelops::read_key(variable, environment);
  return read.ok() ? read->key : std::string();
}

/// What a password may hold is more than what a key may: blanks, for one.
std::string password_of(YamlSection& section, const std::string& variable, const Environment& environment) {
  if (!check_variable_name(section, "password_env", variable)) return {};
  std::string password = environment(variable);
  password.erase(password.find_last_not_of("\r\n") + 1);
  if (password.empty()) {
    section.warning("password_env", "the environment variable " + variable +
                                        " holds nothing; until then the cluster will refuse what is asked of it");
  }
  return password;
}

void read_credentials(YamlSection& section, logstore::ElasticsearchOptions& cluster, const Environment& environment) {
  std::string api_key_env;
  std::string username;
  std::string password_env;
  section.read("api_key_env", api_key_env);
  section.read("username", username);
  section.read("password_env", password_env);
  if (!api_key_env.empty() && !username.empty())
    section.error("username", "api_key_env is given too; keep one of them");
  if (username.empty() != password_env.empty()) {
    section.error(username.empty() ? "password_env" : "username", "username and password_env go together");
    return;
  }
  if (!api_key_env.empty()) {
    cluster.authorization = "ApiKey " + secret_of(section, "api_key_env", api_key_env, environment);
  } else if (!username.empty()) {
    const std::string password = password_of(section, password_env, environment);
    cluster.authorization = "Basic " + codec::base64_encode(username + ':' + password);
  }
}

void read_cluster(YamlSection& section, logstore::ElasticsearchOptions& cluster, const Environment& environment) {
  if (section.has("url")) cluster.urls.clear();
  section.read_list("url", cluster.urls);
  section.read("index", cluster.index);
  read_credentials(section, cluster, environment);
  std::string authorities;
  section.read("certificate_authorities", authorities);
  if (!authorities.empty()) cluster.tls.certificate_authorities = authorities;
  section.read("insecure_skip_verification", cluster.tls.insecure_skip_verification);
  if (cluster.urls.empty()) section.error("url", "is missing; name the cluster's URL, or a list of its nodes'");
  for (const std::string& url : cluster.urls) {
    if (const auto parsed = net::parse_url(url); !parsed.ok()) section.error("url", parsed.error().message);
  }
  if (cluster.index.empty() || cluster.index.find_first_of("/ \\\"<>|") != std::string::npos) {
    section.error("index", '"' + cluster.index + "\" is no name of an index");
  }
  section.finish();
}

constexpr std::uint64_t kLeastKeptBytes = 1 << 20;
constexpr double kMostDays = 36'500;

void read_days(YamlSection& section, const char* by_workload, std::map<std::string, double>& days) {
  auto own = section.section(by_workload);
  if (!own) return;
  for (const std::string& workload : own->keys()) own->read(workload.c_str(), days[workload], 0, kMostDays);
  own->finish();
}

/// Contents that may stay as long as their records, or longer, though their own days are given.
void check_content_days(YamlSection& section, const logstore::Retention& retention) {
  const auto warn = [&](const char* key, const std::string& of, double content_days, double days) {
    if (content_days <= 0 || days <= 0 || content_days < days) return;
    section.warning(key, "has no effect" + of + ": the records themselves are removed as early, or before");
  };
  warn("content_days", "", retention.content_days, retention.days);
  for (const auto& [workload, days] : retention.workload_content_days) {
    warn("workload_content_days", " for \"" + workload + '"', days,
         retention.days_of(record::WorkloadId::from_stored(workload)));
  }
}

void read_retention(YamlSection& section, logstore::Retention& retention) {
  section.read("days", retention.days, 0, kMostDays);
  read_days(section, "workloads", retention.workloads);
  section.read("content_days", retention.content_days, 0, kMostDays);
  read_days(section, "workload_content_days", retention.workload_content_days);
  check_content_days(section, retention);
  const auto read_bytes = [](YamlSection& from, const char* key, std::uint64_t& bytes) {
    from.read(key, bytes, 0, UINT64_MAX);
    if (bytes > 0 && bytes < kLeastKeptBytes) {
      from.error(key, "is less than 1 MiB; give bytes (20000000000), or 0 for no limit");
    }
  };
  read_bytes(section, "max_bytes", retention.max_bytes);
  if (auto own = section.section("workload_max_bytes")) {
    for (const std::string& workload : own->keys()) {
      read_bytes(*own, workload.c_str(), retention.workload_max_bytes[workload]);
    }
    own->finish();
  }
  for (const auto& [workload, days] : retention.workloads) {
    if (days > 0 || retention.workload_max_bytes.contains(workload) || retention.max_bytes == 0) continue;
    section.warning("workloads",
                    '"' + workload +
                        "\" is kept for ever, but max_bytes takes its oldest records all the same; to keep "
                        "them too, add workload_max_bytes: {" +
                        workload + ": 0}");
  }
  section.finish();
}

}  // namespace

void read_log_store(YamlSection& root, LogStoreSettings& settings, const Environment& environment) {
  // The blueprint's own variables; the file's keys win.
  std::string url = environment("ELASTICSEARCH_URL");
  if (!url.empty() && !net::parse_url(url).ok()) {
    root.warning("log_store", "the environment variable ELASTICSEARCH_URL holds no URL and has no effect");
    url.clear();
  }
  const std::string index = environment("ES_COLLECTION_NAME");
  logstore::ElasticsearchOptions cluster;
  if (!url.empty()) cluster.urls = {url};
  if (!index.empty()) cluster.index = index;

  auto section = root.section("log_store");
  if (!section) {
    if (url.empty()) return;
    root.warning("log_store",
                 "traffic lies in the Elasticsearch that the environment variable ELASTICSEARCH_URL names; unset it to "
                 "keep traffic on this machine");
    settings.elasticsearch = std::move(cluster);
    return;
  }
  constexpr std::uint64_t kLeast = 1 << 20;
  section->read("max_journal_bytes", settings.max_journal_bytes, kLeast, UINT64_MAX);
  if (auto retention = section->section("retention")) read_retention(*retention, settings.retention);
  if (auto own = section->section("elasticsearch")) {
    read_cluster(*own, cluster, environment);
    settings.elasticsearch = std::move(cluster);
  }
  section->finish();
}

}  // namespace fw::app
