#include "discovery/learner.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/hash.h"
#include "codec/utf8.h"
#include "discovery/impl/prompt_clusters.h"
#include "discovery/impl/prompt_pattern.h"
#include "discovery/impl/proposed_name.h"
#include "discovery/impl/tool_families.h"
#include "discovery/impl/traits.h"
#include "discovery/impl/words.h"

namespace fw::discovery {
namespace {

constexpr double kFrequentPart = 0.05;     // share of requests alike in all else from which a trait tells them apart
constexpr double kFrequentToolSet = 0.02;  // the same of tools, where no system message says what it is about
constexpr std::size_t kOpeningWords = 8;
constexpr std::size_t kMostCompared = 48;  // prompts of a cluster for its pattern
constexpr std::size_t kPreviewBytes = 240;

struct Sketch {
  std::uint64_t lot = 0;
  record::RecordId id;
  Traits traits;

  friend bool operator<(const Sketch& a, const Sketch& b) { return std::tie(a.lot, a.id) < std::tie(b.lot, b.id); }
};

using Members = std::vector<const Sketch*>;

/// The one whose lot is the lowest.
const Sketch& first_of(const Members& members) {
  return **std::min_element(members.begin(), members.end(), [](const auto* a, const auto* b) { return *a < *b; });
}

std::size_t letters_of(std::string_view pattern) {
  return pattern.size() - static_cast<std::size_t>(std::ranges::count(pattern, '*'));
}

/// Requests that are alike in what was looked at so far, and the rule that says so.
struct Part {
  capture::LabelRule rule;
  Members members;
  std::string hint;  ///< for its name, what tells it from its like
};

class Learning final {
 public:
  Learning(const std::vector<Sketch>& sketches, const LearnerSettings& settings, const Deadline& deadline)
      : sketches_(sketches), deadline_(deadline) {
    const double share = settings.least_share * static_cast<double>(sketches.size());
    least_ = std::max<std::uint64_t>({settings.least_records, static_cast<std::uint64_t>(share), 1});
  }

  Result<std::vector<Proposal>> run() {
    Members with, without;
    for (const Sketch& sketch : sketches_) (sketch.traits.system.empty() ? without : with).push_back(&sketch);
    FW_TRY(by_system_message(with));
    by_request_alone(without);
    // The first rule that fits counts: those that ask for more come first.
    std::ranges::stable_sort(parts_, [](const Part& a, const Part& b) { return order_of(a) > order_of(b); });
    return proposals();
  }

 private:
  using Order = std::tuple<bool, std::size_t, std::size_t, bool, std::size_t>;
  static Order order_of(const Part& part) {
    const auto& rule = part.rule;
    const bool takes_all = std::ranges::find(rule.tools, "*") != rule.tools.end();
    return {!rule.system.empty(), letters_of(rule.system), letters_of(rule.prompt), !takes_all, rule.tools.size()};
  }

  Status by_system_message(const Members& with) {
    std::map<std::string, Members> by_text;
    for (const Sketch* sketch : with) by_text[sketch->traits.system].push_back(sketch);
    std::vector<Prompt> prompts;
    std::vector<const Members*> members;
    for (const auto& [text, of] : by_text) {
      prompts.push_back({text, static_cast<std::uint32_t>(of.size())});
      members.push_back(&of);
    }
    FW_ASSIGN(const auto clusters, cluster_prompts(prompts, static_cast<std::uint32_t>(least_), deadline_));
    std::map<std::uint32_t, std::vector<std::size_t>> by_cluster;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      if (clusters[i] != kAlone) by_cluster[clusters[i]].push_back(i);
    }
    for (const auto& [number, places] : by_cluster) {
      FW_TRY(deadline_.check("comparing prompts"));
      Part part;
      for (const std::size_t i : places)
        part.members.insert(part.members.end(), members[i]->begin(), members[i]->end());
      if (part.members.size() < least_) continue;
      part.rule.system = pattern_for(prompts, clusters, number, places);
      if (!part.rule.system.empty()) split_by_output(std::move(part), kFrequentPart);
    }
    return {};
  }

  /// Of prompts that are spread over the cluster's.
  static std::string pattern_for(const std::vector<Prompt>& prompts, const std::vector<std::uint32_t>& clusters,
                                 std::uint32_t number, const std::vector<std::size_t>& places) {
    std::vector<std::string_view> texts, others;
    const std::size_t step = (places.size() + kMostCompared - 1) / kMostCompared;
    for (std::size_t i = 0; i < places.size(); i += step) texts.emplace_back(prompts[places[i]].text);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      if (clusters[i] != number) others.emplace_back(prompts[i].text);
    }
    const bool is_whole = std::ranges::all_of(texts, [](auto text) { return text.size() < Traits::kMostOfSystem; });
    return pattern_of(texts, others, is_whole);
  }

  /// Nothing says what the application wants but the user's message and what is offered.
  void by_request_alone(const Members& without) {
    Part plain{.rule = {.without_system = true, .without_tools = true}, .members = {}, .hint = {}};
    Part tooled{.rule = {.without_system = true}, .members = {}, .hint = {}};
    for (const Sketch* sketch : without) (sketch->traits.tools.empty() ? plain : tooled).members.push_back(sketch);
    by_opening(plain);
    split_by_output(std::move(plain), kFrequentPart);
    by_tools(std::move(tooled), kFrequentToolSet, true);
  }

  /// Takes out of `plain` what begins with the same words, numbers and dates apart.
  void by_opening(Part& plain) {
    std::map<std::uint64_t, Members> by_words;
    Members rest;
    for (const Sketch* sketch : plain.members) {
      const auto words = words_of(sketch->traits.prompt);
      std::string key;
      for (std::size_t i = 0; i < std::min(kOpeningWords, words.size()); ++i)
        key += std::to_string(words[i].masked) + ' ';
      (words.size() < kOpeningWords ? rest : by_words[hash64(key)]).push_back(sketch);
    }
    const auto fewest = std::max(least_, frequent_in(plain.members.size(), kFrequentToolSet));
    for (auto& [words, members] : by_words) {
      Part part{.rule = plain.rule, .members = std::move(members), .hint = {}};
      if (part.members.size() >= fewest) part.rule.prompt = opening_of(part.members);
      if (part.rule.prompt.empty()) {
        rest.insert(rest.end(), part.members.begin(), part.members.end());
      } else {
        split_by_output(std::move(part), kFrequentPart);
      }
    }
    plain.members = std::move(rest);
  }

  static std::string opening_of(const Members& members) {
    std::vector<std::string_view> texts;
    const std::size_t step = (members.size() + kMostCompared - 1) / kMostCompared;
    for (std::size_t i = 0; i < members.size(); i += step) texts.emplace_back(members[i]->traits.prompt);
    return pattern_of(texts, {}, false);
  }

  void split_by_output(Part part, double frequent) {
    std::map<std::string, Members> by_output;
    for (const Sketch* sketch : part.members) by_output[sketch->traits.output].push_back(sketch);
    const auto fewest = std::max(least_, frequent_in(part.members.size(), frequent));
    if (std::ranges::count_if(by_output, [&](const auto& entry) { return entry.second.size() >= fewest; }) < 2) {
      return by_tools(std::move(part), frequent, false);
    }
    for (auto& [output, members] : by_output) {
      if (members.size() < fewest) continue;
      Part one{.rule = part.rule, .members = std::move(members), .hint = output};
      one.rule.output = output;
      by_tools(std::move(one), frequent, false);
    }
  }

  /// `is_all_there_is`: tools alone tell these requests apart, so that one set that is frequent is a workload too.
  void by_tools(Part part, double frequent, bool is_all_there_is) {
    std::vector<std::vector<std::string>> sets;
    for (const Sketch* sketch : part.members) sets.push_back(sketch->traits.tools);
    const auto families = tool_families(sets, std::max(least_, frequent_in(part.members.size(), frequent)));
    if (families.size() < 2 && !is_all_there_is) return add(std::move(part));
    for (const ToolFamily& family : families) {
      Part one{
          .rule = part.rule, .members = {}, .hint = family.patterns.empty() ? "no-tools" : family.patterns.front()};
      one.rule.tools = family.patterns;
      one.rule.without_tools = one.rule.without_tools || family.patterns.empty();
      for (const std::size_t place : family.places) one.members.push_back(part.members[place]);
      for (const std::size_t place : family.places) part.members[place] = nullptr;
      add(std::move(one));
    }
    std::erase(part.members, nullptr);
    part.rule.tools = {"*"};
    if (is_all_there_is) add(std::move(part));
  }

  void add(Part part) {
    if (part.members.size() >= least_) parts_.push_back(std::move(part));
  }

  static std::uint64_t frequent_in(std::size_t records, double share) {
    return static_cast<std::uint64_t>(share * static_cast<double>(records));
  }

  std::vector<Proposal> proposals() {
    std::map<std::string, int> alike;  // by the name that the prompt alone gives
    for (const Part& part : parts_) ++alike[base_name(part)];
    std::set<std::string> taken;
    std::vector<Proposal> out;
    for (Part& part : parts_) {
      std::string name = base_name(part);
      if (alike[name] > 1 && !part.hint.empty()) name = as_name(name + '-' + part.hint);
      std::string unique = name;
      for (int number = 2; !taken.insert(unique).second; ++number) unique = name + '-' + std::to_string(number);
      out.push_back(proposal_of(std::move(part), unique));
    }
    return out;
  }

  static std::string base_name(const Part& part) {
    const Traits& traits = first_of(part.members).traits;
    if (!part.rule.system.empty()) return or_workload(proposed_name(traits.system));
    if (!part.rule.prompt.empty()) return or_workload(proposed_name(traits.prompt));
    if (part.rule.without_tools) return "no-instructions";
    if (std::ranges::find(part.rule.tools, "*") != part.rule.tools.end() && part.rule.tools.size() == 1) {
      return "various-tools";
    }
    return or_workload(as_name(part.rule.tools.front()));
  }
  static std::string or_workload(std::string name) { return name.empty() ? "workload" : name; }

  static Proposal proposal_of(Part part, const std::string& name) {
    Proposal proposal;
    proposal.name = name;
    proposal.rule = std::move(part.rule);
    proposal.rule.workload = name;
    std::set<std::string_view> variants;
    for (const Sketch* sketch : part.members) variants.insert(sketch->traits.system);
    proposal.variants = variants.size();
    const Traits& first = first_of(part.members).traits;
    proposal.prompt = codec::utf8_prefix(first.system.empty() ? first.prompt : first.system, kPreviewBytes);
    return proposal;
  }

  const std::vector<Sketch>& sketches_;
  const Deadline& deadline_;
  std::uint64_t least_ = 1;
  std::vector<Part> parts_;
};

}  // namespace

struct Learner::Impl {
  LearnerSettings settings;
  capture::RequestScanner scanner;
  std::string buffer;
  std::vector<Sketch> drawn;  // a heap with the highest lot on top
};

Learner::Learner(LearnerSettings settings) : impl_(std::make_unique<Impl>()) { impl_->settings = settings; }
Learner::~Learner() = default;

void Learner::add(const record::Interaction& record) {
  Impl& me = *impl_;
  Sketch sketch{.lot = hash64(*record.id), .id = record.id, .traits = {}};
  const bool is_full = me.drawn.size() >= me.settings.most_records;
  if (is_full && (me.drawn.empty() || !(sketch < me.drawn.front()))) return;
  me.buffer = record.request;
  const auto scan = me.scanner.scan(me.buffer, true);
  if (!scan.is_object) return;
  sketch.traits = traits_of(scan);
  if (is_full) {
    std::pop_heap(me.drawn.begin(), me.drawn.end());
    me.drawn.pop_back();
  }
  me.drawn.push_back(std::move(sketch));
  std::push_heap(me.drawn.begin(), me.drawn.end());
}

std::uint64_t Learner::kept() const { return impl_->drawn.size(); }

Result<std::vector<Proposal>> Learner::learn(const Deadline& deadline) {
  std::sort(impl_->drawn.begin(), impl_->drawn.end());
  auto proposals = Learning(impl_->drawn, impl_->settings, deadline).run();
  std::make_heap(impl_->drawn.begin(), impl_->drawn.end());
  return proposals;
}

}  // namespace fw::discovery
