#include "app/config/endpoint_section.h"
#include "app/config/sections.h"
#include "runs/job.h"

namespace fw::app {
namespace {

constexpr std::uint64_t kMaxRows = 1'000'000'000;
constexpr std::uint64_t kMaxTokens = 10'000'000;

/// Sizes that are allowed and leave nothing to train on, or less to evaluate than was asked for.
void warn_of_sizes(YamlSection& section, const dataset::SplitSettings& split) {
  const auto n = [](std::uint64_t count) { return std::to_string(count); };
  if (!split.holdout_job.empty()) {
    if (section.has("eval_size"))
      section.warning("eval_size", "has no effect: the evaluation rows are those of holdout_job");
    if (split.newest_holdout > 0)
      section.warning("newest_holdout",
                      "keeps the newest part out of training, and nothing measures it: the evaluation rows are those "
                      "of holdout_job, none of which counts as newest; leave one of the two out");
    return;
  }
  if (split.limit && split.eval_size >= *split.limit) {
    section.warning("eval_size", n(split.eval_size) + " is all of limit (" + n(*split.limit) +
                                     "): nothing is left for examples and training; lower it or raise limit");
  } else if (split.eval_size >= split.min_total_records) {
    section.warning("eval_size", n(split.eval_size) + " is not less than min_total_records (" +
                                     n(split.min_total_records) + "): a workload that has just enough records leaves " +
                                     "none for examples and training; raise min_total_records");
  }
}

/// Texts of up to 8 KiB are asked for; more room would only take memory.
constexpr std::int64_t kEmbeddingContext = 2048;

/// One that is served here while the datasets are made.
modelops::ModelSpec read_served_embedding(YamlSection& section, const std::filesystem::path& folder) {
  modelops::ModelSpec model{.context_length = kEmbeddingContext};
  std::string path;
  section.read("path", path);
  model.path = (folder / path).lexically_normal();
  section.read(section.either("model_name", "model_id"), model.name);
  if (model.name.empty()) model.name = model.path.stem().string();
  section.read("context_length", model.context_length, 16, 1'000'000);
  std::size_t type = 1;
  const char* type_key = section.either("deployment_type", "type");
  section.read_choice(type_key, type, {"remote", "local"});
  if (type == 0) section.error(type_key, "is remote, and path names a model that is served here; give its url instead");
  std::string url;
  section.read("url", url);
  if (!url.empty()) section.error("url", "path and url exclude each other; keep one");
  for (const char* key : {"api_key_env", "api_key_header", "headers", "query", "request_overrides", "deploy_check"})
    section.inapplicable(key, "the model has a path and is served on this machine");
  for (const char* key : {"gpus", "pvc_size", "tag", "registry_base", "nim_parallelism"})
    section.inapplicable(key, kNoContainers);
  section.finish();
  return model;
}

/// The model whose vectors tell how alike texts are. None where none is named: words do it then.
std::optional<modelops::ModelSpec> read_embedding(YamlSection& similarity, const std::filesystem::path& folder,
                                                  const Environment& environment) {
  auto section = similarity.section("embedding_nim_config");
  if (!section) return std::nullopt;
  if (section->has("path")) return read_served_embedding(*section, folder);
  auto endpoint = read_model_endpoint(
      *section, {}, environment,
      {.checked_by = "a run asks for vectors at once",
       .none_started = "no embedding model is fetched here, and examples are chosen by the words "
                       "that they share with a row; to have one, give the path of its GGUF file or Hugging Face "
                       "folder, or the url of a server that has it",
       .needs_url = "a remote embedding model needs the url of its server; one that is served here has a path"});
  if (!endpoint) return std::nullopt;
  modelops::ModelSpec model{.name = endpoint->model};
  model.endpoint = *std::move(endpoint);
  return model;
}

}  // namespace

void read_split_keys(YamlSection& section, dataset::SplitSettings& split) {
  section.read("eval_size", split.eval_size, 1, kMaxRows);
  section.read("val_ratio", split.val_ratio, 0, 0.999999);
  section.read("min_total_records", split.min_total_records, 1, kMaxRows);
  section.read("random_seed", split.random_seed, 0, UINT64_MAX);
  section.read("limit", split.limit, 1, kMaxRows);
  section.read("parse_function_arguments", split.parse_function_arguments);
  section.read("newest_holdout", split.newest_holdout, 0, 0.9);
  section.read("newest_eval_share", split.newest_eval_share, 0, 1);
  section.read("keep_templates_together", split.keep_templates_together);
  section.read("keep_near_duplicates_apart", split.keep_near_duplicates_apart);
  section.read("near_duplicate_threshold", split.near_duplicate_threshold, 0.01, 1);
  section.read("max_leaked_share", split.max_leaked_share, 0, 1);
  section.read("max_answered_share", split.max_answered_share, 0, 1);
  std::size_t suspicious = 0;
  section.read_choice("suspicious_answers", suspicious, {"keep", "drop"});
  if (suspicious == 1) split.suspicious_answers = dataset::SuspiciousAnswers::kDrop;
  section.read_or_null("holdout_job", split.holdout_job);
  if (!split.holdout_job.empty() && !runs::parse_job_id(split.holdout_job).ok())
    section.error("holdout_job", "is not the id of a job (24 hex digits; flywheel jobs list)");
  section.read("holdout_min_rows", split.holdout_min_rows, 1, kMaxRows);
  if (split.limit && *split.limit < split.min_total_records) {
    section.error("limit", std::to_string(*split.limit) + " is less than min_total_records (" +
                               std::to_string(split.min_total_records) + "); raise it, or null for no limit");
  }
}

void read_split(YamlSection& root, dataset::SplitSettings& split) {
  if (auto section = root.section("data_split_config")) {
    read_split_keys(*section, split);
    warn_of_sizes(*section, split);
    section->finish();
  }
}

void read_icl(YamlSection& root, const std::filesystem::path& folder, dataset::IclSettings& icl,
              const Environment& environment) {
  auto section = root.section("icl_config");
  if (!section) return;
  section->read("max_context_length", icl.max_context_length, 16, kMaxTokens);
  section->read("reserved_tokens", icl.reserved_tokens, 0, kMaxTokens);
  section->read("max_examples", icl.max_examples, 0, 1000);
  section->read("min_examples", icl.min_examples, 0, 1000);
  std::size_t selection = 0;
  section->read_choice("example_selection", selection, {"uniform_distribution", "semantic_similarity"});
  if (selection == 1) icl.selection = dataset::ExampleSelection::kSimilar;
  if (auto similarity = section->section("similarity_config")) {
    similarity->read("relevance_ratio", icl.relevance_ratio, 0, 1);
    icl.embedding = read_embedding(*similarity, folder, environment);
    similarity->finish();
    if (selection == 0)
      section->warning("similarity_config", "has no effect: example_selection is uniform_distribution");
  }
  if (icl.selection == dataset::ExampleSelection::kUniform) icl.embedding.reset();
  if (icl.reserved_tokens >= icl.max_context_length) {
    section->error("reserved_tokens", "leaves no room in max_context_length; lower it");
  }
  if (icl.min_examples > icl.max_examples) section->error("min_examples", "is larger than max_examples");
  section->finish();
}

void read_dataset(YamlSection& root, bool& use_corrections) {
  auto section = root.section("dataset");
  if (!section) return;
  section->read("use_corrections", use_corrections);
  section->finish();
}

}  // namespace fw::app
