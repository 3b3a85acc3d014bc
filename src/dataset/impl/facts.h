#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/impl/template.h"
#include "modelops/row_traits.h"
#include "record/interaction.h"

namespace fw::dataset {

/// Where in its record a prefix ends.
enum class PrefixPlace : std::uint8_t {
  kWithin,    ///< the record's request goes on from it
  kQuestion,  ///< it is the record's whole request
  kAnswered,  ///< it is the request with its answer
};

/// A beginning of a conversation that ends in an answer, or (with the system messages) in a first question long enough
/// to tell: what records of one conversation share.
struct Prefix {
  std::uint64_t hash = 0;
  std::uint32_t bytes = 0;  ///< of its texts, without system messages
  PrefixPlace place = PrefixPlace::kWithin;
};

/// What is kept of a record between its first and its second reading. Hashes are equal for what means the same: order
/// of keys, call ids, writing of arguments, white space around an answer do not count.
struct RecordFacts {
  std::string_view defect;             ///< of reasons.h; where there is one, the rest is empty
  std::set<std::string_view> repairs;  ///< of reasons.h
  std::string label;                   ///< first tool of the answer; `no_tool`
  modelops::AnswerKind kind = modelops::AnswerKind::kText;
  std::uint64_t request = 0;         ///< all that the model saw: messages, tools, tool_choice, response_format
  std::uint64_t answer = 0;          ///< calls by value in any order; else the text
  std::uint32_t request_bytes = 0;   ///< of its turns' texts
  std::uint32_t answers_before = 0;  ///< assistant's messages of the request
  std::uint64_t explicit_id = 0;     ///< hash of the conversation id that the request bears; 0: none
  std::vector<Prefix> prefixes;      ///< the first two and the last six, then the answered one
  MaskedText opening;                ///< the first user message
  MaskedText last;                   ///< the last user message
  std::uint64_t denied = 0;          ///< the answered prefix that the request's last message denies; 0: none
  std::string denial;                ///< the beginning of that message
};

/// Reads records. One that is in the form that normalise() leaves is read where simdjson has parsed it; any other goes
/// through normalise() first. Not thread-safe.
class FactsReader {
 public:
  explicit FactsReader(bool parse_arguments);
  ~FactsReader();
  FactsReader(const FactsReader&) = delete;
  FactsReader& operator=(const FactsReader&) = delete;

  [[nodiscard]] RecordFacts read(std::string_view request, std::string_view response);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fw::dataset
