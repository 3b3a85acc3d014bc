#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/config/yaml_section.h"

/// The parts of a configuration file that determine a run, one function a section of the file. Each reads its section
/// of the root, reports mistakes and leaves defaults where a key is absent.
namespace fw::app {

/// Where a candidate's weights come from when it does not say so itself.
struct CandidateDefaults {
  std::filesystem::path folder;  ///< relative paths are taken from here
  std::string nim_base_url;      ///< serves candidates without `path` or `url`; empty: none
};

std::vector<runs::Candidate> read_candidates(YamlSection& root, const CandidateDefaults& defaults,
                                             modelops::TrainingSettings& training);
std::optional<modelops::Judge> read_judge(YamlSection& root, const Environment& environment);
void read_training(YamlSection& root, modelops::TrainingSettings& training);
void read_split(YamlSection& root, dataset::SplitSettings& split);
/// The keys of `data_split_config` out of `section` itself.
void read_split_keys(YamlSection& section, dataset::SplitSettings& split);
void read_icl(YamlSection& root, dataset::IclSettings& icl);
void read_production(YamlSection& root, runs::ProductionModel& production);
void read_evaluation(YamlSection& root, runs::EvaluationSettings& evaluation);
void read_promising(YamlSection& root, runs::PromisingRule& promising);
std::vector<runs::Webhook> read_webhooks(YamlSection& root);

}  // namespace fw::app
