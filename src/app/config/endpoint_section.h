#pragma once

#include <optional>
#include <string>

#include "app/config/config.h"
#include "app/config/yaml_section.h"
#include "modelops/model.h"

/// What the file says of an OpenAI-compatible server, the same for candidates and the judge.
namespace fw::app {

/// `api_key_env`, `api_key_header`, `headers`, `query`, `request_overrides` and `deploy_check` of `section`.
void read_endpoint_keys(YamlSection& section, modelops::Endpoint& endpoint, const Environment& environment);

/// What is said of a model that serves a run beside its candidates.
struct ModelRole {
  const char* checked_by;    ///< why its `deploy_check` has no effect
  const char* none_started;  ///< what happens where it is to be started here, which is not done
  const char* needs_url;
};
/// All of `section`: `deployment_type`, `url`, `model_name` and the keys of its endpoint, of which `defaults` has those
/// that are not given. Absent where it would have to be started here.
[[nodiscard]] std::optional<modelops::Endpoint> read_model_endpoint(YamlSection& section, modelops::Endpoint defaults,
                                                                    const Environment& environment,
                                                                    const ModelRole& role);

/// A url as people paste it: `${NAME}` stands for an environment variable, blanks around it are cut off with a warning;
/// what is no http or https URL is reported. Empty when it cannot be used.
[[nodiscard]] std::string checked_url(YamlSection& section, const char* key, const std::string& url,
                                      const Environment& environment);

/// Reports a text that is no variable's name, without repeating it where it may be a key.
bool check_variable_name(YamlSection& section, const char* key, const std::string& name);
/// The same, and warns where the variable is not set or holds what cannot be sent; `what_fails` ends the warning.
void check_variable(YamlSection& section, const char* key, const std::string& name, const Environment& environment,
                    const std::string& what_fails);

}  // namespace fw::app
