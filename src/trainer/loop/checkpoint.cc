#include "trainer/loop/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "modelfile/safetensors.h"

namespace fw::trainer {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFile = "checkpoint.safetensors";
constexpr const char* kCurve = "curve.jsonl";
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
  Json json{{"fingerprint", state.fingerprint},
            {"step", state.step},
            {"pass_tokens", state.pass_tokens},
            {"seconds", state.seconds},
            {"points", state.curve.size()}};
  if (state.best) json["best"] = {{"step", state.best->step}, {"loss", state.best->loss}, {"exact", state.best->exact}};
  return json;
}

struct DecodedState {
  CheckpointState state;
  std::size_t points = 0;
};

// `adapter`: what a best one is shaped like.
DecodedState decode_state(const std::string& text, const Adapter& adapter) {
  const auto json = Json::parse(text);
  DecodedState out;
  out.state.fingerprint = json.at("fingerprint");
  out.state.step = json.at("step");
  out.state.pass_tokens = json.at("pass_tokens");
  out.state.seconds = json.at("seconds");
  out.points = json.at("points");
  if (const auto best = json.find("best"); best != json.end())
    out.state.best = BestAdapter{copy(adapter), best->at("step"), best->at("loss"), best->at("exact")};
  return out;
}

// Names and tensors of everything that is kept, in one order for writing and reading.
std::vector<std::pair<std::string, at::Tensor>> tensors_of(const Adapter& adapter, Optimizer& optimizer,
                                                           const std::optional<BestAdapter>& best) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  const auto named = adapter.named();
  for (std::size_t i = 0; i < named.size(); ++i) {
    tensors.emplace_back(named[i].name, named[i].tensor);
    tensors.emplace_back(named[i].name + ".mean", optimizer.means()[i]);
    tensors.emplace_back(named[i].name + ".variance", optimizer.variances()[i]);
  }
  if (best)
    for (const auto& item : best->adapter.named()) tensors.emplace_back("best." + item.name, item.tensor);
  return tensors;
}

}  // namespace

std::string to_json(const Progress& progress) { return encode(progress).dump(); }

Status Checkpoint::write(const CheckpointState& state, const Adapter& adapter, Optimizer& optimizer) {
  FW_TRY(io::create_folders(folder_));
  FW_TRY(append_curve(state.curve));
  std::vector<modelfile::TensorToWrite> out;
  for (const auto& [name, tensor] : tensors_of(adapter, optimizer, state.best)) {
    const auto data = values(tensor);
    out.push_back({name,
                   modelfile::ElementType::kF32,
                   {tensor.sizes().begin(), tensor.sizes().end()},
                   {reinterpret_cast<const char*>(data.data()), data.size_bytes()}});
  }
  return modelfile::write_safetensors(folder_ / kFile, out, {{kState, encode(state).dump()}});
}

Status Checkpoint::append_curve(const std::vector<Progress>& curve) {
  const auto path = folder_ / kCurve;
  std::string lines;
  for (std::size_t i = points_written_; i < curve.size(); ++i) lines += encode(curve[i]).dump() + "\n";
  const int fresh = points_written_ == 0 ? O_TRUNC : O_APPEND;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | fresh, 0644);
  if (fd < 0) return system_error("cannot open " + path.string(), errno);
  std::string_view rest = lines;
  ssize_t n = 0;
  while (!rest.empty() && (n = ::write(fd, rest.data(), rest.size())) > 0)
    rest.remove_prefix(static_cast<std::size_t>(n));
  const bool written = rest.empty() && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return system_error("cannot write " + path.string(), error);
  points_written_ = curve.size();
  return {};
}

// The first `points` lines; what stands behind them belongs to a checkpoint that was not finished, and goes.
Result<std::vector<Progress>> Checkpoint::read_curve(std::size_t points) {
  const auto path = folder_ / kCurve;
  FW_ASSIGN(const auto text, io::read_file(path));
  std::vector<Progress> curve;
  std::size_t begin = 0;
  while (curve.size() < points) {
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) return data_loss(path.string() + " is too short");
    curve.push_back(decode(Json::parse(text.substr(begin, end - begin))));
    begin = end + 1;
  }
  std::error_code error;
  std::filesystem::resize_file(path, begin, error);
  if (error) return system_error("cannot shorten " + path.string(), error.value());
  points_written_ = points;
  return curve;
}

Result<std::optional<CheckpointState>> Checkpoint::read(const std::string& fingerprint, Adapter& adapter,
                                                        Optimizer& optimizer) {
  const auto path = folder_ / kFile;
  if (std::error_code error; !std::filesystem::exists(path, error)) return std::optional<CheckpointState>();
  const Error damaged = data_loss("checkpoint " + path.string() + " is damaged; delete it to start anew");
  const auto file = modelfile::SafetensorsFile::open(path);
  if (!file.ok()) return damaged;
  const auto text = file->header().metadata.find(kState);
  if (text == file->header().metadata.end()) return damaged;
  CheckpointState state;
  try {
    if (Json::parse(text->second).value("fingerprint", "") != fingerprint) return std::optional<CheckpointState>();
    auto decoded = decode_state(text->second, adapter);
    state = std::move(decoded.state);
    auto curve = read_curve(decoded.points);
    if (!curve.ok()) return damaged;
    state.curve = std::move(curve).value();
  } catch (const nlohmann::json::exception&) {
    return damaged;
  }
  for (auto& [name, tensor] : tensors_of(adapter, optimizer, state.best)) {
    const auto* entry = file->find(name);
    if (entry == nullptr) return damaged;
    auto* data = const_cast<float*>(tensor.const_data_ptr<float>());
    if (!file->read_floats(*entry, {data, static_cast<std::size_t>(tensor.numel())}).ok()) return damaged;
  }
  optimizer.set_steps(state.step);
  return std::optional<CheckpointState>(std::move(state));
}

}  // namespace fw::trainer
