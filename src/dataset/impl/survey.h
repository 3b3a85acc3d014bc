#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dataset/card.h"
#include "dataset/impl/conversation.h"
#include "dataset/impl/facts.h"
#include "dataset/impl/template.h"

namespace fw::dataset {

/// What stays of a valid record after its first reading: 72 bytes, and a few hashes beside it.
struct Surveyed {
  Timestamp time;
  std::uint64_t id_at = 0;  ///< its id in Survey::ids
  std::uint64_t request = 0;
  std::uint64_t answer = 0;
  std::uint64_t opening = 0;  ///< masked first and last user text; templates_of() says their templates
  std::uint64_t last = 0;
  std::uint64_t named_at = 0;  ///< its ids in Survey::named_ids
  std::uint32_t label = 0;
  std::uint32_t request_bytes = 0;
  std::uint16_t answers_before = 0;
  std::uint8_t id_size = 0;
  std::uint8_t named = 0;
  bool calls_tool = false;
  bool is_opening_telling = false;  ///< three words at least
};

/// The first reading of a window, a page after the other, in any order; the records of a page on all cores.
class Survey {
 public:
  explicit Survey(bool parse_arguments);

  void add(std::span<const record::Interaction> page);
  /// Once, after all records: puts them in order of time, then id, and finds the templates. Error: the deadline's.
  [[nodiscard]] Status finish(const Deadline& deadline);

  [[nodiscard]] record::RecordId id_of(const Surveyed& record) const {
    return record::RecordId(ids_.substr(record.id_at, record.id_size));
  }
  [[nodiscard]] std::span<const std::uint64_t> named_ids(const Surveyed& record) const {
    return std::span(named_ids_).subspan(record.named_at, record.named);
  }

  /// Once finished: how the user's next message denies the record's answer (its beginning), where that is so in half of
  /// the records with this request and answer at least; else nullptr.
  [[nodiscard]] const std::string* denial_of(std::uint32_t record) const;

  std::vector<Surveyed> records;
  std::vector<Link> links;
  std::vector<ConversationId> conversation_ids;
  std::vector<std::string> labels;  ///< by Surveyed::label
  Templates templates;
  Step validate{"validate", 0, 0, {}, {}};
  bool calls_tools = false;  ///< any valid answer does: a tool-calling workload

 private:
  struct Denial {
    std::uint64_t times = 0;
    std::uint64_t of = 0;  ///< records with that request and answer
    std::string text;      ///< the smallest, so that the order of records does not count
  };

  void add(const record::Interaction& record, const RecordFacts& facts);
  void find_denied();
  std::uint32_t label_number(const std::string& label);

  std::vector<std::unique_ptr<FactsReader>> readers_;  // by worker
  std::string ids_;
  std::vector<std::uint64_t> named_ids_;
  std::unordered_map<std::string, std::uint32_t> label_numbers_;
  std::unordered_map<std::uint64_t, Denial> denials_;                // by answered prefix
  std::unordered_map<std::uint32_t, std::uint64_t> denied_records_;  // their answered prefixes
};

}  // namespace fw::dataset
