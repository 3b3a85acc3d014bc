#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/config/yaml_section.h"
#include "capture/gateway/settings.h"

/// The parts of a configuration file that determine a run, one function a section of the file. Each reads its section
/// of the root, reports mistakes and leaves defaults where a key is absent.
namespace fw::app {

/// Where a candidate's weights come from, and how it is trained, when it does not say so itself.
struct CandidateDefaults {
  std::filesystem::path folder;  ///< relative paths are taken from here
  std::string nim_base_url;      ///< serves candidates without `path` or `url`; empty: none
  modelops::TrainingSettings training;
};

// candidate_section.cc
std::vector<runs::Candidate> read_candidates(YamlSection& root, const CandidateDefaults& defaults,
                                             const Environment& environment);
std::optional<modelops::Price> read_price(YamlSection& section);

// judge_section.cc
std::optional<modelops::Judge> read_judge(YamlSection& root, const Environment& environment);

// training_section.cc: `training_config` and `lora_config` of the root, or of a candidate for itself
void read_training(YamlSection& section, modelops::TrainingSettings& training);
/// `customizer_configs` of a candidate.
void read_customizer(YamlSection& candidate, modelops::TrainingSettings& training);

// dataset_sections.cc
void read_split(YamlSection& root, dataset::SplitSettings& split);
/// The keys of `data_split_config` out of `section` itself.
void read_split_keys(YamlSection& section, dataset::SplitSettings& split);
/// Relative paths are taken from `folder`.
void read_icl(YamlSection& root, const std::filesystem::path& folder, dataset::IclSettings& icl,
              const Environment& environment);
void read_dataset(YamlSection& root, bool& use_corrections);

// sections.cc
void read_production(YamlSection& root, runs::ProductionModel& production, const Environment& environment);
void read_evaluation(YamlSection& root, const std::filesystem::path& folder, runs::EvaluationSettings& evaluation);
void read_promising(YamlSection& root, runs::PromisingRule& promising);
void read_review(YamlSection& root, review::ReviewSettings& review);
std::vector<runs::Webhook> read_webhooks(YamlSection& root, const Environment& environment);

// gateway_section.cc
void read_gateway(YamlSection& root, capture::GatewaySettings& gateway, ListenerSettings& listener,
                  const Environment& environment);

// log_store_section.cc
void read_log_store(YamlSection& root, LogStoreSettings& settings, const Environment& environment);

// auth_section.cc
void read_auth(YamlSection& root, auth::Settings& auth);

// promotion_section.cc
void read_promotion(YamlSection& root, promotion::Settings& promotion, capture::ShadowBudget& budget,
                    std::vector<runs::Webhook>& webhooks, const Environment& environment);

/// Of characters that the name of a header may have.
[[nodiscard]] bool is_header_name(const std::string& name);
/// An IPv4 or IPv6 address.
[[nodiscard]] bool is_address(const std::string& text);
// redaction_section.cc
capture::RedactionSettings read_redaction(YamlSection& root, const Environment& environment);

/// Why keys of blueprints about containers do nothing here.
inline constexpr std::string_view kNoContainers = "no containers are started here; the model runs on this machine";

}  // namespace fw::app
