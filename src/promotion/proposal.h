#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace fw::promotion {

/// Where a proposal stands. Only kShadow, kCanary and kLive touch traffic, and one proposal of a workload at most does.
enum class Stage : std::uint8_t {
  kProposed,    ///< waits for signatures
  kSignedOff,   ///< enough people signed these digests
  kShadow,      ///< answers a copy of some requests; no client sees it
  kCanary,      ///< answers a share of the conversations
  kLive,        ///< answers all
  kRetired,     ///< was live; production, or another proposal, answers again
  kRejected,    ///< ended before it touched traffic
  kRolledBack,  ///< taken off traffic
};

[[nodiscard]] std::string_view to_string(Stage stage);
[[nodiscard]] std::optional<Stage> stage_of(std::string_view text);
[[nodiscard]] constexpr bool touches_traffic(Stage stage) {
  return stage == Stage::kShadow || stage == Stage::kCanary || stage == Stage::kLive;
}
[[nodiscard]] constexpr bool is_ended(Stage stage) { return stage >= Stage::kRetired; }

/// For people, after "it": "is signed off".
[[nodiscard]] std::string_view words_of(Stage stage);

/// What can be done to a proposal. docs/promotion.md has the table.
enum class Action : std::uint8_t {
  kPropose,
  kSign,
  kChange,  ///< the bytes are not those that were signed: other digests
  kStartShadow,
  kStartCanary,
  kAdvance,  ///< the next step of the canary
  kGoLive,
  kReject,
  kRollBack,
  kRetire,
};

[[nodiscard]] std::string_view to_string(Action action);
[[nodiscard]] std::optional<Action> action_of(std::string_view text);
/// For people, after "cannot": "be signed".
[[nodiscard]] std::string_view words_of(Action action);
/// As `flywheel promote` calls it; empty: no command of a person.
[[nodiscard]] std::string_view command_of(Action action);
/// What people can do with a proposal in this stage.
[[nodiscard]] std::vector<Action> steps_from(Stage stage);

/// SHA-256 by what it is of: base, adapter, template, serving, upstream, datasets, report.
using Digests = std::map<std::string, std::string>;

/// One digest of all of them: what a signature names.
[[nodiscard]] std::string digest_of(const Digests& digests);

/// Which digests differ: `report, adapter`. Empty: none does.
[[nodiscard]] std::string names_of_changed(const Digests& before, const Digests& now);

struct Signature {
  std::string person;
  Timestamp at;

  friend bool operator==(const Signature&, const Signature&) = default;
};

/// A model that this machine serves by itself, as it was evaluated: where its files lie, and all that its engine is
/// told beside them. The digests of a proposal name both.
struct ServedModel {
  std::string base;              ///< GGUF file or Hugging Face folder
  std::string adapter;           ///< GGUF; empty: the base as it is
  std::vector<int> keep_layers;  ///< of the base; empty: all
  std::int64_t context_length = 0;
  std::string chat_template;  ///< file; empty: the model's own
  bool enable_thinking = false;
  bool has_tools = false;  ///< rows carried tools
  std::string date;        ///< what the template takes for today

  friend bool operator==(const ServedModel&, const ServedModel&) = default;
};

/// What is to be promoted: an evaluation of a job, whose bytes are known.
struct Candidate {
  std::string workload;
  std::string client;
  std::string job;
  std::string model;
  std::string variant;
  std::string upstream;      ///< of the gateway: who answers as the candidate; empty where this machine serves it
  std::string served_model;  ///< `model` of the requests to it; empty: as they come
  std::optional<ServedModel> served;
  Digests digests;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct Proposal {
  std::string id;
  Candidate candidate;
  std::string proposer;
  Stage stage = Stage::kProposed;
  std::size_t step = 0;               ///< of the canary, from 0
  bool has_secret_draw = false;       ///< of its conversations; false: proposed by a version that drew by the id
  double share = 0;                   ///< of the conversations that it answers
  double shadow = 0;                  ///< of the requests that the side that does not answer is asked too
  std::vector<Signature> signatures;  ///< of the present digests
  std::size_t needed = 0;             ///< signatures, as the rules were at the last one; 0: none was given
  Timestamp created_at;
  Timestamp changed_at;
  std::string reason;          ///< of the last change
  std::uint64_t revision = 0;  ///< number of the audit log's entry that changed it last
  std::string figures;         ///< JSON of CanaryProgress as it was when the last step was taken; empty: none were kept

  friend bool operator==(const Proposal&, const Proposal&) = default;
};

/// How a workload's promotions go.
struct Rules {
  std::size_t signatures = 1;                           ///< of people other than the proposer
  std::map<std::string, std::size_t> workloads = {};    ///< signatures of some workloads, instead of `signatures`
  std::vector<double> steps = {0.01, 0.05, 0.25, 0.5};  ///< shares of the canary, each above the one before, below 1
  double shadow = 0.1;                                  ///< of the requests while on traffic; 0: no copies are sent

  /// That a proposal for the workload needs: 1 at least.
  [[nodiscard]] std::size_t signatures_of(const std::string& workload) const;
};

/// The first of a canary's steps that is above the share which it has: a list that was changed since takes nothing
/// back. Nothing: it is on its last step.
[[nodiscard]] std::optional<std::size_t> next_step(const std::vector<double>& steps, double share);

/// The stage that `action` leads to from `from`, or why it leads nowhere. kAdvance and kSign may lead to where they
/// came from. Pure: what else a transition needs (people, steps, other proposals) is checked where it is decided.
[[nodiscard]] Result<Stage> next_stage(Stage from, Action action);

}  // namespace fw::promotion
