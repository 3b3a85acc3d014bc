#include "modelops/local/impl/engine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/machine.h"

namespace fw::modelops {
namespace {

using Arguments = std::vector<std::string>;

void add(Arguments& out, std::initializer_list<std::string> more) { out.insert(out.end(), more); }

void add_chat(const EngineSetup& setup, Arguments& out) {
  add(out, {"--jinja", "--cache-prompt"});
  // Slots keep a workload's beginning by themselves; the second cache in memory would grow to 8 GB.
  add(out, {"--cache-ram", "0"});
  if (setup.plain_attention) add(out, {"--flash-attn", "off"});
  if (!setup.slot_states.empty()) add(out, {"--slot-save-path", setup.slot_states.string()});
  if (!setup.lora.empty()) add(out, {"--lora", setup.lora.string()});
  add(out, {"--reasoning", setup.enable_thinking ? "on" : "off"});
  if (!setup.chat_template.empty()) add(out, {"--chat-template-file", setup.chat_template.string()});
}

/// A text's vector is made in one batch: what is longer is refused.
void add_embeddings(const EngineSetup& setup, Arguments& out) {
  const std::string batch = std::to_string(setup.slot_context);
  add(out, {"--embeddings", "--pooling", setup.pooling, "--batch-size", batch, "--ubatch-size", batch});
}

}  // namespace

std::vector<std::string> engine_arguments(const EngineSetup& setup, std::uint16_t port) {
  Arguments out{"--model", setup.model.string(), "--alias", setup.alias};
  add(out, {"--host", "127.0.0.1", "--port", std::to_string(port)});
  add(out, {"--threads", std::to_string(setup.threads), "--parallel", std::to_string(setup.slots)});
  add(out, {"--ctx-size", std::to_string(setup.slots * setup.slot_context)});
  add(out, {"--metrics", "--no-webui", "--offline", "--log-colors", "off"});
  setup.pooling.empty() ? add_chat(setup, out) : add_embeddings(setup, out);
  return out;
}

std::map<std::string, std::string> engine_environment(const EngineSetup& setup) {
  // Empty, it hides one that is meant for others: no key is asked for then.
  return {{"LLAMA_API_KEY", setup.api_key}};
}

Result<std::uint16_t> free_loopback_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error("cannot open a socket", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(fd, raw, size) == 0 && ::getsockname(fd, raw, &size) == 0;
  const int code = errno;
  ::close(fd);
  if (!bound) return system_error("cannot find a free port of 127.0.0.1", code);
  return ntohs(address.sin_port);
}

Slots plan_slots(const ModelFacts& facts, std::int64_t context_length, int parallelism, std::uint64_t cache_bytes) {
  Slots slots{.count = std::max(1, parallelism), .context = std::max<std::int64_t>(context_length, 1)};
  if (facts.context_length > 0) slots.context = std::min(slots.context, facts.context_length);
  const std::uint64_t each = facts.cache_bytes_per_token * static_cast<std::uint64_t>(slots.context);
  if (each > 0) {
    const auto fitting = std::max<std::uint64_t>(1, cache_bytes / each);
    slots.count = static_cast<int>(std::min(static_cast<std::uint64_t>(slots.count), fitting));
  }
  return slots;
}

std::uint64_t quarter_of_memory() { return io::read_machine_limits().memory_bytes / 4; }

}  // namespace fw::modelops
