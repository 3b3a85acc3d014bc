#include "app/config/endpoint_section.h"
#include "app/config/sections.h"

namespace fw::app {
namespace {

/// The blueprint's variables, where the file names none. Empty: no key is sent, as local servers want it.
std::string default_key_variable(const Environment& environment) {
  for (const char* name : {"LLM_JUDGE_API_KEY", "NVIDIA_API_KEY"})
    if (!environment(name).empty()) return name;
  return "";
}

void say_what_key_is_sent(YamlSection& section, const modelops::Endpoint& endpoint, const Environment& environment) {
  if (section.has("api_key_env")) return;
  if (!endpoint.api_key_env.empty()) {
    check_variable(section, "api_key_env", endpoint.api_key_env, environment, "requests to the judge will fail");
  } else if (endpoint.headers.empty() && endpoint.query.empty() && endpoint.url.starts_with("https://")) {
    section.warning("api_key_env",
                    "is not given, and neither LLM_JUDGE_API_KEY nor NVIDIA_API_KEY is set: the judge gets no key");
  }
}

}  // namespace

std::optional<modelops::Judge> read_judge(YamlSection& root, const Environment& environment) {
  auto section = root.section("llm_judge_config");
  if (!section) return std::nullopt;
  std::size_t type = 0;
  modelops::Endpoint endpoint{.api_key_env = default_key_variable(environment)};
  std::string url;
  const char* type_key = section->either("deployment_type", "type");
  section->read_choice(type_key, type, {"remote", "local"});
  section->read("url", url);
  section->read(section->either("model_name", "model_id"), endpoint.model);
  read_endpoint_keys(*section, endpoint, environment);
  if (section->has("deploy_check"))
    section->warning("deploy_check", "has no effect: a run always has its judge rate a made-up answer first");
  for (const char* key : {"context_length", "gpus", "pvc_size", "tag", "registry_base", "nim_parallelism"}) {
    section->inapplicable(key, kNoContainers);
  }
  section->finish();
  if (type == 1 && url.empty()) {
    section->warning(type_key,
                     "has no effect: no judge is started here, and answers are compared by rule and by ROUGE-L; "
                     "to have one, serve the model (llama-server, vLLM, Ollama) and give its url");
    return std::nullopt;
  }
  if (url.empty()) {
    section->error("url", "a remote judge needs the url of its chat completions");
  } else {
    endpoint.url = checked_url(*section, "url", url, environment);
  }
  if (endpoint.model.empty()) section->error("model_name", "is missing");
  say_what_key_is_sent(*section, endpoint, environment);
  return modelops::Judge{endpoint};
}

}  // namespace fw::app
