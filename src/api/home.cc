#include "api/home.h"

#include <string>

namespace fw::api {
namespace {

constexpr std::size_t kLatest = 20;

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flywheel</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere }
code { font-family: ui-monospace, monospace }
</style></head><body>
<h1>Flywheel</h1>
<p>This service turns the logged traffic of an LLM application into smaller models that do the same work, and proves
it.</p>
<ul>
<li><a href="/openapi.json">/openapi.json</a>: the API</li>
<li><a href="/api/workloads">/api/workloads</a>: the traffic that is there</li>
<li><a href="/api/jobs">/api/jobs</a>: all jobs</li>
<li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
<li><a href="/readyz">/readyz</a>: whether runs can be done</li>
</ul>
<h2>Latest jobs</h2>
)";

constexpr std::string_view kNoJobs = R"(<p>None yet. Load traffic and start one:</p>
<pre><code>flywheel load traffic.jsonl
flywheel workloads
flywheel run WORKLOAD --client-id CLIENT --watch</code></pre>
)";

/// Text of others as text in HTML.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string row_of(const runs::Job& job) {
  const std::string path = "/api/jobs/" + *job.id;
  return "<tr><td>" + to_iso8601(job.created_at).substr(0, 16) + "</td><td>" + escaped(*job.workload) + "</td><td>" +
         escaped(*job.client) + "</td><td>" + std::string(runs::to_string(job.status)) + "</td><td><a href=\"" + path +
         "/report.html\">report</a></td><td><a href=\"" + path + "\"><code>" + *job.id + "</code></a></td></tr>\n";
}

std::string table_of(const runs::JobPage& page) {
  if (page.jobs.empty()) return std::string(kNoJobs);
  std::string out =
      "<table><tr><th>created</th><th>workload</th><th>client</th><th>status</th><th></th><th>job</th></tr>\n";
  for (const auto& job : page.jobs) out += row_of(job);
  return out + "</table>\n" + (page.next ? "<p>Older ones are in <a href=\"/api/jobs\">/api/jobs</a>.</p>\n" : "");
}

}  // namespace

void HomeResource::add_to(net::Router& router) {
  router.on(net::Method::kGet, "/", [this](net::Call call) { return page(std::move(call)); });
}

Task<Result<net::Response>> HomeResource::page(net::Call) {
  net::Response response;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body = std::string(kHead) + table_of(runs_.list(kLatest, std::nullopt)) + "</body></html>\n";
  co_return response;
}

}  // namespace fw::api
