#include "capture/redaction/redactor.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "capture/completions/impl/escaped.h"
#include "capture/redaction/impl/detectors.h"
#include "capture/redaction/impl/json_edits.h"
#include "capture/redaction/impl/json_path.h"
#include "capture/redaction/impl/read_escapes.h"

namespace fw::capture {
namespace {

constexpr std::size_t kBlobBytes = 1024;
constexpr std::size_t kTokenLetters = 16;
constexpr std::size_t kMostRules = 256;
constexpr const char* kTokens = "logprobs";  // under which name tokens that went with a text are counted

/// A pattern of the configuration.
class OwnPattern final : public Detector {
 public:
  static Result<std::unique_ptr<Detector>> parse(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    auto out = std::make_unique<OwnPattern>(pattern, options);
    if (!out->pattern_.ok()) return invalid_argument("pattern: " + out->pattern_.error());
    return std::unique_ptr<Detector>(std::move(out));
  }
  OwnPattern(const std::string& pattern, const RE2::Options& options) : pattern_(pattern, options) {}

  [[nodiscard]] bool may_be_in(const TextFacts&) const override { return true; }
  [[nodiscard]] std::optional<Found> find(std::string_view text, std::size_t from) const override {
    re2::StringPiece match;
    while (from < text.size()) {
      if (!pattern_.Match({text.data(), text.size()}, from, text.size(), RE2::UNANCHORED, &match, 1)) break;
      const auto begin = static_cast<std::size_t>(match.data() - text.data());
      if (!match.empty()) return Found{begin, begin + match.size()};
      from = begin + 1;
    }
    return std::nullopt;
  }

 private:
  RE2 pattern_;
};

std::string label_of(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool is_lower = c >= 'a' && c <= 'z';
    const bool is_kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += is_lower ? static_cast<char>(c - 'a' + 'A') : is_kept ? c : '_';
  }
  return out;
}

struct Rule {
  std::string name;
  std::string label;
  RedactionAction action = RedactionAction::kMask;
  std::unique_ptr<Detector> detector;  ///< null: a path
  std::optional<JsonPath> path;
  std::vector<std::string> workloads;
  std::vector<std::string> except;

  [[nodiscard]] bool is_for(const std::string& workload) const {
    const bool is_named = workloads.empty() || std::ranges::find(workloads, workload) != workloads.end();
    return is_named && std::ranges::find(except, workload) == except.end();
  }
};

Result<Rule> compiled(const RedactionRule& from) {
  Rule rule{.name = from.name, .action = from.action, .workloads = from.workloads, .except = from.except};
  const int forms = (from.kind.empty() ? 0 : 1) + (from.pattern.empty() ? 0 : 1) + (from.path.empty() ? 0 : 1);
  if (forms != 1) return invalid_argument("a rule has one of kind, pattern and path");
  if (!from.kind.empty()) {
    rule.detector = make_detector(from.kind);
    if (rule.name.empty()) rule.name = from.kind;
    std::string kinds;
    for (const auto kind : detector_kinds()) kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    if (rule.detector == nullptr) return invalid_argument("\"" + from.kind + "\" is no kind; there are " + kinds);
  } else if (!from.pattern.empty()) {
    FW_ASSIGN(rule.detector, OwnPattern::parse(from.pattern));
    if (rule.name.empty()) rule.name = "pattern";
  } else {
    FW_ASSIGN(rule.path, JsonPath::parse(from.path));
    if (rule.name.empty()) rule.name = "redacted";
  }
  rule.label = label_of(rule.name);
  return rule;
}

/// What nobody reads: images and the like.
bool is_blob(std::string_view text) {
  if (text.starts_with("data:") && text.substr(0, 256).find(";base64,") != std::string_view::npos) return true;
  if (text.size() < kBlobBytes) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' ||
           c == '=' || c == '-' || c == '_';
  });
}

/// What a rule found, and has replaced.
struct Claim {
  Found at;
  const Rule* rule = nullptr;
  std::string_view value;  ///< as it is meant
};

/// Both in order; of two that overlap the one of `first` stays.
std::vector<Claim> merged(std::vector<Claim> first, const std::vector<Claim>& second) {
  if (second.empty()) return first;
  std::vector<Claim> out;
  auto next = first.begin();
  for (const Claim& claim : second) {
    while (next != first.end() && next->at.end <= claim.at.begin) out.push_back(*next++);
    if (next == first.end() || claim.at.end <= next->at.begin) out.push_back(claim);
  }
  out.insert(out.end(), next, first.end());
  return out;
}

}  // namespace

class Redactor::Impl {
 public:
  std::vector<Rule> rules;
  std::string key;
  bool has_paths = false;
};

namespace {

/// One interaction's redaction: the rules of its workload, its tenant, what they found.
class Pass final : public ValueJudge {
 public:
  Pass(const std::string& key, std::string tenant) : key_(key), tenant_(std::move(tenant)) {}

  void add(const Rule& rule) { (rule.path ? path_rules_ : text_rules_).push_back(&rule); }

  [[nodiscard]] bool wants_paths() const override { return !path_rules_.empty(); }

  std::string replace_value(const std::vector<JsonPath::Step>& steps, std::string_view value, bool is_string) override {
    for (const Rule* rule : path_rules_) {
      if (!rule->path->matches(steps)) continue;
      if (value.empty() || (!is_string && value == "null") || (is_string && is_token(*rule, value))) return "";
      ++counts[rule->name];
      if (rule->action == RedactionAction::kDrop) return is_string ? "\"\"" : "null";
      return json_string(replacement(*rule, value));
    }
    return "";
  }

  Edits edits_of_text(std::string_view text) override {
    Edits out;
    if (is_blob(text)) return out;
    const TextFacts facts = facts_of(text);
    const ReadEscapes read(text);
    const TextFacts facts_read = facts_of(read.text());
    std::vector<Claim> claims;
    for (const Rule* rule : text_rules_) {
      if (!read.are_none() && rule->detector->may_be_in(facts_read)) {
        auto in_read = found(*rule, read.text());
        for (Claim& claim : in_read) claim.at = read.place(claim.at);
        claims = merged(std::move(claims), in_read);
      }
      if (rule->detector->may_be_in(facts)) claims = merged(std::move(claims), found(*rule, text));
    }
    for (const Claim& claim : claims) {
      ++counts[claim.rule->name];
      out.push_back({claim.at.begin, claim.at.end, replacement(*claim.rule, claim.value)});
    }
    return out;
  }

  /// The JSON under `name` of an interaction (empty: a document of its own); none when it is no JSON.
  std::optional<std::string> json(std::string_view name, std::string_view text) {
    std::vector<JsonPath::Step> steps;
    if (!name.empty()) steps.push_back({.name = name, .index = std::nullopt});
    Edits edits;
    const std::uint64_t before = replaced();
    if (!collect_edits(text, *this, steps, edits)) return std::nullopt;
    settle_tokens(edits, replaced() > before);
    return edits.empty() ? std::string(text) : edited(text, edits);
  }

  RedactionCounts counts;

 private:
  [[nodiscard]] std::uint64_t replaced() const {
    std::uint64_t sum = 0;
    for (const auto& [rule, count] : counts) sum += count;
    return sum;
  }

  /// The tokens of a text spell what was replaced in it: they stay only where nothing was.
  void settle_tokens(Edits& edits, bool is_text_replaced) {
    const bool is_anything_replaced = replaced() > 0;
    std::erase_if(edits, [&](const Edit& edit) {
      return (edit.spells == Spells::kText && !is_text_replaced) ||
             (edit.spells == Spells::kRequest && !is_anything_replaced);
    });
    const auto gone = std::ranges::count_if(edits, [](const Edit& edit) { return edit.spells != Spells::kNothing; });
    if (gone > 0) counts[kTokens] += static_cast<std::uint64_t>(gone);
  }

  static std::vector<Claim> found(const Rule& rule, std::string_view text) {
    std::vector<Claim> out;
    for (auto at = rule.detector->find(text, 0); at; at = rule.detector->find(text, at->end))
      out.push_back({*at, &rule, text.substr(at->begin, at->end - at->begin)});
    return out;
  }

  static bool is_token(const Rule& rule, std::string_view value) {
    if (value == "[" + rule.label + "]") return true;
    return value.size() == rule.label.size() + 1 + kTokenLetters && value.starts_with(rule.label + "_") &&
           std::ranges::all_of(value.substr(rule.label.size() + 1), [](char c) { return c >= 'a' && c <= 'p'; });
  }

  [[nodiscard]] std::string replacement(const Rule& rule, std::string_view value) const {
    if (rule.action == RedactionAction::kDrop) return "";
    if (rule.action == RedactionAction::kMask) return "[" + rule.label + "]";
    const std::string normal = rule.detector == nullptr ? std::string(value) : rule.detector->normal(value);
    std::string digest = hmac_sha256_hex(key_, tenant_ + '\0' + rule.name + '\0' + normal).substr(0, kTokenLetters);
    // Letters alone: no token is taken for a number.
    for (char& c : digest) c = static_cast<char>('a' + (c >= 'a' ? c - 'a' + 10 : c - '0'));
    return rule.label + "_" + digest;
  }

  const std::string& key_;
  std::string tenant_;
  std::vector<const Rule*> text_rules_;
  std::vector<const Rule*> path_rules_;
};

}  // namespace

Redactor::Redactor() : impl_(std::make_unique<Impl>()) {}
Redactor::~Redactor() = default;
Redactor::Redactor(Redactor&&) noexcept = default;
Redactor& Redactor::operator=(Redactor&&) noexcept = default;

Result<Redactor> Redactor::create(const RedactionSettings& settings, std::string key) {
  Redactor out;
  if (settings.rules.size() > kMostRules) return invalid_argument("more than 256 rules");
  for (std::size_t i = 0; i < settings.rules.size(); ++i) {
    const std::string where = "rules[" + std::to_string(i) + "]";
    auto rule = compiled(settings.rules[i]);
    if (!rule.ok()) return rule.error().within(where);
    if (rule->action == RedactionAction::kPseudonym && key.size() < 16) {
      return invalid_argument(where + ": pseudonyms need a key of 16 characters at least in the environment variable " +
                              settings.key_env);
    }
    out.impl_->has_paths |= rule->path.has_value();
    out.impl_->rules.push_back(std::move(*rule));
  }
  out.impl_->key = std::move(key);
  return out;
}

bool Redactor::has_rules() const { return !impl_->rules.empty(); }

Result<RedactionCounts> Redactor::apply(record::Interaction& interaction) const {
  if (!has_rules()) return RedactionCounts{};
  Pass pass(impl_->key, *interaction.client);
  for (const Rule& rule : impl_->rules) {
    if (rule.is_for(*interaction.workload)) pass.add(rule);
  }
  auto request = pass.json("request", interaction.request);
  if (!request) return invalid_argument("the request is no JSON, so it cannot be redacted");
  auto response = pass.json("response", interaction.response);
  if (!response) return invalid_argument("the response is no JSON, so it cannot be redacted");
  interaction.request = std::move(*request);
  interaction.response = std::move(*response);
  auto& conversation = interaction.provenance.conversation;
  conversation = edited(conversation, pass.edits_of_text(conversation));
  for (auto& tag : interaction.provenance.tags) tag.value = edited(tag.value, pass.edits_of_text(tag.value));
  return std::move(pass.counts);
}

std::string Redactor::redact_unread(std::string_view bytes) const {
  if (!has_rules()) return std::string(bytes);
  Pass pass(impl_->key, "");
  for (const Rule& rule : impl_->rules) pass.add(rule);
  if (auto json = pass.json("", bytes)) return std::move(*json);
  if (impl_->has_paths) {
    return "[" + std::to_string(bytes.size()) + " bytes that are no JSON were withheld: redact has paths]";
  }
  return edited(bytes, pass.edits_of_text(bytes));
}

std::string Redactor::redact_text(std::string_view text, RedactionCounts& counts) const {
  Pass pass(impl_->key, "");
  for (const Rule& rule : impl_->rules) {
    if (!rule.path) pass.add(rule);
  }
  std::string out = edited(text, pass.edits_of_text(text));
  for (const auto& [name, count] : pass.counts) counts[name] += count;
  return out;
}

}  // namespace fw::capture
