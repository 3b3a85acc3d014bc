#include "modelops/local/impl/trainer_protocol.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "codec/json_member.h"

namespace fw::modelops {
namespace {

using Json = nlohmann::json;

/// The shortest text that reads back as the same number, whatever the locale.
std::string text_of(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string_view text_of(Schedule schedule) {
  switch (schedule) {
    case Schedule::kConstant: return "constant";
    case Schedule::kLinear: return "linear";
    case Schedule::kCosine: return "cosine";
  }
  return "linear";
}

std::string joined(const std::vector<int>& layers) {
  std::string out;
  for (const int layer : layers) out += (out.empty() ? "" : ",") + std::to_string(layer);
  return out;
}

void add_device(std::vector<std::string>& out, TrainingDevice device) {
  if (device == TrainingDevice::kAuto) return;
  out.insert(out.end(), {"--device", device == TrainingDevice::kCuda ? "cuda" : "cpu"});
}

void add_model(std::vector<std::string>& out, const TrainingJob& job, const TrainerFolders& folders) {
  const auto add = [&](const char* name, std::string value) { out.insert(out.end(), {name, std::move(value)}); };
  add("--model", job.model.path.string());
  if (!job.model.keep_layers.empty()) add("--keep-layers", joined(job.model.keep_layers));
  if (!folders.chat_template.empty()) add("--chat-template-file", folders.chat_template.string());
  if (job.model.chat.enable_thinking) out.emplace_back("--enable-thinking");
  if (folders.memory_share < 1) add("--memory-share", text_of(folders.memory_share));
  add("--train", job.train_rows.string());
  if (!job.validation_rows.empty()) add("--validation", job.validation_rows.string());
  add("--out", folders.adapter.string());
  add("--checkpoint", folders.checkpoint.string());
}

/// A number of the right kind, or nothing: a fraction or a negative number is never squeezed into a count.
template <class T>
std::optional<T> number(const Json& json, const char* name) {
  const auto it = json.find(name);
  if (it == json.end()) return std::nullopt;
  const bool fits = std::is_floating_point_v<T> ? it->is_number()
                    : std::is_signed_v<T>       ? it->is_number_integer()
                                                : it->is_number_unsigned();
  if (!fits) return std::nullopt;
  return it->get<T>();
}

template <class T>
void read(const Json& json, const char* name, T& out) {
  out = number<T>(json, name).value_or(out);
}

template <class T>
void read(const Json& json, const char* name, std::optional<T>& out) {
  out = number<T>(json, name);
}

TrainingProgressEvent parse_progress(const Json& json) {
  TrainingProgressEvent out;
  auto& p = out.progress;
  read(json, "step", p.step);
  read(json, "total_steps", p.total_steps);
  read(json, "epoch", p.epoch);
  read(json, "loss", p.loss);
  read(json, "validation_loss", p.validation_loss);
  read(json, "learning_rate", p.learning_rate);
  read(json, "tokens_per_second", p.tokens_per_second);
  read(json, "memory_bytes", p.memory_bytes);
  read(json, "seconds_left", p.seconds_left);
  out.is_again = json.value("again", Json(false)) == Json(true);
  return out;
}

/// `12 rows of train.jsonl: longer than 4096 tokens (first in line 7)`
std::string describe_reason(const Json& reason) {
  std::uint64_t rows = 0, line = 0;
  read(reason, "rows", rows);
  read(reason, "first_line", line);
  const std::string file = std::filesystem::path(codec::text_at(reason, "file")).filename().string();
  return std::to_string(rows) + " rows of " + file + " were left out: " + codec::text_at(reason, "reason") +
         " (first in line " + std::to_string(line) + ")";
}

Result<TrainingEvent> parse_done(const Json& json) {
  TrainedModel model;
  model.adapter = {.gguf = codec::text_at(json, "adapter_gguf"), .peft = codec::text_at(json, "adapter_peft")};
  if (model.adapter.gguf.empty()) return data_loss("the trainer's last event names no adapter");
  read(json, "steps", model.steps);
  read(json, "epochs", model.epochs);
  read(json, "rows", model.rows);
  read(json, "best_step", model.best_step);
  read(json, "rows_left_out", model.rows_left_out);
  read(json, "validation_loss", model.validation_loss);
  read(json, "validation_exact", model.validation_exact);
  const auto reasons = json.find("reasons");
  if (reasons != json.end() && reasons->is_array()) {
    for (const auto& reason : *reasons) {
      if (reason.is_object()) model.warnings.push_back(describe_reason(reason));
    }
  }
  const auto warnings = json.find("warnings");
  if (warnings != json.end() && warnings->is_array()) {
    for (const auto& warning : *warnings) {
      if (warning.is_string()) model.warnings.push_back(warning.get<std::string>());
    }
  }
  return TrainingEvent(TrainingDoneEvent{std::move(model)});
}

TrainingErrorEvent parse_error(const Json& json) {
  const std::string code = codec::text_at(json, "code");
  Error error = internal(codec::text_at(json, "message"));
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    if (to_string(static_cast<ErrorCode>(i)) == code) error.code = static_cast<ErrorCode>(i);
  }
  return {std::move(error)};
}

}  // namespace

std::vector<std::string> trainer_arguments(const TrainingJob& job, const TrainerFolders& folders, int threads) {
  std::vector<std::string> out{"train"};
  add_model(out, job, folders);
  const auto add = [&](const char* name, std::string value) { out.insert(out.end(), {name, std::move(value)}); };
  const TrainingSettings& s = job.settings;
  add("--epochs", std::to_string(s.epochs));
  add("--batch-size", std::to_string(s.batch_size));
  add("--learning-rate", text_of(s.learning_rate));
  add("--rank", std::to_string(s.adapter_dim));
  add("--alpha", text_of(s.alpha.value_or(2.0 * s.adapter_dim)));
  add("--dropout", text_of(s.adapter_dropout));
  if (s.upper_layers) add("--upper-layers", std::to_string(*s.upper_layers));
  if (s.rank_stabilised) out.emplace_back("--rank-stabilised");
  if (s.best_by == BestBy::kExact) out.insert(out.end(), {"--best-by", "exact"});
  if (s.patience > 0) add("--patience", std::to_string(s.patience));
  add("--schedule", std::string(text_of(s.schedule)));
  add("--warmup-ratio", text_of(s.warmup_ratio));
  add("--final-lr-ratio", text_of(s.final_lr_ratio));
  add("--clip-norm", text_of(s.clip_norm));
  add("--weight-decay", text_of(s.weight_decay));
  add("--gradient-accumulation", std::to_string(s.gradient_accumulation));
  if (s.precision == TrainingPrecision::kFp32) add("--precision", "fp32");
  add_device(out, s.device);
  add("--max-seq-length", std::to_string(s.max_seq_length));
  add("--seed", std::to_string(job.seed));
  add("--threads", std::to_string(threads));
  return out;
}

std::vector<std::string> plan_arguments(const ModelSpec& model, const TrainingSettings& settings) {
  std::vector<std::string> out{"plan", "--model", model.path.string()};
  const auto add = [&](const char* name, std::string value) { out.insert(out.end(), {name, std::move(value)}); };
  if (!model.keep_layers.empty()) add("--keep-layers", joined(model.keep_layers));
  add("--batch-size", std::to_string(settings.batch_size));
  add("--gradient-accumulation", std::to_string(settings.gradient_accumulation));
  add("--rank", std::to_string(settings.adapter_dim));
  if (settings.upper_layers) add("--upper-layers", std::to_string(*settings.upper_layers));
  if (settings.precision == TrainingPrecision::kFp32) add("--precision", "fp32");
  add("--max-seq-length", std::to_string(settings.max_seq_length));
  add_device(out, settings.device);
  return out;
}

Result<TrainingEvent> parse_training_event(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("event"))
    return data_loss("not an event of the trainer: " + line.substr(0, 200));
  const std::string event = codec::text_at(json, "event");
  if (event == "started") return TrainingEvent(TrainingStartedEvent{codec::text_at(json, "device")});
  if (event == "progress") return TrainingEvent(parse_progress(json));
  if (event == "done") return parse_done(json);
  if (event == "error") return TrainingEvent(parse_error(json));
  return TrainingEvent(OtherTrainingEvent{});
}

}  // namespace fw::modelops
