#include "promotion/evidence.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/hash.h"
#include "codec/json_member.h"
#include "io/file_digest.h"
#include "io/file_uri.h"
#include "modelops/variant.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

Result<std::string> digest_of_file(const fs::path& path) {
  static io::FileDigests digests;
  auto digest = digests.of(path);
  if (!digest.ok() && digest.error().code == ErrorCode::kNotFound) {
    return failed_precondition("what was evaluated is gone: " + digest.error().message +
                               " (if it was moved: link its old place to the new one, ln -s)");
  }
  return digest;
}

Status add_file(Sha256& hash, const fs::path& path) {
  auto file = io::InputFile::open(path);
  if (!file.ok()) return file.error();
  hash.update(std::to_string(file->size()) + "\n");
  return io::add_bytes(hash, *file);
}

/// As the dataset store names it (modelops/dataset_store.h): path and content of each file, ordered by path, each
/// preceded by its length and a line break.
Result<std::string> digest_of_dataset(const fs::path& folder) {
  std::error_code error;
  std::map<std::string, fs::path> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file()) files.emplace(it->path().lexically_relative(folder).generic_string(), it->path());
  }
  if (error || files.empty())
    return failed_precondition("what was evaluated is gone: there is no dataset " + folder.string());
  Sha256 hash;
  for (const auto& [name, path] : files) {
    hash.update(std::to_string(name.size()) + "\n");
    hash.update(name);
    FW_TRY(add_file(hash, path));
  }
  return hash.finish_hex();
}

/// A file's bytes, all files of a folder by name, or, for what does not lie here, its name.
Result<std::string> digest_of_source(const std::string& source) {
  std::error_code error;
  if (!fs::is_directory(source, error)) {
    if (source.find("://") != std::string::npos) return sha256_hex(source);
    return digest_of_file(source);
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::string all;
  for (const auto& file : files) {
    FW_ASSIGN(const std::string digest, digest_of_file(file));
    all += file.filename().string() + '\n' + digest + '\n';
  }
  return sha256_hex(all);
}

struct Choice {
  std::string model;
  std::string variant;
};

Choice first_of_ranking(const Json& report) {
  const Json& entries = report.at("ranking").at("entries");
  if (entries.empty()) return {};
  return {codec::text_at(entries.at(0), "model_name"), codec::text_at(entries.at(0), "variant")};
}

Result<const Json*> candidate_named(const Json& report, const Choice& choice) {
  std::string names;
  for (const Json& candidate : report.at("candidates")) {
    for (const Json& evaluation : candidate.at("evaluations")) {
      if (codec::text_at(candidate, "model_name") == choice.model &&
          codec::text_at(evaluation, "variant") == choice.variant) {
        return &candidate;
      }
      names += (names.empty() ? "" : ", ") + codec::text_at(candidate, "model_name") + " " +
               codec::text_at(evaluation, "variant");
    }
  }
  return not_found("the report has no evaluation " + choice.model + " " + choice.variant +
                   (names.empty() ? "" : "; it has " + names));
}

Result<Digests> digests_of(const Json& report, std::string_view bytes, const Json& candidate, bool is_tuned) {
  Digests digests{{"report", sha256_hex(bytes)}};
  std::string datasets;
  for (const Json& dataset : report.at("dataset").at("datasets")) datasets += codec::text_at(dataset, "digest") + '\n';
  digests["datasets"] = sha256_hex(datasets);
  FW_ASSIGN(digests["base"], digest_of_source(codec::text_at(candidate, "source")));
  if (is_tuned) {
    const std::string adapter = codec::text_at(candidate.at("customization"), "adapter");
    if (!adapter.empty()) {
      FW_ASSIGN(digests["adapter"], digest_of_file(adapter));
    }
  }
  return digests;
}

/// Over the datasets as they lie here; of those elsewhere, as the report quotes them.
Result<std::string> present_digest_of_datasets(const Json& report) {
  std::string datasets;
  for (const Json& dataset : report.at("dataset").at("datasets")) {
    std::string digest = codec::text_at(dataset, "digest");
    if (const auto folder = io::path_of_file_uri(codec::text_at(dataset, "uri"))) {
      FW_ASSIGN(digest, digest_of_dataset(*folder));
    }
    datasets += digest + '\n';
  }
  return sha256_hex(datasets);
}

/// The gateway sends a request as the application made it: what was evaluated must have been asked the same way.
Status check_gateway_asks_alike(const Choice& choice, const modelops::Variant& variant) {
  const std::string asked = choice.model + " " + choice.variant + " was asked with ";
  if (!variant.prompt.empty()) {
    return failed_precondition(asked + "the system prompt \"" + variant.prompt +
                               "\", and the gateway sends the application's own: give it to the application, or "
                               "promote an evaluation without it");
  }
  if (variant.has_examples) {
    return failed_precondition(asked +
                               "in-context examples, and the gateway adds none: promote an evaluation without them");
  }
  return {};
}

std::string adapter_of(const Json& report, const std::string& model) {
  for (const Json& candidate : report.at("candidates")) {
    if (codec::text_at(candidate, "model_name") == model)
      return codec::text_at(candidate.at("customization"), "adapter");
  }
  return {};
}

const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNone;
}

/// Whether a training row offers tools, called or not: the template had to say them, whatever the workload's kind.
Result<bool> has_tools(const Json& report) {
  if (codec::text_at(report.at("job"), "workload_type") == "tool_calling") return true;
  for (const Json& dataset : report.at("dataset").at("datasets")) {
    const auto folder = io::path_of_file_uri(codec::text_at(dataset, "uri"));
    if (!folder) continue;
    std::ifstream rows(*folder / "training" / "train_data.jsonl");
    for (std::string line; std::getline(rows, line);) {
      const Json row = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (const Json& tools = member(row, "tools"); tools.is_array() && !tools.empty()) return true;
    }
  }
  return false;
}

/// How the run served it, out of the configuration that the report holds.
Result<ServedModel> served_model_of(const Json& report, const Candidate& chosen) {
  const auto variant = modelops::find_variant(chosen.variant);
  for (const Json& one : member(member(report, "config"), "candidates")) {
    if (codec::text_at(one, "model_name") != chosen.model) continue;
    ServedModel served{.base = codec::text_at(one, "path"),
                       .context_length = one.value("context_length", std::int64_t{0}),
                       .chat_template = codec::text_at(one, "chat_template"),
                       .enable_thinking = one.value("enable_thinking", false)};
    if (served.base.empty()) {
      return failed_precondition(chosen.model +
                                 " was evaluated behind an endpoint, so this machine has nothing to "
                                 "serve: name the gateway's upstream that it is behind (--upstream)");
    }
    for (const Json& layer : member(one, "keep_layers")) served.keep_layers.push_back(layer.get<int>());
    FW_ASSIGN(served.has_tools, has_tools(report));
    served.date = codec::text_at(report.at("job"), "created_at").substr(0, sizeof "2026-11-26" - 1);
    if (variant && variant->has_adapter) served.adapter = adapter_of(report, chosen.model);
    return served;
  }
  return failed_precondition("the report does not say how " + chosen.model + " was served");
}

/// Of all that an engine is told beside the files: another context length answers otherwise.
std::string digest_of_serving(const ServedModel& served) {
  return sha256_hex(Json{{"context_length", served.context_length},
                         {"date", served.date},
                         {"enable_thinking", served.enable_thinking},
                         {"has_tools", served.has_tools},
                         {"keep_layers", served.keep_layers}}
                        .dump());
}

}  // namespace

Result<Candidate> candidate_of_report(std::string_view now, const std::string& model, const std::string& variant,
                                      std::string_view as_written) {
  const Json report = Json::parse(now, nullptr, /*allow_exceptions=*/false);
  try {
    const Json& job = report.at("job");
    if (const auto status = codec::text_at(job, "status"); status != "completed") {
      return failed_precondition("job " + codec::text_at(job, "id") + " is " + status + ", not completed");
    }
    Choice choice = first_of_ranking(report);
    if (!model.empty()) choice.model = model;
    if (!variant.empty()) choice.variant = variant;
    FW_ASSIGN(const Json* candidate, candidate_named(report, choice));
    const auto made_of = modelops::find_variant(choice.variant);
    if (made_of) {
      FW_TRY(check_gateway_asks_alike(choice, *made_of));
    }
    const bool is_tuned = made_of && made_of->has_adapter;
    FW_ASSIGN(Digests digests, digests_of(report, as_written.empty() ? now : as_written, *candidate, is_tuned));
    return Candidate{.workload = codec::text_at(job, "workload_id"),
                     .client = codec::text_at(job, "client_id"),
                     .job = codec::text_at(job, "id"),
                     .model = choice.model,
                     .variant = choice.variant,
                     .upstream = {},
                     .served_model = {},
                     .served = {},
                     .digests = std::move(digests)};
  } catch (const Json::exception&) {
    return data_loss("this is no report of a job");
  }
}

Result<Candidate> served_candidate_of_report(std::string_view now, const std::string& model, const std::string& variant,
                                             std::string_view as_written) {
  FW_ASSIGN(Candidate candidate, candidate_of_report(now, model, variant, as_written));
  try {
    FW_ASSIGN(ServedModel served, served_model_of(Json::parse(now), candidate));
    candidate.digests["serving"] = digest_of_serving(served);
    if (!served.chat_template.empty()) {
      FW_ASSIGN(candidate.digests["template"], digest_of_file(served.chat_template));
    }
    candidate.served = std::move(served);
    return candidate;
  } catch (const Json::exception&) {
    return data_loss("this is no report of a job");
  }
}

Result<Digests> present_digests(std::string_view report, const Candidate& candidate, std::string_view as_written) {
  const auto read = candidate.served ? served_candidate_of_report : candidate_of_report;
  FW_ASSIGN(Candidate present, read(report, candidate.model, candidate.variant, as_written));
  try {
    FW_ASSIGN(present.digests["datasets"], present_digest_of_datasets(Json::parse(report)));
  } catch (const Json::exception&) {
    return data_loss("this is no report of a job");
  }
  return std::move(present.digests);
}

Digests digests_of_upstream(const AskedUpstream& upstream, const std::string& secret) {
  const auto text_of = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  auto headers = upstream.headers;
  for (auto& header : headers) {
    std::ranges::transform(header.first, header.first.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  }
  std::ranges::sort(headers);
  const Json named{{"model", upstream.model}, {"name", upstream.name}, {"url", upstream.url}};
  return {{"upstream", sha256_hex(text_of(named))}, {"headers", hmac_sha256_hex(secret, text_of(Json(headers)))}};
}

modelops::DeploymentRequest deployment_request(const Candidate& candidate, int parallelism) {
  const ServedModel& served = *candidate.served;
  modelops::DeploymentRequest request{
      .model = {.name = candidate.model, .path = served.base}, .parallelism = parallelism, .answers_traffic = true};
  request.model.keep_layers = served.keep_layers;
  request.model.context_length = served.context_length;
  request.model.chat = {.template_file = served.chat_template,
                        .enable_thinking = served.enable_thinking,
                        .has_tools = served.has_tools,
                        .date = served.date};
  if (!served.adapter.empty()) request.adapter = modelops::Adapter{.gguf = served.adapter, .peft = {}};
  return request;
}

}  // namespace fw::promotion
