#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/gateway/settings.h"
#include "record/interaction.h"

namespace fw::discovery {

/// An exchange to look at before accepting.
struct Example {
  record::RecordId id;
  std::string asked;     ///< beginning of the request's last message
  std::string answered;  ///< beginning of the answer; of calls the first one's name too
};

/// What the answers of a workload are.
struct AnswerKinds {
  std::uint64_t text = 0;
  std::uint64_t json = 0;  ///< text that begins as a JSON object or list does
  std::uint64_t tool_calls = 0;
  std::uint64_t error = 0;
};

/// Traffic that seems to be one task of an application, and the rule that tells it from the rest.
struct Proposal {
  std::string name;
  capture::LabelRule rule;      ///< its workload is the name
  std::string prompt;           ///< beginning of a system message of it, or of a user's where there is none
  std::uint64_t variants = 0;   ///< different system messages among the records by which it was found
  std::uint64_t records = 0;    ///< that the rule takes, in the order of all rules
  std::uint64_t has_turns = 0;  ///< records whose request holds an earlier answer
  AnswerKinds answers;
  std::map<std::string, std::uint64_t> clients;
  std::map<std::string, std::uint64_t> models;  ///< that answered, else were asked
  std::map<std::string, std::uint64_t> called;  ///< tools of the answers
  std::optional<Timestamp> oldest;
  std::optional<Timestamp> newest;
  std::vector<Example> examples;  ///< by lot
};

/// What was found. Records of all proposals and those in none add up to `records`.
struct Discovery {
  std::uint64_t records = 0;          ///< looked at
  std::uint64_t learned = 0;          ///< of these, by lot, those by which the rules were found
  std::uint64_t in_none = 0;          ///< too few alike, or no chat-completion request
  std::uint64_t without_content = 0;  ///< beside these: passed over, since their content has expired
  std::vector<Proposal> proposals;    ///< in the order in which their rules are asked
};

}  // namespace fw::discovery
