#include "capture/gateway/labels.h"

#include <algorithm>

#include "capture/gateway/label_rule.h"

namespace fw::capture {
namespace {

constexpr std::string_view kOwnPrefix = "x-flywheel-";
constexpr std::size_t kMaxTags = 32;
constexpr std::size_t kMaxTagBytes = 256;

bool is_own(std::string_view name) {
  return name.size() > kOwnPrefix.size() && net::equals_ignoring_case(name.substr(0, kOwnPrefix.size()), kOwnPrefix);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `env=prod, canary`: names with and without values.
std::vector<record::Tag> parse_tags(std::string_view text) {
  std::vector<record::Tag> tags;
  while (!text.empty() && tags.size() < kMaxTags) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item.empty()) continue;
    const auto equals = std::min(item.find('='), item.size());
    const auto value = equals < item.size() ? trimmed(item.substr(equals + 1)) : std::string_view();
    tags.push_back({record::repaired_id(std::string(trimmed(item.substr(0, equals))), kMaxTagBytes),
                    value.empty() ? "" : record::repaired_id(std::string(value), kMaxTagBytes)});
  }
  return tags;
}

std::string in_metadata(const RequestScan& scan, std::string_view name, std::string_view short_name) {
  for (const auto wanted : {name, short_name}) {
    const auto found = std::find_if(scan.metadata.begin(), scan.metadata.end(),
                                    [&](const auto& pair) { return pair.first == wanted; });
    if (found != scan.metadata.end() && !found->second.empty()) return found->second;
  }
  return {};
}

std::string client_by(const std::vector<LabelRule>& rules, std::string_view path, const RequestScan& scan) {
  for (const auto& rule : rules) {
    if (!rule.client.empty() && fits(rule, path, scan)) return rule.client;
  }
  return {};
}

/// Traffic that nobody named goes on as it did: what people accept later takes no request from a key.
std::string accepted_workload(const CaptureSettings& settings, std::string_view path, const RequestScan& scan,
                              const auth::Caller& caller) {
  if (!settings.accepted) return {};
  std::string workload = workload_by(*settings.accepted->get(), path, scan);
  return caller.may_write(workload) ? workload : std::string();
}

std::string first_of(std::string one, std::string other) { return one.empty() ? std::move(other) : std::move(one); }

}  // namespace

Labels labels_of(std::string_view path, const net::Headers& headers, const RequestScan& scan,
                 const CaptureSettings& settings, const auth::Caller& caller) {
  const auto header = [&](std::string_view name) { return std::string(trimmed(headers.find(name).value_or(""))); };
  std::string workload = first_of(header("x-flywheel-workload"), in_metadata(scan, "workload_id", "workload"));
  if (workload.empty() && caller.workloads.size() == 1) workload = caller.workloads.front();
  if (workload.empty()) workload = workload_by(settings.rules, path, scan);
  if (workload.empty()) workload = accepted_workload(settings, path, scan, caller);
  std::string client = first_of(caller.tenant, header("x-flywheel-client"));
  if (client.empty()) client = in_metadata(scan, "client_id", "client");
  if (client.empty()) client = first_of(scan.user, client_by(settings.rules, path, scan));
  Labels labels;
  labels.workload = record::WorkloadId::from_stored(first_of(std::move(workload), settings.untagged));
  labels.client = record::ClientId::from_stored(first_of(std::move(client), settings.client));
  labels.conversation =
      first_of(header("x-flywheel-conversation"), in_metadata(scan, "conversation_id", "conversation"));
  if (!labels.conversation.empty()) labels.conversation = record::repaired_id(std::move(labels.conversation), 256);
  labels.key = caller.key_id;
  labels.tags = parse_tags(headers.find("x-flywheel-tags").value_or(""));
  return labels;
}

bool wants_system(const CaptureSettings& settings) {
  return std::ranges::any_of(settings.rules, looks_into_request) ||
         (settings.accepted && !settings.accepted->get()->empty());
}

void remove_own_headers(net::Headers& headers) {
  std::vector<std::string> own;
  for (const auto& field : headers) {
    if (is_own(field.name)) own.push_back(field.name);
  }
  for (const auto& name : own) headers.remove(name);
}

}  // namespace fw::capture
