#include "promotion/promotions.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/percent.h"
#include "base/random.h"

namespace fw::promotion {
namespace {

constexpr std::size_t kPage = 1000;
constexpr int kTries = 8;
constexpr std::size_t kIdBytes = 6;

std::string state_text(const Proposal& proposal) {
  std::string text(to_string(proposal.stage));
  if (proposal.stage == Stage::kCanary) text += " at " + percent_as_set(proposal.share);
  return text;
}

}  // namespace

Result<std::unique_ptr<Promotions>> Promotions::open(audit::AuditLog& log, Rules rules, OnTraffic on_traffic,
                                                     Figures figures) {
  std::unique_ptr<Promotions> promotions(
      new Promotions(log, std::move(rules), std::move(on_traffic), std::move(figures)));
  FW_TRY(promotions->catch_up());
  promotions->tell();
  return promotions;
}

Result<Proposal> Promotions::propose(Candidate candidate, const std::string& person, const std::string& reason) {
  return take_step(
      [&](const Board& board) { return board.propose("p-" + random_hex(kIdBytes), candidate, person, reason); });
}

Result<Proposal> Promotions::sign(const std::string& id, const std::string& signed_digest, const std::string& person,
                                  const std::string& reason) {
  return take_step([&](const Board& board) { return board.sign(id, signed_digest, person, reason); });
}

Result<Proposal> Promotions::change(const std::string& id, const Digests& digests, const std::string& person,
                                    const std::string& reason) {
  return take_step([&](const Board& board) { return with_figures(board.change(id, digests, person, reason), board); });
}

Result<Proposal> Promotions::act(const std::string& id, Action action, const std::string& person,
                                 const std::string& reason, const Seen& seen) {
  return take_step([&](const Board& board) -> Result<audit::Event> {
    FW_TRY(check_not_moved_on(board, id, action, seen));
    FW_ASSIGN(auto event, board.decide(id, action, person, reason));
    FW_TRY(check_moment(board, id, action, seen));
    return with_figures(std::move(event), board);
  });
}

Status Promotions::check_not_moved_on(const Board& board, const std::string& id, Action action, const Seen& seen) {
  const Proposal* proposal = board.find(id);
  if (proposal == nullptr || !seen.revision || *seen.revision == proposal->revision || action == Action::kRollBack)
    return {};
  return already_exists("proposal " + id + " has moved on: it is " + state_text(*proposal) + " now; look at it again");
}

Status Promotions::check_moment(const Board& board, const std::string& id, Action action, const Seen& seen) const {
  const Proposal* proposal = board.find(id);
  // Its first share is another step's: whoever advances has seen that it is a canary.
  if (!seen.is_by_hand || action != Action::kAdvance || proposal->step == 0) return {};
  if (log_.now() - proposal->changed_at >= kMoment) return {};
  return already_exists("proposal " + id + " went on to " + state_text(*proposal) +
                        " this moment, by somebody else or by this very step; look at it again");
}

Result<audit::Event> Promotions::with_figures(Result<audit::Event> event, const Board& board) const {
  if (!event.ok() || !figures_) return event;
  const Proposal* proposal = board.find(event->subject);
  auto details = nlohmann::ordered_json::parse(event->details);
  const auto keep = [&](const char* name, const std::string& figures) {
    if (!figures.empty()) details[name] = nlohmann::ordered_json::parse(figures);
  };
  keep("figures", figures_(proposal->id));
  const Proposal* live = board.live_on(proposal->candidate.workload, proposal->candidate.client);
  const bool ends_other = event->action.ends_with(to_string(Action::kGoLive)) && live != nullptr;
  if (ends_other) keep("retired_figures", figures_(live->id));
  event->details = details.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return event;
}

Result<Proposal> Promotions::take_step(const Decide& decide) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < kTries; ++i) {
    FW_TRY(catch_up());
    FW_ASSIGN(const audit::Event event, decide(board_));
    const auto entry = log_.append(event, seen_);
    // Somebody wrote into the log meanwhile, perhaps about something else: decide anew on what stands now.
    if (!entry.ok() && entry.error().code == ErrorCode::kFailedPrecondition) continue;
    if (!entry.ok()) return entry.error();
    FW_TRY(catch_up());
    tell();
    return *board_.find(event.subject);
  }
  return unavailable("too many people decide at once; try again");
}

Status Promotions::catch_up() {
  while (true) {
    const auto entries = log_.entries(seen_, kPage);
    for (const auto& entry : entries) {
      FW_TRY(board_.apply(entry));
      seen_ = entry.number;
    }
    if (entries.size() < kPage) return {};
  }
}

void Promotions::tell() {
  if (!on_traffic_) return;
  std::vector<Proposal> list = board_.all();
  std::erase_if(list, [](const Proposal& p) { return !touches_traffic(p.stage); });
  on_traffic_(list);
}

std::size_t Promotions::signatures_needed(const Proposal& proposal) const {
  const std::lock_guard lock(mutex_);
  return board_.signatures_needed(proposal);
}

std::optional<Proposal> Promotions::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const Proposal* found = board_.find(id);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<Proposal> Promotions::all() const {
  const std::lock_guard lock(mutex_);
  return board_.all();
}

std::vector<Promotions::Span> Promotions::between(Timestamp from, Timestamp to) const {
  Board board;
  std::vector<Span> spans;
  std::map<std::string, std::size_t> last;  // of each proposal, in `spans`
  const auto take = [&](const Proposal& now, const audit::Entry& entry) {
    const auto before = last.find(now.id);
    if (before != last.end()) {
      Span& span = spans[before->second];
      const Proposal& was = span.proposal;
      if (was.stage == now.stage && was.step == now.step && was.share == now.share) {
        span.proposal = now;
        return;
      }
      span.until = entry.at;
    }
    last[now.id] = spans.size();
    spans.push_back({.proposal = now, .from = entry.at, .until = std::nullopt, .step = entry});
  };
  bool is_over = false;
  for (std::uint64_t after = 0; !is_over;) {
    const auto entries = log_.entries(after, kPage);
    is_over = entries.size() < kPage;
    for (const auto& entry : entries) {
      is_over = is_over || entry.at > to;
      if (entry.at > to) break;
      after = entry.number;
      const Proposal* about = board.apply(entry).ok() ? board.find(entry.event.subject) : nullptr;
      if (about == nullptr) continue;
      // Going live may have ended another one.
      for (const Proposal& each : about->stage == Stage::kLive ? board.all() : std::vector<Proposal>{*about}) {
        take(each, entry);
      }
    }
  }
  std::erase_if(spans, [&](const Span& span) { return span.until && *span.until <= from; });
  return spans;
}

}  // namespace fw::promotion
