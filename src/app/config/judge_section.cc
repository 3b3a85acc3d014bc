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
  auto endpoint =
      read_model_endpoint(*section, {.api_key_env = default_key_variable(environment)}, environment,
                          {.checked_by = "a run always has its judge rate a made-up answer first",
                           .none_started = "no judge is started here, and answers are compared by rule and by ROUGE-L; "
                                           "to have one, serve the model (llama-server, vLLM, Ollama) and give its url",
                           .needs_url = "a remote judge needs the url of its chat completions"});
  if (!endpoint) return std::nullopt;
  say_what_key_is_sent(*section, *endpoint, environment);
  return modelops::Judge{*endpoint};
}

}  // namespace fw::app
