#include "modelops/local/impl/served_engine.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.h"

namespace fw::modelops {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(50);
// Who waits for a crash wants to know at once; a restart takes its time.
constexpr auto kFirstLook = std::chrono::milliseconds(1);
constexpr auto kPollPatience = std::chrono::seconds(5);
// llama-server waits for requests that it works on; nobody wants their answers any more.
constexpr auto kStopGrace = std::chrono::milliseconds(1'000);
// Between our finding a free port and the engine's taking it somebody else may have been faster.
constexpr int kPortAttempts = 3;
constexpr auto kSharePatience = std::chrono::seconds(60);
constexpr const char* kSharedState = "beginning.bin";

std::string origin_of(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

}  // namespace

ServedEngine::ServedEngine(EngineSetup setup, int restarts, std::shared_ptr<EngineLog> log,
                           const LocalSettings& settings, io::ProcessLauncher& launcher, net::Client& client)
    : program_(settings.programs.llama_server),
      setup_(std::move(setup)),
      ready_timeout_(settings.ready_timeout),
      restarts_(restarts),
      log_(std::move(log)),
      redact_(settings.redact),
      launcher_(launcher),
      client_(client) {}

Endpoint ServedEngine::endpoint() const {
  Endpoint endpoint{.url = origin_of(port_) + "/v1", .model = setup_.alias, .api_key_env = {}};
  // One less than it has room for: where the engine may split a text it refuses one that fills its slot.
  if (!setup_.pooling.empty()) endpoint.input_tokens = setup_.slot_context - 1;
  if (!setup_.api_key.empty()) endpoint.headers = {{"Authorization", "Bearer " + setup_.api_key}};
  return endpoint;
}

Task<Status> ServedEngine::start(Deadline deadline) {
  Status status;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    FW_CO_ASSIGN(const auto port, free_loopback_port());
    status = co_await start_on(port, deadline);
    if (status.ok()) port_ = port;
    if (status.ok() || !is_port_taken_) break;
  }
  co_return status;
}

Task<Status> ServedEngine::start_on(std::uint16_t port, Deadline deadline) {
  is_port_taken_ = false;
  FW_CO_ASSIGN(std::shared_ptr<io::Process> process, launcher_.start({.program = program_,
                                                                      .arguments = engine_arguments(setup_, port),
                                                                      .environment = engine_environment(setup_),
                                                                      .kept_lines = EngineLog::kMostLines,
                                                                      .niceness = setup_.niceness}));
  follow(process);
  auto status = co_await wait_ready(*process, port, deadline.within(ready_timeout_));
  if (status.ok()) {
    set_process(std::move(process));
    co_return status;
  }
  const auto ended = co_await process->terminate(kStopGrace);
  finish_log();
  if (!ended.ok()) co_return ended.error();
  co_return status;
}

Task<Status> ServedEngine::wait_ready(io::Process& process, std::uint16_t port, Deadline deadline) {
  while (true) {
    if (const auto ended = process.exit_status()) {
      const auto seen = co_await process.wait(Deadline::after(kStopGrace));  // its last words are complete then
      is_port_taken_ = io::describe_end({}, *ended, process.last_lines()).find("bind") != std::string::npos;
      co_return unavailable(io::describe_end("llama-server", *ended, last_words(process)));
    }
    if (co_await answers(port, deadline)) co_return Status{};
    if (deadline.is_cancelled()) co_return cancelled("starting llama-server: cancelled");
    if (deadline.is_over()) {
      const auto words = last_words(process);
      co_return deadline_exceeded("llama-server did not answer within " +
                                  std::to_string(static_cast<int>(to_seconds(ready_timeout_))) + " s" +
                                  (words.empty() ? std::string() : "; its last words: " + words.back()));
    }
    const auto ignored = co_await sleep_for(kPollInterval, deadline);
  }
}

/// Asked by alias: while our engine still loads, or could not bind its port, another server's answer must not count.
Task<bool> ServedEngine::answers(std::uint16_t port, Deadline deadline) {
  const std::string origin = origin_of(port);
  const auto health = co_await client_.send({.target = origin + "/health"}, deadline.within(kPollPatience));
  if (!health.ok() || health->status != 200) co_return false;
  const auto models = co_await client_.send(keyed({.target = origin + "/v1/models"}), deadline.within(kPollPatience));
  if (!models.ok() || models->status != 200) co_return false;
  const auto json = nlohmann::json::parse(models->body, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_array()) co_return false;
  for (const auto& model : json["data"]) {
    if (model.is_object() && model.value("id", nlohmann::json()) == setup_.alias) co_return true;
  }
  co_return false;
}

Task<Status> ServedEngine::share_beginning(std::string request, Deadline deadline) {
  if (setup_.slots < 2 || setup_.slot_states.empty() || !setup_.pooling.empty()) co_return Status{};
  // Members keep their order: a chat template prints tools as they come, and another order is another prompt.
  auto json = nlohmann::ordered_json::parse(request, nullptr, false);
  if (!json.is_object()) co_return invalid_argument("the request is no JSON object");
  deadline = deadline.within(kSharePatience);
  json.erase("max_completion_tokens");
  json["max_tokens"] = 1;
  json["stream"] = false;
  json["id_slot"] = 0;
  FW_CO_TRY(co_await post("/v1/chat/completions", json.dump(), deadline));
  const std::string state = nlohmann::json{{"filename", kSharedState}}.dump();
  FW_CO_TRY(co_await post("/slots/0?action=save", state, deadline));
  Status status;
  for (int slot = 1; slot < setup_.slots && status.ok(); ++slot)
    status = co_await post("/slots/" + std::to_string(slot) + "?action=restore", state, deadline);
  std::error_code ignored;
  std::filesystem::remove(setup_.slot_states / kSharedState, ignored);
  co_return status;
}

net::Request ServedEngine::keyed(net::Request request) const {
  if (!setup_.api_key.empty()) request.headers.set("Authorization", "Bearer " + setup_.api_key);
  return request;
}

Task<Status> ServedEngine::post(std::string path, std::string body, Deadline deadline) {
  auto request = net::json_request(net::Method::kPost, origin_of(port_) + path, body);
  const auto answer = co_await client_.send(keyed(std::move(request)), std::move(deadline));
  if (!answer.ok()) co_return answer.error().within(path);
  if (answer->status == 200) co_return Status{};
  co_return unavailable(path + ": HTTP " + std::to_string(answer->status) + ": " + answer->body.substr(0, 200));
}

Task<void> ServedEngine::watch(std::stop_token stop) {
  const auto until_stopped = Deadline::when_stopped(std::move(stop));
  for (int crashes = 0;; ++crashes) {
    const auto current = process();
    const auto ended = co_await current->wait(until_stopped);
    if (!ended.ok()) co_return;
    const std::string how = io::describe_end("llama-server", *ended, last_words(*current));
    log_warning("modelops", "an engine died", {{"deployment", setup_.alias}, {"how", how}, {"crashes", crashes + 1}});
    if (crashes >= restarts_) co_return fail(unavailable(how));
    auto restarted = co_await start_on(port_, until_stopped);
    if (until_stopped.is_cancelled()) co_return;
    if (!restarted.ok()) co_return fail(restarted.error().within("restart after it " + ended->describe()));
  }
}

Task<Error> ServedEngine::failure(Deadline deadline) {
  for (Duration pause = kFirstLook;; pause = std::min<Duration>(2 * pause, kPollInterval)) {
    if (const Status now = status(); !now.ok()) co_return now.error();
    if (const auto ended = co_await process()->wait(deadline); !ended.ok()) co_return ended.error();
    // watch() has yet to say what comes of it.
    if (const auto slept = co_await sleep_for(pause, deadline); !slept.ok()) co_return slept.error();
  }
}

Task<Status> ServedEngine::stop() {
  const auto last = process();
  if (!last) co_return Status{};
  const auto ended = co_await last->terminate(kStopGrace);
  finish_log();
  if (!ended.ok()) co_return ended.error();
  co_return Status{};
}

Status ServedEngine::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

int ServedEngine::process_id() const {
  const auto current = process();
  return current && !current->exit_status() ? current->pid() : 0;
}

std::shared_ptr<io::Process> ServedEngine::process() const {
  const std::lock_guard lock(mutex_);
  return process_;
}

void ServedEngine::set_process(std::shared_ptr<io::Process> process) {
  const std::lock_guard lock(mutex_);
  process_ = std::move(process);
}

void ServedEngine::follow(const std::shared_ptr<io::Process>& process) {
  if (!log_) return;
  // The log outlives the engine and must not keep its process, which is killed with its last owner.
  log_->follow([weak = std::weak_ptr(process)] {
    const auto alive = weak.lock();
    return alive ? alive->last_lines() : std::vector<std::string>{};
  });
}

void ServedEngine::finish_log() {
  if (log_) log_->finish();
}

std::vector<std::string> ServedEngine::last_words(const io::Process& process) const {
  return shown_lines(process.last_lines(), redact_);
}

void ServedEngine::fail(Error error) {
  log_error("modelops", "an engine failed for good", {{"deployment", setup_.alias}, {"what", error.message}});
  const std::lock_guard lock(mutex_);
  status_ = std::move(error);
}

FolderGuard::~FolderGuard() {
  std::error_code ignored;
  if (!is_kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace fw::modelops
