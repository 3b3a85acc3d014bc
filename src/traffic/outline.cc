#include "traffic/outline.h"

#include <algorithm>
#include <utility>

namespace fw::traffic {
namespace {

constexpr std::size_t kMostBytesOfName = 128;
constexpr const char* kOther = "(other)";

bool is_part_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':' || c == '/';
}

/// A model may write anything where a name should be.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= kMostBytesOfName && std::ranges::all_of(text, is_part_of_name);
}

std::string name_or_other(std::string name) { return is_name(name) ? std::move(name) : kOther; }

}  // namespace

record::Interaction outlined(const record::Interaction& interaction, Timestamp now, ExchangeReader& reader) {
  Exchange seen = reader.read(interaction);
  record::Outline outline;
  outline.expired = from_epoch_seconds(to_epoch_seconds(now));
  outline.request_bytes = interaction.request.size();
  outline.response_bytes = interaction.response.size();
  outline.messages = seen.messages;
  outline.tools_offered = seen.tools_offered;
  for (std::string& name : seen.called) outline.called.push_back(name_or_other(std::move(name)));
  outline.label = outline.called.empty() ? std::move(seen.label) : outline.called.front();
  if (is_name(seen.finish_reason)) outline.finish_reason = std::move(seen.finish_reason);
  outline.is_error = seen.is_error;
  outline.prompt_tokens = seen.prompt_tokens;
  outline.completion_tokens = seen.completion_tokens;
  outline.cached_tokens = seen.cached_tokens;

  record::Interaction out;
  out.id = interaction.id;
  out.workload = interaction.workload;
  out.client = interaction.client;
  out.timestamp = interaction.timestamp;
  out.provenance = interaction.provenance;
  out.provenance.model_asked = std::move(seen.model_asked);
  out.provenance.model_answered = std::move(seen.model_answered);
  out.outline = std::move(outline);
  return out;
}

}  // namespace fw::traffic
