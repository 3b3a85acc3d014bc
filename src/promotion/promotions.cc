#include "promotion/promotions.h"

#include <algorithm>
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

Result<std::unique_ptr<Promotions>> Promotions::open(audit::AuditLog& log, Rules rules, OnTraffic on_traffic) {
  std::unique_ptr<Promotions> promotions(new Promotions(log, std::move(rules), std::move(on_traffic)));
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
  return take_step([&](const Board& board) { return board.change(id, digests, person, reason); });
}

Result<Proposal> Promotions::act(const std::string& id, Action action, const std::string& person,
                                 const std::string& reason, const Seen& seen) {
  return take_step([&](const Board& board) -> Result<audit::Event> {
    FW_TRY(check_not_moved_on(board, id, action, seen));
    FW_ASSIGN(auto event, board.decide(id, action, person, reason));
    FW_TRY(check_moment(board, id, action, seen));
    return event;
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

std::vector<Proposal> Promotions::all_at(Timestamp time) const {
  Board board;
  for (std::uint64_t after = 0;;) {
    const auto entries = log_.entries(after, kPage);
    for (const auto& entry : entries) {
      if (entry.at > time) return board.all();
      (void)board.apply(entry);
      after = entry.number;
    }
    if (entries.size() < kPage) return board.all();
  }
}

}  // namespace fw::promotion
