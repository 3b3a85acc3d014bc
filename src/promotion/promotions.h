#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_log.h"
#include "promotion/board.h"

namespace fw::promotion {

/// What whoever decides knew.
struct Seen {
  std::optional<std::uint64_t> revision = {};  ///< Proposal::revision; absent: it is not said
  bool is_by_hand = false;                     ///< a person, who does not look twice in a moment
};

/// The promotions of this service: every step is in the audit log, synced, before it takes effect, and what stands is
/// what the log says, after any crash. All members may be called from any thread, and block.
class Promotions final {
 public:
  /// Called after every step with all that touches traffic, oldest first; from the thread that took the step, one call
  /// at a time.
  using OnTraffic = std::function<void(const std::vector<Proposal>&)>;

  /// What the gates have counted of a proposal, as JSON; empty: nothing. It is kept with every step. Any thread.
  using Figures = std::function<std::string(const std::string& id)>;

  /// Folds the log and calls `on_traffic` (may be empty) once. kDataLoss for a log with a step that is none. The log
  /// outlives the object.
  [[nodiscard]] static Result<std::unique_ptr<Promotions>> open(audit::AuditLog& log, Rules rules,
                                                                OnTraffic on_traffic = {}, Figures figures = {});

  /// Errors as Board's. Returns the proposal as it stands after the step.
  [[nodiscard]] Result<Proposal> propose(Candidate candidate, const std::string& person, const std::string& reason);
  [[nodiscard]] Result<Proposal> sign(const std::string& id, const std::string& signed_digest,
                                      const std::string& person, const std::string& reason);
  [[nodiscard]] Result<Proposal> change(const std::string& id, const Digests& digests, const std::string& person,
                                        const std::string& reason);
  /// kAlreadyExists where the proposal has moved on from what was seen, so that two who press at once take one step: by
  /// its revision, and, for a canary that a person advances, by less than a moment (kMoment) since its last share.
  /// Rolling back is never refused for that.
  [[nodiscard]] Result<Proposal> act(const std::string& id, Action action, const std::string& person,
                                     const std::string& reason, const Seen& seen = {});
  static constexpr Duration kMoment = std::chrono::seconds(2);

  /// As Board's.
  [[nodiscard]] std::size_t signatures_needed(const Proposal& proposal) const;
  [[nodiscard]] std::optional<Proposal> find(const std::string& id) const;
  [[nodiscard]] std::vector<Proposal> all() const;
  /// One stage of a proposal, from the step that led to it until the next.
  struct Span {
    Proposal proposal;  ///< as it stood
    Timestamp from;
    std::optional<Timestamp> until;  ///< absent: it stands so at the end of the time asked for
    audit::Entry step;               ///< that led to it
  };
  /// What stood at some moment between two times, oldest first.
  [[nodiscard]] std::vector<Span> between(Timestamp from, Timestamp to) const;

 private:
  using Decide = std::function<Result<audit::Event>(const Board&)>;

  Promotions(audit::AuditLog& log, Rules rules, OnTraffic on_traffic, Figures figures)
      : log_(log), on_traffic_(std::move(on_traffic)), figures_(std::move(figures)), board_(std::move(rules)) {}
  [[nodiscard]] Result<audit::Event> with_figures(Result<audit::Event> event, const Board& board) const;
  [[nodiscard]] Result<Proposal> take_step(const Decide& decide);
  [[nodiscard]] Status catch_up();
  [[nodiscard]] static Status check_not_moved_on(const Board& board, const std::string& id, Action action,
                                                 const Seen& seen);
  [[nodiscard]] Status check_moment(const Board& board, const std::string& id, Action action, const Seen& seen) const;
  void tell();

  audit::AuditLog& log_;
  OnTraffic on_traffic_;
  Figures figures_;
  mutable std::mutex mutex_;  // guards all below
  Board board_;
  std::uint64_t seen_ = 0;  // entries of the log in the board
};

}  // namespace fw::promotion
