#include <algorithm>
#include <deque>
#include <unordered_set>

#include "base/hash.h"
#include "base/random.h"
#include "sample/impl/noise_plan.h"
#include "sample/impl/row.h"
#include "sample/sample.h"

namespace fw::sample {
namespace {

constexpr double kNewest = 0.1;
// Late wordings begin a little after the newest tenth does, so that they stay in it when defective rows at either end
// of the span are left out.
constexpr double kGuard = 0.002;
constexpr std::int64_t kTurnSeconds = 45;
constexpr std::size_t kRecentRows = 8;
constexpr int kAttempts = 200;

}  // namespace

std::string_view to_string(Workload workload) {
  switch (workload) {
    case Workload::kRouter: return "router";
    case Workload::kRewriter: return "rewriter";
    case Workload::kWriter: return "writer";
  }
  return "?";
}

Result<Workload> parse_workload(std::string_view name) {
  for (const Workload workload : {Workload::kRouter, Workload::kRewriter, Workload::kWriter}) {
    if (name == to_string(workload)) return workload;
  }
  return invalid_argument("unknown sample workload \"" + std::string(name) + "\"; one of router, rewriter, writer");
}

struct Generator::Impl {
  explicit Impl(SampleSettings s)
      : settings(std::move(s)),
        domain(shop_domain()),
        maker(domain, settings.seed),
        random(Random::for_purpose(settings.seed, "sample times")),
        fates(plan_fates(settings)),
        tools(settings.workload == Workload::kRouter ? tools_json(domain) : nlohmann::ordered_json()),
        time(settings.start) {}

  std::string next_line();
  Row take_row();
  void begin_conversation();
  std::vector<Row> unseen_rows(const Conversation& conversation);
  void advance_time(bool same_conversation);
  [[nodiscard]] std::int64_t planned_time(std::uint64_t line) const;
  [[nodiscard]] bool is_late() const;
  std::string defective(nlohmann::ordered_json doc, Fate fate);

  SampleSettings settings;
  const Domain& domain;
  ConversationMaker maker;
  Random random;
  std::vector<Fate> fates;
  nlohmann::ordered_json tools;
  std::int64_t time;
  std::uint64_t line = 0;
  std::uint64_t broken_owed = 0;  ///< lines that were to have broken arguments but call no tool
  std::deque<Row> waiting;        ///< of the conversation that goes on
  std::deque<Row> recent;
  std::unordered_set<std::uint64_t> asked;
};

std::int64_t Generator::Impl::planned_time(std::uint64_t at) const {
  if (settings.count < 2) return settings.start;
  const double part = static_cast<double>(at) / static_cast<double>(settings.count - 1);
  return settings.start + static_cast<std::int64_t>(part * static_cast<double>(settings.span_seconds));
}

bool Generator::Impl::is_late() const {
  const double begin = (1.0 - kNewest + kGuard) * static_cast<double>(settings.span_seconds);
  return static_cast<double>(planned_time(line) - settings.start) >= begin;
}

void Generator::Impl::advance_time(bool same_conversation) {
  const std::int64_t planned = planned_time(line);
  const std::int64_t spacing = settings.span_seconds / static_cast<std::int64_t>(settings.count);
  if (same_conversation) {
    const std::int64_t longest = std::clamp<std::int64_t>(spacing, 0, kTurnSeconds);
    time += static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest) + 1));
  } else {
    time = std::max(time, planned);
  }
  const std::int64_t end = settings.start + settings.span_seconds;
  time = line + 1 == settings.count ? end : std::min(time, end);
}

std::vector<Row> Generator::Impl::unseen_rows(const Conversation& conversation) {
  std::vector<Row> rows;
  std::unordered_set<std::uint64_t> here;
  for (std::size_t turn = 0; turn < conversation.size(); ++turn) {
    std::optional<Row> row = row_at(domain, settings.workload, conversation, turn);
    if (!row) continue;
    const std::uint64_t key = hash64(row->key);
    if (asked.contains(key) || !here.insert(key).second) return {};
    rows.push_back(*std::move(row));
  }
  return rows;
}

void Generator::Impl::begin_conversation() {
  std::vector<Row> rows;
  for (int attempt = 0; rows.empty() && attempt < kAttempts; ++attempt) {
    const Conversation conversation = maker.make(is_late());
    rows = unseen_rows(conversation);
    if (!rows.empty()) maker.count(conversation);
  }
  FW_ASSERT(!rows.empty());
  for (Row& row : rows) {
    asked.insert(hash64(row.key));
    waiting.push_back(std::move(row));
  }
}

Row Generator::Impl::take_row() {
  const bool goes_on = !waiting.empty();
  if (!goes_on) begin_conversation();
  advance_time(goes_on);
  Row row = std::move(waiting.front());
  waiting.pop_front();
  return row;
}

std::string Generator::Impl::defective(nlohmann::ordered_json doc, Fate fate) {
  switch (fate) {
    case Fate::kMissingResponse: doc.erase("response"); break;
    case Fate::kEmptyMessages: doc["request"]["messages"] = nlohmann::ordered_json::array(); break;
    case Fate::kBrokenArguments: {
      auto& call = doc["response"]["choices"][0]["message"]["tool_calls"][0];
      auto& arguments = call["function"]["arguments"].get_ref<std::string&>();
      arguments.resize(arguments.size() - 1 - random.below(2));
      break;
    }
    case Fate::kTruncatedLine: {
      std::string text = doc.dump();
      text.resize(text.size() * (30 + random.below(60)) / 100);
      return text;
    }
    case Fate::kGood:
    case Fate::kDuplicate: break;
  }
  return doc.dump();
}

std::string Generator::Impl::next_line() {
  Fate fate = fates[line];
  Row row;
  if (fate == Fate::kDuplicate) {
    advance_time(true);
    row = recent[random.below(recent.size())];
  } else {
    row = take_row();
  }
  if (fate == Fate::kBrokenArguments && !row.calls_tool) {
    ++broken_owed;
    fate = Fate::kGood;
  } else if (fate == Fate::kGood && broken_owed > 0 && row.calls_tool) {
    --broken_owed;
    fate = Fate::kBrokenArguments;
  }
  const DocumentIds ids{settings.workload, settings.client, time, settings.seed * 1'000'003 + line};
  nlohmann::ordered_json doc = document(domain, row, tools, ids);
  ++line;
  if (fate == Fate::kGood) {
    recent.push_back(std::move(row));
    if (recent.size() > kRecentRows) recent.pop_front();
  }
  return defective(std::move(doc), fate);
}

Generator::Generator(SampleSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Generator::~Generator() = default;
Generator::Generator(Generator&&) noexcept = default;

std::optional<std::string> Generator::next() {
  if (impl_->line == impl_->settings.count) return std::nullopt;
  return impl_->next_line();
}

std::vector<std::string> generate(const SampleSettings& settings) {
  std::vector<std::string> lines;
  Generator generator(settings);
  while (auto line = generator.next()) lines.push_back(*std::move(line));
  return lines;
}

}  // namespace fw::sample
