#include "modelops/local/deployer.h"

#include <cctype>

#include "base/assert.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "modelops/local/impl/chat_template.h"
#include "modelops/local/impl/folder_model.h"
#include "modelops/local/impl/model_cache.h"
#include "modelops/local/impl/served_engine.h"
#include "modelops/local/impl/serving_type.h"
#include "modelops/openai/endpoint_check.h"
#include "modelops/openai/endpoint_url.h"

namespace fw::modelops {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;

/// `smollm2-135m-3fa85f64`: unique, and fit for file names and command lines.
std::string make_id(const std::string& name) {
  std::string out;
  for (const unsigned char c : name.substr(0, 64))
    out += std::isalnum(c) != 0 || c == '.' || c == '_' ? static_cast<char>(c) : '-';
  return out + "-" + random_hex(4);
}

Status check_installed(const LocalSettings& settings, const ModelSpec& model) {
  if (!settings.programs.llama_server.empty()) return {};
  return failed_precondition("llama-server is not installed, so model \"" + model.name +
                             "\" cannot be served here; run scripts/setup, or give the model an endpoint (url)");
}

std::string describe(const ServableModel& model, const EngineSetup& setup, bool has_adapter, const ModelSpec& spec) {
  std::string out = "llama-server, " + model.type + ", ";
  if (!spec.keep_layers.empty()) out += std::to_string(spec.keep_layers.size()) + " layers kept, ";
  if (has_adapter) out += setup.lora.empty() ? "adapter merged, " : "adapter beside the weights, ";
  const auto count = [](std::int64_t n, const char* what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  return out + count(setup.threads, "thread") + ", " + count(setup.slots, "slot") + " of " +
         std::to_string(setup.slot_context) + " tokens";
}

std::string describe_embedder(const ModelFacts& facts, const EngineSetup& setup) {
  return "llama-server, " + facts.file_type + ", " + setup.pooling + " pooling" +
         (facts.pooling.empty() ? " (its file names none)" : "") + ", texts of up to " +
         std::to_string(setup.slot_context - 1) + " tokens";
}

/// Removes what an earlier process left in its engines' folders.
void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

}  // namespace

/// One model that is up. Its folder holds what was made for it alone.
struct LocalDeployer::Served {
  Served(fs::path f, EngineSetup setup, const DeploymentRequest& request, const LocalSettings& settings,
         io::ProcessLauncher& launcher, net::Client& client, const Executor& executor)
      : folder(std::move(f)),
        engine(std::move(setup), request.restarts, request.log, settings, launcher, client),
        tasks(executor) {}

  fs::path folder;
  ServedEngine engine;
  TaskGroup tasks;  ///< watches the engine
};

struct LocalDeployer::Impl {
  Impl(LocalSettings s, io::ProcessLauncher& l, net::Client& c, Pool& d, Executor e)
      : settings(std::move(s)),
        launcher(l),
        client(c),
        disk(d),
        executor(std::move(e)),
        cache(settings, launcher, disk) {
    remove_leftovers(engines_folder());
  }

  [[nodiscard]] fs::path engines_folder() const { return settings.data_folder / "engines"; }

  Task<Result<Deployment>> deploy_here(DeploymentRequest request, Deadline deadline);
  /// Fills in all of the setup that a model that answers chats needs, and describes it.
  Task<Result<std::string>> set_up_chat(const DeploymentRequest& request, const ModelFacts& facts, EngineSetup& setup,
                                        Deadline deadline);
  /// The same of one that gives vectors: its file is served as it is.
  [[nodiscard]] Result<std::string> set_up_embedder(const DeploymentRequest& request, const ModelFacts& facts,
                                                    EngineSetup& setup) const;
  void plan_context(const DeploymentRequest& request, const ModelFacts& facts, EngineSetup& setup) const;
  /// Fills in the setup's model and adapter.
  Task<Result<ServableModel>> prepare(const DeploymentRequest& request, const ModelFacts& facts, fs::path folder,
                                      EngineSetup& setup, Deadline deadline);
  std::shared_ptr<Served> take(const DeploymentId& id);
  [[nodiscard]] std::shared_ptr<Served> find(const DeploymentId& id) const;

  LocalSettings settings;
  io::ProcessLauncher& launcher;
  net::Client& client;
  Pool& disk;
  Executor executor;
  ModelCache cache;
  mutable std::mutex mutex;
  std::map<DeploymentId, std::shared_ptr<Served>> served;
};

Task<Result<ServableModel>> LocalDeployer::Impl::prepare(const DeploymentRequest& request, const ModelFacts& facts,
                                                         fs::path folder, EngineSetup& setup, Deadline deadline) {
  if (request.adapter && cache.can_merge(facts)) {
    setup.model = folder / "merged.gguf";
    co_return co_await cache.merge(request.model, facts, *request.adapter, setup.model, std::move(deadline));
  }
  FW_CO_ASSIGN(auto servable, co_await cache.prepare(request.model, facts, std::move(deadline)));
  setup.model = servable.file;
  if (request.adapter) setup.lora = request.adapter->gguf;
  co_return servable;
}

void LocalDeployer::Impl::plan_context(const DeploymentRequest& request, const ModelFacts& facts,
                                       EngineSetup& setup) const {
  const auto budget = settings.cache_bytes > 0 ? settings.cache_bytes : quarter_of_memory();
  const Slots slots = plan_slots(facts, request.model.context_length, request.parallelism, budget);
  setup.slots = slots.count;
  setup.slot_context = slots.context;
}

Task<Result<std::string>> LocalDeployer::Impl::set_up_chat(const DeploymentRequest& request, const ModelFacts& facts,
                                                           EngineSetup& setup, Deadline deadline) {
  FW_CO_ASSIGN(auto chat,
               co_await run_on(disk, [&] { return prepare_chat_template(settings.data_folder, request.model); }));
  for (const auto& text : chat.notes) log_info("modelops", text, {{"model", request.model.name}});
  setup.chat_template = std::move(chat.file);
  setup.enable_thinking = request.model.chat.enable_thinking;
  plan_context(request, facts, setup);
  FW_CO_ASSIGN(const auto model, co_await prepare(request, facts, setup.slot_states, setup, deadline));
  setup.plain_attention = is_plain_attention_faster(setup.slot_context);
  co_return describe(model, setup, request.adapter.has_value(), request.model);
}

Result<std::string> LocalDeployer::Impl::set_up_embedder(const DeploymentRequest& request, const ModelFacts& facts,
                                                         EngineSetup& setup) const {
  if (facts.pooling == "rank")
    return invalid_argument(request.model.path.string() +
                            " is a reranker, which compares two texts; give an embedding model");
  if (request.adapter) return invalid_argument("an embedding model is served without an adapter");
  setup.model = request.model.path;
  setup.pooling = facts.pooling.empty() ? "mean" : facts.pooling;
  plan_context(request, facts, setup);
  return describe_embedder(facts, setup);
}

Task<Result<Deployment>> LocalDeployer::Impl::deploy_here(DeploymentRequest request, Deadline deadline) {
  FW_CO_TRY(check_installed(settings, request.model));
  FW_CO_ASSIGN(request.model, co_await as_gguf(settings, launcher, std::move(request.model), deadline));
  FW_CO_ASSIGN(const auto facts, co_await run_on(disk, [&] { return read_model_facts(request.model.path); }));
  const DeploymentId id(make_id(request.model.name));
  FolderGuard folder(engines_folder() / *id);
  FW_CO_TRY(io::create_folders(folder.path()));
  EngineSetup setup{.slot_states = folder.path(),
                    .alias = *id,
                    .api_key = random_hex(kKeyBytes),
                    .threads = thread_count(settings),
                    .niceness = request.answers_traffic ? 0 : settings.niceness};
  auto description =
      request.embeds ? set_up_embedder(request, facts, setup) : co_await set_up_chat(request, facts, setup, deadline);
  if (!description.ok()) co_return std::move(description).error();
  auto entry = std::make_shared<Served>(folder.path(), std::move(setup), request, settings, launcher, client, executor);
  FW_CO_TRY(co_await entry->engine.start(deadline));
  Deployment out{.id = id, .endpoint = entry->engine.endpoint(), .description = *std::move(description)};
  folder.keep();
  entry->tasks.spawn("engine watch", entry->engine.watch(entry->tasks.stop_token()));
  const std::lock_guard lock(mutex);
  served.emplace(id, std::move(entry));
  co_return out;
}

std::shared_ptr<LocalDeployer::Served> LocalDeployer::Impl::take(const DeploymentId& id) {
  const std::lock_guard lock(mutex);
  const auto it = served.find(id);
  if (it == served.end()) return nullptr;
  auto out = std::move(it->second);
  served.erase(it);
  return out;
}

std::shared_ptr<LocalDeployer::Served> LocalDeployer::Impl::find(const DeploymentId& id) const {
  const std::lock_guard lock(mutex);
  const auto it = served.find(id);
  return it == served.end() ? nullptr : it->second;
}

LocalDeployer::LocalDeployer(LocalSettings settings, io::ProcessLauncher& launcher, net::Client& client, Pool& disk,
                             Executor executor)
    : impl_(std::make_unique<Impl>(std::move(settings), launcher, client, disk, std::move(executor))) {}

LocalDeployer::~LocalDeployer() { FW_ASSERT(impl_->served.empty()); }

Task<Status> LocalDeployer::prepare(DeploymentRequest request, Deadline deadline) {
  if (!request.model.is_local() || request.model.endpoint) co_return Status{};
  FW_CO_TRY(check_installed(impl_->settings, request.model));
  FW_CO_ASSIGN(request.model, co_await as_gguf(impl_->settings, impl_->launcher, std::move(request.model), deadline));
  FW_CO_ASSIGN(auto facts, co_await run_on(impl_->disk, [&] { return read_model_facts(request.model.path); }));
  if (request.embeds || (request.adapter && impl_->cache.can_merge(facts))) co_return Status{};
  const auto made = co_await impl_->cache.prepare(request.model, std::move(facts), std::move(deadline));
  if (!made.ok()) co_return made.error().within("cannot prepare model \"" + request.model.name + "\"");
  co_return Status{};
}

Task<Result<Deployment>> LocalDeployer::deploy(DeploymentRequest request, Deadline deadline) {
  const std::string name = request.model.name;
  if (request.model.endpoint) {
    if (request.adapter) {
      co_return invalid_argument("model \"" + name + "\" is behind an endpoint, which cannot be given an adapter");
    }
    if (request.embeds) co_return invalid_argument("embedding model \"" + name + "\" is served elsewhere already");
    const Endpoint endpoint = *request.model.endpoint;
    const auto question = endpoint.ask_at_deploy ? EndpointQuestion::kAlways : EndpointQuestion::kAsNeeded;
    auto answer = co_await check_endpoint(impl_->client, endpoint, question, std::move(deadline));
    if (!answer.ok()) co_return answer.error().within("endpoint " + shown_url(endpoint.url) + " cannot be used");
    for (const auto& note : answer->notes) log_info("modelops", note, {{"model", name}});
    co_return Deployment{
        .id = DeploymentId(make_id(name)), .endpoint = endpoint, .description = "endpoint " + shown_url(endpoint.url)};
  }
  if (!request.model.is_local()) co_return invalid_argument("model \"" + name + "\" has neither path nor url");
  auto out = co_await impl_->deploy_here(std::move(request), std::move(deadline));
  if (!out.ok()) co_return out.error().within("cannot serve model \"" + name + "\"");
  log_info("modelops", "model is up",
           {{"deployment", *out->id}, {"url", out->endpoint.url}, {"how", out->description}});
  co_return out;
}

Task<void> LocalDeployer::share_beginning(DeploymentId id, std::string request, Deadline deadline) {
  const auto entry = impl_->find(id);
  if (!entry) co_return;
  const auto shared = co_await entry->engine.share_beginning(std::move(request), std::move(deadline));
  if (!shared.ok())
    log_warning("modelops", "slots do not share a beginning", {{"deployment", *id}, {"what", shared.error().message}});
}

Task<Error> LocalDeployer::failure_of(DeploymentId id, Deadline deadline) {
  const auto entry = impl_->find(id);
  if (!entry) co_return not_found("there is no deployment " + *id);
  co_return co_await entry->engine.failure(std::move(deadline));
}

Task<Status> LocalDeployer::undeploy(DeploymentId id) {
  const auto entry = impl_->take(id);
  if (!entry) co_return Status{};
  entry->tasks.request_stop();
  co_await entry->tasks.join();
  auto status = co_await entry->engine.stop();
  remove_leftovers(entry->folder);
  log_info("modelops", "model was taken down", {{"deployment", *id}});
  co_return status;
}

Status LocalDeployer::status(const DeploymentId& id) const {
  const auto entry = impl_->find(id);
  return entry ? entry->engine.status() : not_found("there is no deployment " + *id);
}

int LocalDeployer::process_id(const DeploymentId& id) const {
  const auto entry = impl_->find(id);
  return entry ? entry->engine.process_id() : 0;
}

Task<void> LocalDeployer::stop() {
  while (true) {
    std::optional<DeploymentId> next;
    {
      const std::lock_guard lock(impl_->mutex);
      if (!impl_->served.empty()) next = impl_->served.begin()->first;
    }
    if (!next) co_return;
    if (auto status = co_await undeploy(*next); !status.ok()) {
      log_error("modelops", "an engine did not go down", {{"what", status.error().message}});
    }
  }
}

}  // namespace fw::modelops
