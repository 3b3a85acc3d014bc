#include "app/cli/local_run.h"

#include <pthread.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/job_json.h"
#include "app/cli/command.h"
#include "app/cli/load_outcome.h"
#include "app/cli/report_text.h"
#include "app/cli/run_view.h"
#include "app/cli/terminal.h"
#include "app/config/config.h"
#include "app/service.h"
#include "base/log.h"
#include "capture/files/loader.h"
#include "io/file.h"
#include "pages/report_page.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Ends a run when the user does: waits for SIGINT or SIGTERM in a thread of its own and calls `on_signal` once.
class Interrupt {
 public:
  Interrupt() {
    sigemptyset(&signals_);
    for (const int s : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&signals_, s);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  ~Interrupt() {
    if (!thread_.joinable()) return;
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void watch(std::function<void()> on_signal) {
    thread_ = std::thread([this, call = std::move(on_signal)] {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (signal != SIGUSR2) call();
    });
  }

 private:
  sigset_t signals_{};
  std::thread thread_;
};

fs::path new_run_folder() {
  std::string stamp = to_iso8601(SystemClock{}.now()).substr(0, 19);
  std::erase(stamp, ':');
  std::erase(stamp, '-');
  return fs::current_path() / ("flywheel-run-" + stamp);
}

/// The one workload of the load that fits what was asked for.
Result<capture::LoadedWorkload> choose(const capture::LoadReport& report, const LocalRunOptions& options) {
  std::vector<capture::LoadedWorkload> fitting;
  std::string names;
  for (const auto& w : report.workloads) {
    names += (names.empty() ? "" : ", ") + *w.workload + " (" + *w.client + ')';
    const bool fits = (options.workload.empty() || *w.workload == options.workload) &&
                      (options.client.empty() || *w.client == options.client);
    if (fits) fitting.push_back(w);
  }
  if (fitting.size() == 1) return fitting.front();
  if (report.workloads.empty()) return failed_precondition(options.file + " holds no records");
  if (fitting.empty()) return not_found(options.file + " has no such workload; it has: " + names);
  return invalid_argument(options.file + " has several workloads: " + names +
                          "; choose with --workload-id and --client");
}

/// Chat rows and exports carry no ids of their own.
Result<capture::LoadOptions> load_options(const LocalRunOptions& options) {
  auto workload = record::WorkloadId::parse(options.workload.empty() ? "workload" : options.workload);
  if (!workload.ok()) return workload.error().within("--workload-id");
  auto client = record::ClientId::parse(options.client.empty() ? "local" : options.client);
  if (!client.ok()) return client.error().within("--client-id");
  return capture::LoadOptions{.default_workload = std::move(workload).value(),
                              .default_client = std::move(client).value()};
}

/// Says what became of the load; an error when a run on it would be a run on less than was given.
Status judge(const capture::LoadReport& report, const LocalRunOptions& options, Terminal& out) {
  print_outcome(options.file,
                {.lines = report.lines,
                 .appended = report.appended,
                 .duplicates = report.duplicates,
                 .bad = report.bad,
                 .reasons = report.reasons,
                 .error = {}},
                out);
  for (const auto& file : report.files) {
    if (!file.error) continue;
    const bool can_go_on = report.appended + report.duplicates > 0;
    if (!options.partial || !can_go_on) {
      return Error{file.error->code,
                   file.error->message + (can_go_on ? "; run on what could be read with --partial" : "")};
    }
    out.line(out.styled(Style::kBad, "  " + file.error->message));
  }
  return {};
}

Result<capture::LoadReport> load(Service& service, const LocalRunOptions& options, Terminal& out) {
  capture::Loader loader(service.log(), service.quarantine(), service.clock());
  FW_ASSIGN(const auto settings, load_options(options));
  FW_ASSIGN(auto report, loader.load({options.file}, settings, Deadline::never(), [&](const capture::LoadProgress& p) {
    out.live("  loading " + printable(p.source) + ": " + std::to_string(p.lines) + " lines");
  }));
  FW_TRY(judge(report, options, out));
  return report;
}

/// Shows a job's events until it ends.
Task<Status> follow(runs::Subscription subscription, RunView& view) {
  while (true) {
    FW_CO_ASSIGN(const auto event, co_await subscription.next(Deadline::never()));
    if (!event) co_return Status{};
    view.show(event->kind, event->data);
  }
}

Status write_html(const std::string& report, const fs::path& path) {
  return io::write_file_atomically(path, pages::report_page(report));
}

int finish(Service& service, const runs::JobId& id, const LocalRunOptions& options, Terminal& out) {
  const auto job = service.runs().find(id);
  if (!job.ok()) return fail(job.error());
  const auto report = service.wait_for(service.runs().report(id));
  if (!report.ok()) return fail(report.error());
  const fs::path html = options.html.empty() ? service.data_folder() / "report.html" : fs::absolute(options.html);
  if (const auto status = write_html(*report, html); !status.ok()) return fail(status.error());
  if (options.json) {
    std::cout << api::job_detail(*job).dump(2) << '\n';
  } else {
    print_report(Json::parse(*report), out);
  }
  out.line(html.string());
  return job->status == runs::JobStatus::kCompleted ? 0 : 1;
}

int load_and_run(Service& service, const LocalRunOptions& options, Interrupt& interrupt) {
  Terminal out(options.json ? 2 : 1);
  if (const auto status = service.start(); !status.ok()) return fail(status.error());
  const auto loaded = load(service, options, out);
  out.end_live();
  if (!loaded.ok()) return fail(loaded.error());
  const auto chosen = choose(*loaded, options);
  if (!chosen.ok()) return fail(chosen.error());
  const auto job = service.wait_for(service.runs().create({chosen->workload, chosen->client, std::nullopt}));
  if (!job.ok()) return fail(job.error());
  interrupt.watch([&service, id = job->id] { (void)service.wait_for(service.runs().cancel(id)); });
  auto subscription = service.runs().subscribe(job->id, 0);
  if (!subscription.ok()) return fail(subscription.error());
  RunView view(out, service.clock());
  const auto followed = service.wait_for(follow(std::move(*subscription), view));
  out.end_live();
  if (!followed.ok()) return fail(followed.error());
  return finish(service, job->id, options, out);
}

}  // namespace

int run_local(const LocalRunOptions& options) {
  if (options.config.empty()) {
    std::cerr << "flywheel: a run with --from needs --config FILE, which names the candidates\n";
    return 2;
  }
  Interrupt interrupt;
  auto config = load_config(options.config, process_environment());
  if (!config.ok()) return fail(config.error());
  set_log_level(std::max(config->log_level, LogLevel::kWarning));
  for (const auto& warning : config->warnings) log_warning("config", warning);
  ServiceOptions service_options;
  service_options.data_folder = options.data.empty() ? new_run_folder() : fs::path(options.data);
  service_options.config = std::move(*config);
  auto service = Service::open(std::move(service_options));
  if (!service.ok()) return fail(service.error());
  const int code = load_and_run(**service, options, interrupt);
  (*service)->stop();
  return code;
}

}  // namespace fw::app
