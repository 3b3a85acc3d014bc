#include "app/cli/local_run.h"

#include <pthread.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/job_json.h"
#include "api/traffic_choice.h"
#include "app/cli/command.h"
#include "app/cli/load_outcome.h"
#include "app/cli/report_page_file.h"
#include "app/cli/report_text.h"
#include "app/cli/run_view.h"
#include "app/cli/terminal.h"
#include "app/config/config.h"
#include "app/service.h"
#include "base/log.h"
#include "capture/files/loader.h"
#include "io/output_file.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr Duration kLook = std::chrono::seconds(2);  // whether the run can go on

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
Result<api::Traffic> choose_loaded(const capture::LoadReport& report, const LocalRunOptions& options) {
  if (report.workloads.empty()) return failed_precondition(options.file + " holds no records");
  std::vector<api::Traffic> traffic;
  for (const auto& w : report.workloads) traffic.push_back({*w.workload, *w.client});
  auto chosen = api::choose_traffic(traffic, options.workload, options.client);
  if (!chosen.ok()) return chosen.error().within(options.file);
  return chosen;
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

std::optional<std::string> first_error(const capture::LoadReport& report) {
  for (const auto& file : report.files)
    if (file.error) return file.error->message;
  return std::nullopt;
}

/// Says what became of the load; an error when a run on it would be a run on less than was given.
Status judge(const capture::LoadReport& report, const LocalRunOptions& options, Terminal& out) {
  print_outcome(options.file,
                {.lines = report.lines,
                 .appended = report.appended,
                 .duplicates = report.duplicates,
                 .elsewhere = report.elsewhere,
                 .bad = report.bad,
                 .reasons = report.reasons,
                 .skips = report.skips,
                 .repairs = report.repairs,
                 .error = first_error(report)},
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
  capture::Loader loader(service.log(), service.quarantine(), service.clock(), service.redactor());
  FW_ASSIGN(const auto settings, load_options(options));
  FW_ASSIGN(auto report, loader.load({options.file}, settings, Deadline::never(), [&](const capture::LoadProgress& p) {
    out.live("  loading " + printable(p.source) + ": " + std::to_string(p.lines) + " lines");
  }));
  print_documentation(report.documentation);
  FW_TRY(judge(report, options, out));
  return report;
}

/// Shows a job's events until it ends; fails when it cannot begin, for which nobody waits at a terminal.
Task<Status> follow(runs::RunService& runs, runs::Subscription subscription, RunView& view) {
  while (true) {
    const auto event = co_await subscription.next(Deadline::after(kLook));
    if (!event.ok() && event.error().code != ErrorCode::kDeadlineExceeded) co_return event.error();
    if (event.ok() && !*event) co_return Status{};
    if (event.ok()) {
      view.show((*event)->kind, (*event)->data);
    } else {
      FW_CO_TRY(runs.trouble());
    }
  }
}

int finish(Service& service, const runs::JobId& id, const LocalRunOptions& options, Terminal& out, Errors errors) {
  const auto job = service.runs().find(id);
  if (!job.ok()) return fail(job.error());
  const auto report = service.wait_for(service.runs().report(id));
  if (!report.ok()) return fail(report.error());
  const auto html = write_report_page(
      *report, options.html.empty() ? (service.data_folder() / "report.html").string() : options.html);
  if (!html.ok()) return fail(html.error());
  if (options.json) {
    std::cout << api::job_detail(*job).dump(2) << '\n';
  } else {
    print_report(Json::parse(*report), out, errors);
  }
  out.line(*html);
  return job->status == runs::JobStatus::kCompleted ? 0 : 1;
}

int load_and_run(Service& service, const LocalRunOptions& options, Interrupt& interrupt) {
  Terminal out(options.json ? 2 : 1);
  if (const auto status = service.start(); !status.ok()) return fail(status.error());
  const auto loaded = load(service, options, out);
  out.end_live();
  if (!loaded.ok()) return fail(loaded.error());
  const auto chosen = choose_loaded(*loaded, options);
  if (!chosen.ok()) return fail(chosen.error());
  const auto job = service.wait_for(
      service.runs().create({record::WorkloadId(chosen->workload), record::ClientId(chosen->client), std::nullopt}));
  if (!job.ok()) return fail(job.error());
  interrupt.watch([&service, id = job->id] { (void)service.wait_for(service.runs().cancel(id)); });
  auto subscription = service.runs().subscribe(job->id, 0);
  if (!subscription.ok()) return fail(subscription.error());
  RunView view(out, service.clock());
  const auto followed = service.wait_for(follow(service.runs(), std::move(*subscription), view));
  out.end_live();
  if (!followed.ok()) return fail(followed.error());
  return finish(service, job->id, options, out, view.has_told_errors() ? Errors::kToldAlready : Errors::kPrint);
}

}  // namespace

int run_local(const LocalRunOptions& options) {
  if (options.config.empty()) {
    return misuse(invalid_argument("a run with --from needs --config FILE, which names the candidates"));
  }
  if (!options.html.empty()) {
    if (const auto status = io::check_output_file(options.html); !status.ok()) return fail(status.error());
  }
  Interrupt interrupt;
  auto config = load_config(options.config, process_environment());
  if (!config.ok()) return fail(config.error());
  set_log_level(std::max(config->log_level, LogLevel::kWarning));
  for (const auto& warning : config->warnings) log_warning("config", warning);
  ServiceOptions service_options;
  service_options.data_folder = options.data.empty() ? new_run_folder() : fs::path(options.data);
  service_options.config = std::move(*config);
  service_options.config.log_store = {};  // a run over files keeps to itself
  auto service = Service::open(std::move(service_options));
  if (!service.ok()) return fail(service.error());
  const int code = load_and_run(**service, options, interrupt);
  (*service)->stop();
  return code;
}

}  // namespace fw::app
