#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_log.h"
#include "promotion/proposal.h"

namespace fw::promotion {

/// All proposals as the audit log tells them: a fold over its entries, so that state and log cannot differ. A value; no
/// I/O. What people want becomes an event, is appended to the log, and only then taken by `apply`. An event says all
/// that was decided (signatures needed, the canary's share): other rules later do not change what happened.
class Board final {
 public:
  explicit Board(Rules rules = {}) : rules_(std::move(rules)) {}

  /// What to append to the log for this wish, or why it cannot be: kNotFound, kFailedPrecondition (the stage, another
  /// proposal on the workload's traffic), kUnauthorized (the proposer signs, a person signs twice), kInvalidArgument.
  [[nodiscard]] Result<audit::Event> propose(std::string id, Candidate candidate, std::string person,
                                             std::string reason) const;
  /// `signed_digest` is what the person saw: another one than the present is refused.
  [[nodiscard]] Result<audit::Event> sign(const std::string& id, const std::string& signed_digest, std::string person,
                                          std::string reason) const;
  [[nodiscard]] Result<audit::Event> change(const std::string& id, Digests digests, std::string person,
                                            std::string reason) const;
  /// Any other action.
  [[nodiscard]] Result<audit::Event> decide(const std::string& id, Action action, std::string person,
                                            std::string reason) const;

  /// Takes an entry; those of other areas change nothing. kDataLoss for one that is no legal step: nothing changed.
  [[nodiscard]] Status apply(const audit::Entry& entry);

  /// How many signatures let it on traffic: what was asked when it was signed off, before that what the rules ask now.
  [[nodiscard]] std::size_t signatures_needed(const Proposal& proposal) const;
  [[nodiscard]] const Proposal* find(std::string_view id) const;
  /// Oldest first.
  [[nodiscard]] std::vector<Proposal> all() const;
  /// The one that is live on the workload's traffic.
  [[nodiscard]] const Proposal* live_on(std::string_view workload, std::string_view client) const;
  /// The one that touches the workload's traffic.
  [[nodiscard]] const Proposal* on_traffic(std::string_view workload, std::string_view client) const;
  [[nodiscard]] const Rules& rules() const { return rules_; }

  friend bool operator==(const Board& a, const Board& b) { return a.proposals_ == b.proposals_; }

 private:
  [[nodiscard]] Result<const Proposal*> get(const std::string& id) const;
  /// Where it leads, or all that a person needs to know to go on: where it stands, what is missing, what is possible.
  [[nodiscard]] Result<Stage> step(const Proposal& proposal, Action action) const;
  [[nodiscard]] Status check_traffic(const Proposal& proposal, Action action) const;
  [[nodiscard]] static Status take_details(Proposal& proposal, Action action, const audit::Entry& entry);
  [[nodiscard]] Result<Proposal> after(const audit::Entry& entry, Action action) const;

  Rules rules_;
  std::map<std::string, Proposal, std::less<>> proposals_;
  std::vector<std::string> order_;
};

}  // namespace fw::promotion
