#include "app/config/config_check.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "async/run_blocking.h"
#include "capture/redaction/redactor.h"
#include "io/process.h"
#include "modelops/local/model_check.h"
#include "modelops/local/template_check.h"
#include "modelops/local/trainer.h"

namespace fw::app {
namespace {

namespace fs = std::filesystem;

using Findings = std::vector<Finding>;

void add(Findings& out, bool is_error, std::string text) { out.push_back({is_error, std::move(text)}); }

void check_models(const runs::RunConfig& run, Findings& out) {
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const auto& candidate = run.candidates[i];
    if (!candidate.model.is_local()) continue;
    const std::string where = "model \"" + candidate.model.name + "\": " + candidate.model.path.string() + ": ";
    auto found = modelops::check_model(candidate.model, candidate.customization_enabled);
    for (auto& text : found.errors) add(out, true, where + text);
    for (auto& text : found.warnings) add(out, false, where + text);
    if (!found.errors.empty()) continue;
    const auto notes = modelops::check_chat_template(candidate.model);
    if (!notes.ok()) add(out, true, where + notes.error().message);
    for (const auto& text : notes.ok() ? *notes : std::vector<std::string>{}) add(out, false, where + text);
  }
}

void check_embedding(const runs::RunConfig& run, Findings& out) {
  const auto& model = run.icl.embedding;
  if (!model || !model->is_local()) return;
  const std::string where = "embedding model \"" + model->name + "\": " + model->path.string() + ": ";
  auto found = modelops::check_embedding_model(*model);
  for (auto& text : found.errors) add(out, true, where + text);
  for (auto& text : found.warnings) add(out, false, where + text);
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// A file of the blueprint names neither path nor url, and is good all the same; with no other candidate nothing runs.
void check_reachable(const runs::RunConfig& run, Findings& out) {
  const auto is_reachable = [](const runs::Candidate& candidate) {
    return candidate.model.is_local() || candidate.model.endpoint.has_value();
  };
  if (!run.candidates.empty() && std::ranges::none_of(run.candidates, is_reachable))
    add(out, true, "nims: no candidate has a path or a url, so none can be evaluated; give each one or the other");
}

/// A program that the file names must be there; one that it does not name is looked for, and missed where a model
/// needs it.
void check_engine(const char* key, const char* name, const fs::path& configured, const fs::path& found,
                  const std::string& needed_by, const char* remedy, Findings& out) {
  if (!configured.empty()) {
    if (!is_program(configured))
      add(out, true, std::string("engines.") + key + ": " + configured.string() + " is no program that can be started");
  } else if (!needed_by.empty() && !is_program(found)) {
    add(out, true, std::string(name) + ", which model \"" + needed_by + "\" needs, is not installed; " + remedy);
  }
}

void check_engines(const Config& config, const modelops::EnginePrograms& programs, Findings& out) {
  std::string served;
  std::string trained;
  const auto& embedding = config.run.icl.embedding;
  std::error_code error;
  const bool is_folder = embedding && fs::is_directory(embedding->path, error);
  for (const auto& candidate : config.run.candidates) {
    if (!candidate.model.is_local()) continue;
    if (served.empty()) served = candidate.model.name;
    if (trained.empty() && candidate.customization_enabled) trained = candidate.model.name;
  }
  if (served.empty() && embedding && embedding->is_local()) served = embedding->name;
  if (trained.empty() && is_folder) trained = embedding->name;
  const auto& engines = config.engines;
  check_engine("llama_server", "llama-server", engines.llama_server, programs.llama_server, served, "run scripts/setup",
               out);
  check_engine("trainer", "flywheel-trainer", engines.trainer, programs.trainer, trained, "run scripts/build", out);
  check_engine("llama_quantize", "llama-quantize", engines.llama_quantize, programs.llama_quantize, "", "", out);
}

/// What training demands of this machine's GPU, asked of the trainer itself.
void check_devices(const runs::RunConfig& run, const modelops::EnginePrograms& programs, Findings& out) {
  io::ProcessLauncher launcher;
  modelops::LocalTrainer trainer({.programs = programs}, launcher);
  for (const auto& candidate : run.candidates) {
    if (!candidate.customization_enabled || !candidate.model.is_local() || !is_program(programs.trainer)) continue;
    const auto status = run_blocking(trainer.check_device(candidate.model, candidate.training, Deadline::never()));
    if (!status.ok())
      add(out, true, "model \"" + candidate.model.name + "\": training_config.device: cuda: " + status.error().message);
  }
}

/// Why the address cannot be listened on now; empty when it can.
std::string bind_failure(const std::string& address, int port) {
  sockaddr_in v4{
      .sin_family = AF_INET, .sin_port = htons(static_cast<std::uint16_t>(port)), .sin_addr = {}, .sin_zero = {}};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return "is no IP address";
  const int fd = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* raw = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const bool bound = ::bind(fd, raw, is_v4 ? sizeof v4 : sizeof v6) == 0 && ::listen(fd, 1) == 0;
  const int code = errno;
  ::close(fd);
  if (bound) return "";
  return code == EADDRINUSE ? "is in use by another program (the service itself, if it runs)" : std::strerror(code);
}

void check_port(std::string_view section, const ListenerSettings& listener, std::string_view what_then, Findings& out) {
  if (listener.port == 0) return;
  const auto why = bind_failure(listener.listen, listener.port);
  if (why.empty()) return;
  add(out, false,
      std::string(section) + ": port " + std::to_string(listener.port) + " of " + listener.listen + " " + why + "; " +
          std::string(what_then));
}

void check_ports(const Config& config, Findings& out) {
  constexpr std::string_view kOff = "the service would start without this listener";
  check_port("server", config.server.listener, "the service would not start", out);
  if (config.gateway.is_on()) check_port("gateway", config.gateway_listener, kOff, out);
  if (config.elasticsearch.listener.enabled) check_port("elasticsearch", config.elasticsearch.listener, kOff, out);
  if (config.otlp.listener.enabled) check_port("otlp", config.otlp.listener, kOff, out);
}

/// What the service makes of the rules when it starts.
void check_redaction(const capture::RedactionSettings& redact, Findings& out) {
  const auto redactor = capture::Redactor::create(redact, process_environment()(redact.key_env));
  if (!redactor.ok()) add(out, true, "redact: " + redactor.error().message);
}

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// Runs a reader of OpenSSL on a file.
template <class T>
Result<Owned<T>> read_pem(const std::string& path, T* (*read)(std::FILE*), void (*free)(T*), const char* what) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return system_error(path + ": cannot be read", errno);
  Owned<T> out(read(file.get()), free);
  ERR_clear_error();
  if (!out) return invalid_argument(path + ": is no " + what + " in PEM form");
  return out;
}

/// Never asks a person for a passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

Status check_certificate(const std::string& certificate, const std::string& key) {
  FW_ASSIGN(const auto shown,
            read_pem<X509>(
                certificate, [](std::FILE* f) { return PEM_read_X509(f, nullptr, no_passphrase, nullptr); }, X509_free,
                "certificate"));
  FW_ASSIGN(const auto own,
            read_pem<EVP_PKEY>(
                key, [](std::FILE* f) { return PEM_read_PrivateKey(f, nullptr, no_passphrase, nullptr); },
                EVP_PKEY_free, "private key without a passphrase"));
  const bool fits = X509_check_private_key(shown.get(), own.get()) == 1;
  ERR_clear_error();
  if (!fits) return invalid_argument(key + ": is not the private key of " + certificate);
  if (X509_cmp_current_time(X509_get0_notAfter(shown.get())) < 0)
    return failed_precondition(certificate + ": the certificate has expired; clients will refuse it");
  return {};
}

std::vector<Finding> check_machine(const Config& config, const modelops::EnginePrograms& programs) {
  Findings out;
  check_reachable(config.run, out);
  check_models(config.run, out);
  check_embedding(config.run, out);
  check_redaction(config.redact, out);
  check_engines(config, programs, out);
  if (std::ranges::none_of(out, &Finding::is_error)) check_devices(config.run, programs, out);
  const ListenerSettings& listener = config.server.listener;
  if (const auto tls = listener.tls(); tls && !listener.tls_key.empty()) {
    if (auto status = check_certificate(listener.tls_certificate, listener.tls_key); !status.ok())
      add(out, true, "server: " + status.error().message);
  }
  check_ports(config, out);
  return out;
}

}  // namespace fw::app
