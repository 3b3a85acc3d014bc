#include "promotion/board.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/person.h"

namespace fw::promotion {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kArea = "promotion.";
constexpr const char* kSecretDraw = "secret";

audit::Event event_of(Action action, const std::string& id, std::string person, std::string reason,
                      const Json& details) {
  return {.person = std::move(person),
          .action = std::string(kArea) + std::string(to_string(action)),
          .subject = id,
          .reason = std::move(reason),
          .details = details.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Json served_json(const ServedModel& s) {
  return {{"base", s.base},
          {"adapter", s.adapter},
          {"keep_layers", s.keep_layers},
          {"context_length", s.context_length},
          {"chat_template", s.chat_template},
          {"enable_thinking", s.enable_thinking},
          {"has_tools", s.has_tools},
          {"date", s.date}};
}

ServedModel served_of(const Json& json) {
  return {.base = json.at("base").get<std::string>(),
          .adapter = json.at("adapter").get<std::string>(),
          .keep_layers = json.at("keep_layers").get<std::vector<int>>(),
          .context_length = json.at("context_length").get<std::int64_t>(),
          .chat_template = json.at("chat_template").get<std::string>(),
          .enable_thinking = json.at("enable_thinking").get<bool>(),
          .has_tools = json.at("has_tools").get<bool>(),
          .date = json.at("date").get<std::string>()};
}

Json details_of(const Candidate& c) {
  Json details{{"workload", c.workload},
               {"client", c.client},
               {"job", c.job},
               {"model", c.model},
               {"variant", c.variant},
               {"upstream", c.upstream},
               {"served_model", c.served_model},
               {"digests", c.digests}};
  if (c.served) details["served"] = served_json(*c.served);
  return details;
}

Result<Candidate> candidate_of(const std::string& details) {
  try {
    const auto json = Json::parse(details);
    const auto served = json.find("served");  // absent where an upstream of the gateway serves it
    return Candidate{.workload = json.at("workload").get<std::string>(),
                     .client = json.at("client").get<std::string>(),
                     .job = json.at("job").get<std::string>(),
                     .model = json.at("model").get<std::string>(),
                     .variant = json.at("variant").get<std::string>(),
                     .upstream = json.at("upstream").get<std::string>(),
                     .served_model = json.at("served_model").get<std::string>(),
                     .served = served == json.end() ? std::nullopt : std::optional(served_of(*served)),
                     .digests = json.at("digests").get<Digests>()};
  } catch (const nlohmann::json::exception&) {
    return data_loss("its details do not name what is proposed");
  }
}

/// A number of an event's details.
Result<double> number_of(const std::string& details, const char* name) {
  const auto json = Json::parse(details, nullptr, /*allow_exceptions=*/false);
  const auto found = json.is_object() ? json.find(name) : json.end();
  if (found == json.end() || !found->is_number()) return data_loss("its details have no " + std::string(name));
  return found->get<double>();
}

/// What is kept beside a step; empty: nothing, as in entries of earlier versions.
std::string figures_of(const std::string& details, const char* name) {
  const auto json = Json::parse(details, nullptr, /*allow_exceptions=*/false);
  const auto found = json.is_object() ? json.find(name) : json.end();
  const bool are_there = json.is_object() && found != json.end() && found->is_object();
  return are_there ? found->dump(-1, ' ', false, Json::error_handler_t::replace) : std::string();
}

Result<Digests> digests_of(const std::string& details) {
  try {
    return Json::parse(details).at("digests").get<Digests>();
  } catch (const nlohmann::json::exception&) {
    return data_loss("its details have no digests");
  }
}

/// How its conversations are drawn; absent from the entries of versions that drew by the id alone.
bool is_drawn_in_secret(const std::string& details) {
  const auto json = Json::parse(details, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.value("draw", Json()) == kSecretDraw;
}

bool has_signed(const Proposal& proposal, std::string_view person) {
  return std::ranges::any_of(proposal.signatures,
                             [&](const Signature& s) { return auth::is_same_person(s.person, person); });
}

Status check_candidate(const Candidate& candidate) {
  if (candidate.workload.empty()) return invalid_argument("a proposal names its workload");
  if (candidate.model.empty() || candidate.variant.empty()) {
    return invalid_argument("a proposal names the model and the variant that was evaluated");
  }
  if (candidate.served && !candidate.upstream.empty()) {
    return invalid_argument("a proposal is served by upstream " + candidate.upstream +
                            " or by this machine, not by both");
  }
  if (candidate.digests.empty()) return invalid_argument("a proposal names the digests of what it promotes");
  return {};
}

/// Where the two names differ: what makes them one person's.
std::string as_called(const std::string& person, const Proposal& proposal) {
  if (person == proposal.proposer) return {};
  return "; \"" + person + "\" is the same person, as letter case and blanks make no other one";
}

Status check_signer(const Proposal& proposal, const std::string& person) {
  if (auth::is_same_person(person, proposal.proposer)) {
    return unauthorized(proposal.proposer + " proposed this, so somebody else signs it" + as_called(person, proposal));
  }
  if (has_signed(proposal, person))
    return already_exists(person + " has signed this already; somebody else signs next");
  return {};
}

}  // namespace

Result<audit::Event> Board::propose(std::string id, Candidate candidate, std::string person, std::string reason) const {
  FW_TRY(check_candidate(candidate));
  if (proposals_.contains(id)) return already_exists("there is a proposal " + id);
  Json details = details_of(candidate);
  details["draw"] = kSecretDraw;
  return event_of(Action::kPropose, id, std::move(person), std::move(reason), details);
}

Result<audit::Event> Board::sign(const std::string& id, const std::string& signed_digest, std::string person,
                                 std::string reason) const {
  FW_ASSIGN(const Proposal* proposal, get(id));
  FW_TRY(step(*proposal, Action::kSign));
  FW_TRY(check_signer(*proposal, person));
  const std::string present = digest_of(proposal->candidate.digests);
  if (signed_digest != present) {
    return failed_precondition("what was signed (" + signed_digest + ") is not what is proposed now (" + present +
                               "); look at it again");
  }
  return event_of(Action::kSign, id, std::move(person), std::move(reason),
                  {{"digest", present}, {"needed", rules_.signatures_of(proposal->candidate.workload)}});
}

Result<audit::Event> Board::change(const std::string& id, Digests digests, std::string person,
                                   std::string reason) const {
  FW_ASSIGN(const Proposal* proposal, get(id));
  FW_TRY(step(*proposal, Action::kChange));
  if (digests.empty() || digests == proposal->candidate.digests) return invalid_argument("the digests are the same");
  return event_of(Action::kChange, id, std::move(person), std::move(reason), {{"digests", digests}});
}

Result<audit::Event> Board::decide(const std::string& id, Action action, std::string person, std::string reason) const {
  if (action == Action::kPropose || action == Action::kSign || action == Action::kChange) {
    return invalid_argument(std::string(to_string(action)) + " needs more than a name");
  }
  FW_ASSIGN(const Proposal* proposal, get(id));
  FW_TRY(check_traffic(*proposal, action));
  Json details = Json::object();
  if (action == Action::kStartShadow) {
    if (rules_.shadow <= 0) return failed_precondition("no copies are sent here: promotion.shadow.share is 0");
    details = {{"shadow", rules_.shadow}};
  }
  if (action == Action::kStartCanary || action == Action::kAdvance) {
    const auto step = next_step(rules_.steps, proposal->share);
    if (!step) return failed_precondition("the canary is on its last step; the next one is to go live");
    details = {{"step", *step}, {"share", rules_.steps[*step]}, {"shadow", rules_.shadow}};
  }
  return event_of(action, id, std::move(person), std::move(reason), details);
}

Result<Stage> Board::step(const Proposal& proposal, Action action) const {
  auto to = next_stage(proposal.stage, action);
  if (to.ok()) return to;
  std::string why = "proposal " + proposal.id + " cannot " + std::string(words_of(action)) + ": it " +
                    std::string(words_of(proposal.stage));
  if (proposal.stage == Stage::kProposed) {
    const std::size_t missing = signatures_needed(proposal) - proposal.signatures.size();
    std::string others = proposal.proposer;
    for (const auto& s : proposal.signatures) others += ", " + s.person;
    why += ", " + std::to_string(missing) + " more, by " + (missing == 1 ? "somebody" : "people") + " other than " +
           others;
  }
  if (is_ended(proposal.stage)) {
    return failed_precondition(why + ", which ends it; propose again with: flywheel promote propose " +
                               proposal.candidate.job);
  }
  std::string possible;
  for (const Action next : steps_from(proposal.stage)) {
    possible += (possible.empty() ? "" : ", ") + std::string(command_of(next));
  }
  return failed_precondition(why + "; possible now: " + possible + " (flywheel promote STEP " + proposal.id + ")");
}

Status Board::check_traffic(const Proposal& proposal, Action action) const {
  FW_ASSIGN(const Stage to, step(proposal, action));
  if (touches_traffic(to) && !touches_traffic(proposal.stage)) {
    const Proposal* other = on_traffic(proposal.candidate.workload, proposal.candidate.client);
    if (other != nullptr && other->stage != Stage::kLive) {
      return failed_precondition("proposal " + other->id + " is in " + std::string(to_string(other->stage)) +
                                 " on this workload; roll it back or take it live first");
    }
  }
  return {};
}

Status Board::apply(const audit::Entry& entry) {
  if (!entry.event.action.starts_with(kArea)) return {};
  const auto action = action_of(std::string_view(entry.event.action).substr(kArea.size()));
  const std::string at = "audit entry " + std::to_string(entry.number);
  if (!action) return data_loss(at + ": unknown action " + entry.event.action);
  auto proposal = after(entry, *action);
  if (!proposal.ok()) return data_loss(at + " is no legal step: " + proposal.error().message);
  if (proposal->stage == Stage::kLive) {
    // One proposal of a workload is live: this one takes over from it.
    for (auto& [id, other] : proposals_) {
      const bool is_same_traffic = other.candidate.workload == proposal->candidate.workload &&
                                   other.candidate.client == proposal->candidate.client;
      if (id == proposal->id || other.stage != Stage::kLive || !is_same_traffic) continue;
      other.stage = Stage::kRetired;
      other.share = other.shadow = 0;
      other.changed_at = entry.at;
      other.revision = entry.number;
      other.reason = "proposal " + proposal->id + " went live";
      if (auto figures = figures_of(entry.event.details, "retired_figures"); !figures.empty()) {
        other.figures = std::move(figures);
      }
    }
  }
  proposal->revision = entry.number;
  if (*action == Action::kPropose) order_.push_back(proposal->id);
  proposals_.insert_or_assign(proposal->id, std::move(*proposal));
  return {};
}

Result<Proposal> Board::after(const audit::Entry& entry, Action action) const {
  const audit::Event& e = entry.event;
  if (action == Action::kPropose) {
    FW_ASSIGN(Candidate candidate, candidate_of(e.details));
    FW_TRY(propose(e.subject, candidate, e.person, e.reason));
    return Proposal{.id = e.subject,
                    .candidate = std::move(candidate),
                    .proposer = e.person,
                    .has_secret_draw = is_drawn_in_secret(e.details),
                    .created_at = entry.at,
                    .changed_at = entry.at,
                    .reason = e.reason};
  }
  FW_ASSIGN(const Proposal* before, get(e.subject));
  FW_TRY(check_traffic(*before, action));
  Proposal proposal = *before;
  FW_ASSIGN(proposal.stage, next_stage(before->stage, action));
  FW_TRY(take_details(proposal, action, entry));
  proposal.changed_at = entry.at;
  proposal.reason = e.reason;
  return proposal;
}

Status Board::take_details(Proposal& proposal, Action action, const audit::Entry& entry) {
  const audit::Event& e = entry.event;
  if (action == Action::kSign) {
    // Names as they are: what an earlier version took for two people stands.
    if (e.person == proposal.proposer) return data_loss(e.person + " signed what they proposed");
    if (std::ranges::find(proposal.signatures, e.person, &Signature::person) != proposal.signatures.end())
      return data_loss(e.person + " signed twice");
    FW_ASSIGN(const double needed, number_of(e.details, "needed"));
    if (!(needed >= 1 && needed < 1000)) return data_loss("no number of signatures");
    proposal.needed = static_cast<std::size_t>(needed);
    proposal.signatures.push_back({e.person, entry.at});
    if (proposal.signatures.size() >= proposal.needed) proposal.stage = Stage::kSignedOff;
  } else if (action == Action::kChange) {
    FW_ASSIGN(proposal.candidate.digests, digests_of(e.details));
    proposal.signatures.clear();
    proposal.needed = 0;
  } else if (action == Action::kStartCanary || action == Action::kAdvance) {
    FW_ASSIGN(const double step, number_of(e.details, "step"));
    FW_ASSIGN(proposal.share, number_of(e.details, "share"));
    if (!(step >= 0 && step < 1000 && proposal.share >= 0 && proposal.share <= 1))
      return data_loss("no step of a canary");
    proposal.step = static_cast<std::size_t>(step);
    // Absent from the entries of versions that sent no copies.
    proposal.shadow = number_of(e.details, "shadow").value_or(0);
  } else if (action == Action::kStartShadow) {
    FW_ASSIGN(proposal.shadow, number_of(e.details, "shadow"));
  }
  if (auto figures = figures_of(e.details, "figures"); !figures.empty()) proposal.figures = std::move(figures);
  if (!(proposal.shadow >= 0 && proposal.shadow <= 1)) return data_loss("no share of the requests");
  if (proposal.stage == Stage::kLive) proposal.share = 1;
  if (!touches_traffic(proposal.stage)) proposal.share = proposal.shadow = 0;
  return {};
}

Result<const Proposal*> Board::get(const std::string& id) const {
  const Proposal* found = find(id);
  if (found == nullptr) return not_found("there is no proposal " + id);
  return found;
}

std::size_t Board::signatures_needed(const Proposal& proposal) const {
  if (proposal.stage != Stage::kProposed && proposal.needed > 0) return proposal.needed;
  // Where the rules ask for fewer than there are by now, it still takes somebody who signs under them.
  return std::max(rules_.signatures_of(proposal.candidate.workload),
                  proposal.signatures.size() + (proposal.stage == Stage::kProposed ? 1 : 0));
}

const Proposal* Board::find(std::string_view id) const {
  const auto found = proposals_.find(id);
  return found == proposals_.end() ? nullptr : &found->second;
}

std::vector<Proposal> Board::all() const {
  std::vector<Proposal> list;
  for (const std::string& id : order_) list.push_back(proposals_.at(id));
  return list;
}

const Proposal* Board::live_on(std::string_view workload, std::string_view client) const {
  const auto found = std::ranges::find_if(proposals_, [&](const auto& entry) {
    const Proposal& p = entry.second;
    return p.stage == Stage::kLive && p.candidate.workload == workload && p.candidate.client == client;
  });
  return found == proposals_.end() ? nullptr : &found->second;
}

const Proposal* Board::on_traffic(std::string_view workload, std::string_view client) const {
  const Proposal* found = nullptr;
  for (const auto& [id, proposal] : proposals_) {
    const bool is_it = proposal.candidate.workload == workload && proposal.candidate.client == client &&
                       touches_traffic(proposal.stage);
    // A canary beside the model that is live decides first.
    if (is_it && (found == nullptr || found->stage == Stage::kLive)) found = &proposal;
  }
  return found;
}

}  // namespace fw::promotion
