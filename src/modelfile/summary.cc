#include "modelfile/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/input_file.h"
#include "modelfile/folder_summary.h"
#include "modelfile/gguf_model.h"

namespace fw::modelfile {
namespace {

class Facts {
 public:
  Facts(const GgufHeader& header, std::string architecture) : header_(header), prefix_(std::move(architecture) + ".") {}

  [[nodiscard]] std::string text(std::string_view key) const {
    const GgufValue* value = header_.find(key);
    const auto text = value != nullptr ? value->as_string() : std::nullopt;
    return text ? harmless(text->substr(0, 200)) : std::string();
  }

  /// A number of the architecture; the largest where there is one per layer.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const {
    const GgufValue* value = header_.find(prefix_ + std::string(name));
    if (value == nullptr) return std::nullopt;
    const auto per_layer = value->as_uints();
    if (per_layer && !per_layer->empty()) return *std::ranges::max_element(*per_layer);
    return value->as_uint();
  }

 private:
  const GgufHeader& header_;
  std::string prefix_;
};

void add_tensors(const GgufHeader& header, ModelSummary& out) {
  for (const GgufTensor& tensor : header.tensors) {
    TypeShare& share = out.types[std::string(find_ggml_type(tensor.type)->name)];
    ++share.tensors;
    share.parameters += tensor.elements();
    share.bytes += tensor.bytes;
    out.parameters += tensor.elements();
  }
}

void add_tokenizer(const GgufHeader& header, const Facts& facts, ModelSummary& out) {
  const std::string pre = facts.text("tokenizer.ggml.pre");
  out.tokenizer = facts.text("tokenizer.ggml.model") + (pre.empty() ? "" : ", " + pre);
  if (const GgufValue* tokens = header.find("tokenizer.ggml.tokens")) {
    out.vocabulary = tokens->count;
  } else {
    out.vocabulary = facts.number("vocab_size");
  }
  const GgufValue* chat = header.find("tokenizer.chat_template");
  const auto text = chat != nullptr ? chat->as_string() : std::nullopt;
  out.has_chat_template = text.has_value();
  out.chat_template_knows_tools = text && text->find("tools") != text->npos;
}

std::string scaled(double number, std::initializer_list<std::string_view> units, double step) {
  auto unit = units.begin();
  while (number >= step && unit + 1 != units.end()) number /= step, ++unit;
  return fmt::format("{:.{}f}{}", number,
                     number < 10 && unit != units.begin()    ? 2
                     : number < 100 && unit != units.begin() ? 1
                                                             : 0,
                     *unit);
}

std::string layers_text(const ModelSummary& summary) {
  std::string out = std::to_string(*summary.layers);
  if (summary.kept_layers.empty()) return out;
  out += ", kept of the original:";
  for (std::size_t i = 0; i < summary.kept_layers.size(); ++i) {
    std::size_t last = i;
    while (last + 1 < summary.kept_layers.size() && summary.kept_layers[last + 1] == summary.kept_layers[last] + 1)
      ++last;
    out += fmt::format("{} {}", i == 0 ? "" : ",", summary.kept_layers[i]);
    if (last > i) out += fmt::format("-{}", summary.kept_layers[last]);
    i = last;
  }
  return out;
}

template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

}  // namespace

std::string harmless(std::string_view text) {
  const std::string valid =
      nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
          .get<std::string>();
  std::string out;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto c = static_cast<unsigned char>(valid[i]);
    // C1 controls are two bytes in UTF-8: 0xc2 0x80..0x9f.
    const bool c1 = c == 0xc2 && static_cast<unsigned char>(valid[i + 1]) < 0xa0;
    if (c1) ++i;
    out += c1 || c < 0x20 || c == 0x7f ? '?' : valid[i];
  }
  return out;
}

Result<ModelSummary> summarise(const GgufHeader& header) {
  const GgufValue* name = header.find("general.architecture");
  const auto architecture = name != nullptr ? name->as_string() : std::nullopt;
  if (!architecture || architecture->empty()) {
    return data_loss("names no architecture (general.architecture); is it a model?");
  }
  const Facts facts(header, std::string(*architecture));
  ModelSummary out;
  out.format = "GGUF v" + std::to_string(header.version);
  out.architecture = facts.text("general.architecture");
  out.kind = facts.text("general.type").empty() ? "model" : facts.text("general.type");
  out.name = facts.text("general.name");
  out.license = facts.text("general.license");
  out.layers = facts.number("block_count");
  out.width = facts.number("embedding_length");
  out.feed_forward = facts.number("feed_forward_length");
  out.heads = facts.number("attention.head_count");
  out.kv_heads = facts.number("attention.head_count_kv");
  out.context_length = facts.number("context_length");
  out.tied_embeddings =
      header.find_tensor("token_embd.weight") != nullptr && header.find_tensor("output.weight") == nullptr;
  if (const GgufValue* kept = header.find("flywheel.kept_layers"))
    out.kept_layers = kept->as_uints().value_or(std::vector<std::uint64_t>{});
  add_tokenizer(header, facts, out);
  add_tensors(header, out);
  return out;
}

Result<ModelSummary> inspect(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return inspect_folder(path);
  FW_ASSIGN(const io::InputFile file, io::InputFile::open(path));
  FW_ASSIGN(const GgufModel model, read_gguf_model(path));
  auto summary = summarise(model.header);
  if (!summary.ok()) return Error{summary.error().code, path.string() + " " + summary.error().message};
  summary->path = path.string();
  summary->files = model.files.size();
  summary->file_bytes = model.file_bytes;
  return summary;
}

std::string to_text(const ModelSummary& s) {
  std::string out;
  const auto line = [&out](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{:<14}{}\n", name, value);
  };
  const auto number = [&line](std::string_view name, const std::optional<std::uint64_t>& value) {
    if (value) line(name, std::to_string(*value));
  };
  line("file", harmless(s.path) + (s.files > 1 ? fmt::format(" and {} more", s.files - 1) : ""));
  line("format", fmt::format("{} {}, {}", s.format, s.kind,
                             scaled(static_cast<double>(s.file_bytes), {" B", " KB", " MB", " GB"}, 1000)));
  line("name", s.name);
  line("license", s.license);
  line("architecture", s.architecture);
  line("parameters", scaled(static_cast<double>(s.parameters), {"", "K", "M", "B"}, 1000) +
                         (s.tied_embeddings ? ", input and output embedding shared" : ""));
  if (s.layers) line("layers", layers_text(s));
  number("width", s.width);
  number("feed-forward", s.feed_forward);
  if (s.heads)
    line("heads", std::to_string(*s.heads) + (s.kv_heads ? fmt::format(", {} for keys and values", *s.kv_heads) : ""));
  number("context", s.context_length);
  if (s.vocabulary)
    line("vocabulary", std::to_string(*s.vocabulary) + (s.tokenizer.empty() ? "" : " (" + s.tokenizer + ")"));
  if (s.kind == "model")
    line("chat template", !s.has_chat_template          ? "none"
                          : s.chat_template_knows_tools ? "yes, with tools"
                                                        : "yes, without tools");
  for (const auto& [name, share] : s.types) {
    line("tensors", fmt::format("{:<8}{:>5} of {} parameters, {}", name, share.tensors,
                                scaled(static_cast<double>(share.parameters), {"", "K", "M", "B"}, 1000),
                                scaled(static_cast<double>(share.bytes), {" B", " KB", " MB", " GB"}, 1000)));
  }
  return out;
}

nlohmann::ordered_json to_json(const ModelSummary& s) {
  using Json = nlohmann::ordered_json;
  Json types = Json::object();
  for (const auto& [name, share] : s.types) {
    types[name] = {{"tensors", share.tensors}, {"parameters", share.parameters}, {"bytes", share.bytes}};
  }
  return {{"path", harmless(s.path)},
          {"format", s.format},
          {"kind", s.kind},
          {"name", s.name},
          {"license", s.license},
          {"architecture", s.architecture},
          {"files", s.files},
          {"file_bytes", s.file_bytes},
          {"parameters", s.parameters},
          {"layers", or_null(s.layers)},
          {"kept_layers", s.kept_layers.empty() ? Json() : Json(s.kept_layers)},
          {"width", or_null(s.width)},
          {"feed_forward", or_null(s.feed_forward)},
          {"heads", or_null(s.heads)},
          {"kv_heads", or_null(s.kv_heads)},
          {"context_length", or_null(s.context_length)},
          {"vocabulary", or_null(s.vocabulary)},
          {"tokenizer", s.tokenizer},
          {"has_chat_template", s.has_chat_template},
          {"chat_template_knows_tools", s.chat_template_knows_tools},
          {"tied_embeddings", s.tied_embeddings},
          {"types", std::move(types)}};
}

}  // namespace fw::modelfile
