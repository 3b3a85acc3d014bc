#include "trainer/loop/checkpoint.h"

#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/safetensors.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFile = "checkpoint.safetensors";
constexpr const char* kState = "state";

Json encode(const Progress& p) {
  Json json{{"step", p.step}, {"total_steps", p.total_steps}, {"epoch", p.epoch}};
  if (p.loss) json["loss"] = *p.loss;
  if (p.validation_loss) json["validation_loss"] = *p.validation_loss;
  if (p.validation_exact) json["validation_exact"] = *p.validation_exact;
  json["learning_rate"] = p.learning_rate;
  json["tokens_per_second"] = p.tokens_per_second;
  json["memory_bytes"] = p.memory_bytes;
  json["seconds_left"] = p.seconds_left;
  return json;
}

Progress decode(const Json& json) {
  Progress p;
  p.step = json.at("step");
  p.total_steps = json.at("total_steps");
  p.epoch = json.at("epoch");
  const auto optional = [&](const char* key, std::optional<double>& out) {
    if (json.contains(key) && json[key].is_number()) out = json[key].get<double>();
  };
  optional("loss", p.loss);
  optional("validation_loss", p.validation_loss);
  optional("validation_exact", p.validation_exact);
  p.learning_rate = json.at("learning_rate");
  p.tokens_per_second = json.at("tokens_per_second");
  p.memory_bytes = json.at("memory_bytes");
  p.seconds_left = json.at("seconds_left");
  return p;
}

Json encode(const CheckpointState& state) {
  Json curve = Json::array();
  for (const auto& p : state.curve) curve.push_back(encode(p));
  return {{"fingerprint", state.fingerprint},
          {"step", state.step},
          {"pass_tokens", state.pass_tokens},
          {"seconds", state.seconds},
          {"curve", std::move(curve)}};
}

CheckpointState decode_state(const std::string& text) {
  const auto json = Json::parse(text);
  CheckpointState state;
  state.fingerprint = json.at("fingerprint");
  state.step = json.at("step");
  state.pass_tokens = json.at("pass_tokens");
  state.seconds = json.at("seconds");
  for (const auto& p : json.at("curve")) state.curve.push_back(decode(p));
  return state;
}

// Names and tensors of everything that is kept, in one order for writing and reading.
std::vector<std::pair<std::string, at::Tensor>> tensors_of(const Adapter& adapter, Optimizer& optimizer) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  const auto named = adapter.named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    tensors.emplace_back(named[i].name, named[i].tensor);
    tensors.emplace_back(named[i].name + ".mean", optimizer.means()[i]);
    tensors.emplace_back(named[i].name + ".variance", optimizer.variances()[i]);
  }
  return tensors;
}

}  // namespace

std::string to_json(const Progress& progress) { return encode(progress).dump(); }

Status write_checkpoint(const std::filesystem::path& folder, const CheckpointState& state, const Adapter& adapter,
                        Optimizer& optimizer) {
  FW_TRY(io::create_folders(folder));
  std::vector<modelfile::TensorToWrite> out;
  for (const auto& [name, tensor] : tensors_of(adapter, optimizer)) {
    const auto data = values(tensor);
    out.push_back({name,
                   modelfile::ElementType::kF32,
                   {tensor.sizes().begin(), tensor.sizes().end()},
                   {reinterpret_cast<const char*>(data.data()), data.size_bytes()}});
  }
  return io::write_file_atomically(folder / kFile, modelfile::make_safetensors(out, {{kState, encode(state).dump()}}));
}

Result<std::optional<CheckpointState>> read_checkpoint(const std::filesystem::path& folder,
                                                       const std::string& fingerprint, Adapter& adapter,
                                                       Optimizer& optimizer) {
  const auto path = folder / kFile;
  if (std::error_code error; !std::filesystem::exists(path, error)) return std::optional<CheckpointState>();
  const Error damaged = data_loss("checkpoint " + path.string() + " is damaged; delete it to start anew");
  const auto file = modelfile::SafetensorsFile::open(path);
  if (!file.ok()) return damaged;
  const auto text = file->header().metadata.find(kState);
  if (text == file->header().metadata.end()) return damaged;
  CheckpointState state;
  try {
    state = decode_state(text->second);
  } catch (const nlohmann::json::exception&) {
    return damaged;
  }
  if (state.fingerprint != fingerprint) return std::optional<CheckpointState>();
  for (auto& [name, tensor] : tensors_of(adapter, optimizer)) {
    const auto* entry = file->find(name);
    if (entry == nullptr) return damaged;
    auto* data = const_cast<float*>(tensor.const_data_ptr<float>());
    if (!file->read_floats(*entry, {data, static_cast<std::size_t>(tensor.numel())}).ok()) return damaged;
  }
  optimizer.set_steps(state.step);
  return std::optional<CheckpointState>(std::move(state));
}

}  // namespace fw::trainer
