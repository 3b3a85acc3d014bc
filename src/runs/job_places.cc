#include "runs/impl/job_places.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "runs/impl/report_parts.h"

namespace fw::runs {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

/// nullptr where there is none.
ordered_json* member(ordered_json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

/// Rewrites paths in a report, and remembers which.
class Finder {
 public:
  explicit Finder(const io::MovedFolder& places) : places_(places) {}

  void find(ordered_json& object, const char* key) {
    auto* const found = member(object, key);
    if (found == nullptr || !found->is_string()) return;
    const auto was = found->get<std::string>();
    auto now = places_.present(was);
    if (now == was) return;
    *found = now;
    found_.emplace_back(was, std::move(now));
  }
  /// At any depth: a configuration names files in several sections.
  void find_all(ordered_json& value) {
    for (const char* key : {"path", "chat_template", "uri"}) find(value, key);
    if (!value.is_structured()) return;
    for (auto& child : value) find_all(child);
  }
  /// Commands quote what a shell would take apart.
  void find_in_command(ordered_json& entry) const {
    auto* const command = member(entry, "command");
    if (command == nullptr || !command->is_string()) return;
    auto text = command->get<std::string>();
    for (const auto& [was, now] : found_) {
      if (text == was) text = now;  // no command: where rows lie
      const std::string word = shell_word(was);
      for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        text.replace(at, word.size(), shell_word(now));
        at += shell_word(now).size();
      }
    }
    *command = text;
  }

 private:
  const io::MovedFolder& places_;
  std::vector<std::pair<std::string, std::string>> found_;
};

}  // namespace

io::MovedFolder places_of(const Job& job, const fs::path& jobs_folder) {
  io::MovedFolder places(jobs_folder.parent_path());
  for (const auto& dataset : job.datasets) places.learn(dataset.uri, "datasets/objects/" + dataset.digest);
  const std::string own = (jobs_folder.filename() / *job.id).string();
  for (const auto& candidate : job.candidates) {
    for (const auto& evaluation : candidate.evaluations) places.learn(evaluation.results_uri, own);
    for (const auto& customization : candidate.customizations) places.learn(customization.adapter_uri, own);
  }
  return places;
}

Job found_in(const io::MovedFolder& places, Job job) {
  if (!places.has_moved()) return job;
  for (auto& dataset : job.datasets) dataset.uri = places.present(dataset.uri);
  for (auto& candidate : job.candidates) {
    for (auto& evaluation : candidate.evaluations) evaluation.results_uri = places.present(evaluation.results_uri);
    for (auto& training : candidate.customizations) training.adapter_uri = places.present(training.adapter_uri);
  }
  return job;
}

RunConfig found_in(const io::MovedFolder& places, RunConfig config) {
  const auto find = [&](modelops::ModelSpec& model) {
    model.path = places.present(model.path.string());
    model.chat.template_file = places.present(model.chat.template_file.string());
  };
  for (auto& candidate : config.candidates) find(candidate.model);
  if (config.icl.embedding) find(*config.icl.embedding);
  if (config.holdout) config.holdout->uri = places.present(config.holdout->uri);
  return config;
}

std::string report_found_in(const io::MovedFolder& places, std::string text) {
  if (!places.has_moved()) return text;
  auto report = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) return text;
  Finder finder(places);
  if (auto* dataset = member(report, "dataset")) {
    if (auto* sets = member(*dataset, "datasets")) finder.find_all(*sets);
  }
  for (auto& candidate : report["candidates"]) {
    finder.find(candidate, "source");
    if (auto* training = member(candidate, "customization")) finder.find(*training, "adapter");
  }
  finder.find_all(report["config"]);
  for (auto& entry : report["serve"]) finder.find_in_command(entry);
  return report.dump(1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace fw::runs
