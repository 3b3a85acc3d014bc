#include "discovery/accepted_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "capture/gateway/label_rule.h"
#include "io/file.h"

namespace fw::discovery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
constexpr std::size_t kMostRules = 1000;

std::string to_json(const AcceptedRules::BySource& rules) {
  Json json = Json::object();
  for (const auto& [source, list] : rules) json[source] = Json::parse(capture::to_json(list));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<AcceptedRules::BySource> parse(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return data_loss("is no JSON object");
  AcceptedRules::BySource rules;
  for (const auto& [source, list] : json.items()) {
    FW_ASSIGN(rules[source], capture::parse_label_rules(list.dump()));
  }
  return rules;
}

/// Whether two rules take the same requests.
bool take_the_same(capture::LabelRule a, const capture::LabelRule& b) {
  a.workload = b.workload;
  a.client = b.client;
  return a == b;
}

}  // namespace

AcceptedRules::AcceptedRules(std::filesystem::path file, std::string untagged, BySource rules)
    : file_(std::move(file)),
      untagged_(std::move(untagged)),
      rules_(std::make_shared<const BySource>(std::move(rules))),
      live_(std::make_shared<capture::LiveRules>()) {
  if (const auto at = rules_->find(untagged_); at != rules_->end()) live_->set(at->second);
}

Result<std::unique_ptr<AcceptedRules>> AcceptedRules::open(std::filesystem::path file, std::string untagged) {
  BySource rules;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    FW_ASSIGN(const std::string text, io::read_file(file, kMostBytes));
    auto read = parse(text);
    if (!read.ok()) return data_loss("the accepted workloads in " + file.string() + ": " + read.error().message);
    rules = std::move(*read);
  }
  return std::unique_ptr<AcceptedRules>(new AcceptedRules(std::move(file), std::move(untagged), std::move(rules)));
}

std::shared_ptr<const AcceptedRules::BySource> AcceptedRules::get() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

Status AcceptedRules::put(BySource rules) {
  // On disk first: what was accepted holds after a restart too.
  FW_TRY(io::write_file_atomically(file_, to_json(rules)));
  const std::unique_lock naming(naming_);
  const std::lock_guard lock(mutex_);
  const auto untagged = rules.find(untagged_);
  live_->set(untagged == rules.end() ? std::vector<capture::LabelRule>() : untagged->second);
  rules_ = std::make_shared<const BySource>(std::move(rules));
  ++revision_;
  return {};
}

Status AcceptedRules::add(const std::string& source, std::vector<capture::LabelRule> rules) {
  const std::lock_guard changing(changing_);
  BySource all = *get();
  auto& list = all[source];
  for (const auto& rule : rules) {
    if (rule.workload == source) return invalid_argument("a workload of " + source + " needs another name");
    std::erase_if(list, [&](const auto& old) { return take_the_same(old, rule); });
  }
  list.insert(list.begin(), rules.begin(), rules.end());
  if (list.size() > kMostRules) return resource_exhausted("there are 1000 accepted rules already; remove some");
  return put(std::move(all));
}

Result<std::size_t> AcceptedRules::remove(const std::string& workload) {
  const std::lock_guard changing(changing_);
  BySource all = *get();
  std::size_t removed = 0;
  for (auto& [source, list] : all) {
    removed += std::erase_if(list, [&](const auto& rule) { return rule.workload == workload; });
  }
  if (removed > 0) FW_TRY(put(std::move(all)));
  return removed;
}

}  // namespace fw::discovery
