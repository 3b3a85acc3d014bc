#include "app/config/endpoint_section.h"
#include "app/config/sections.h"
#include "capture/redaction/redactor.h"

namespace fw::app {
namespace {

using capture::RedactionAction;
using capture::RedactionRule;

RedactionRule read_rule(YamlSection& section) {
  RedactionRule rule;
  section.read("name", rule.name);
  section.read("kind", rule.kind);
  section.read("pattern", rule.pattern);
  section.read("path", rule.path);
  std::size_t action = static_cast<std::size_t>(rule.action);
  section.read_choice("action", action, {"drop", "mask", "pseudonym"});
  rule.action = static_cast<RedactionAction>(action);
  section.read_list("workloads", rule.workloads);
  section.read_list("except", rule.except);
  section.finish();
  return rule;
}

/// Why a rule cannot be used, apart from the others and from the key, which another place may say.
void check_rule(YamlSection& section, RedactionRule rule) {
  rule.action = RedactionAction::kMask;
  const char* const key = !rule.pattern.empty() ? "pattern" : !rule.path.empty() ? "path" : "kind";
  const auto alone = capture::Redactor::create({.rules = {std::move(rule)}}, "");
  if (alone.ok()) return;
  constexpr std::string_view kPlace = "rules[0]: ";
  const std::string& why = alone.error().message;
  section.error(key, why.starts_with(kPlace) ? why.substr(kPlace.size()) : why);
}

}  // namespace

capture::RedactionSettings read_redaction(YamlSection& root, const Environment& environment) {
  capture::RedactionSettings out;
  auto section = root.section("redact");
  if (!section) return out;
  section->read("key_env", out.key_env);
  bool wants_key = false;
  for (auto& entry : section->list("rules")) {
    out.rules.push_back(read_rule(entry));
    check_rule(entry, out.rules.back());
    wants_key |= out.rules.back().action == RedactionAction::kPseudonym;
  }
  constexpr std::size_t kShortestKey = 16;
  if (check_variable_name(*section, "key_env", out.key_env) && wants_key &&
      environment(out.key_env).size() < kShortestKey) {
    section->warning("key_env", "the environment variable " + out.key_env +
                                    " holds no key of 16 characters at least, which pseudonyms need (openssl rand -hex "
                                    "32 makes one); nothing starts without it");
  }
  section->finish();
  return out;
}

}  // namespace fw::app
