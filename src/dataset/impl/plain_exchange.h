#pragma once

#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <simdjson.h>

#include "dataset/impl/facts.h"
#include "evals/python_json.h"

namespace fw::dataset {

/// Reads the facts of an exchange that is in the form that normalise() leaves, straight from simdjson's tape, and
/// refuses every other one: most traffic needs no rewriting, and is read at the speed of parsing. Not thread-safe.
class PlainExchange {
 public:
  explicit PlainExchange(bool parse_arguments);

  enum class Form {
    kAsCaptured,  ///< every oddity is refused
    kNormal,      ///< normalise() let it through
  };

  /// Fills `facts`; false, with `facts` in any state, where the exchange is not plain.
  [[nodiscard]] bool read(std::string_view request, std::string_view response, Form form, RecordFacts& facts);

 private:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  /// The turn that was read last.
  struct Turn {
    std::uint64_t hash = 0;
    std::size_t bytes = 0;
    std::string_view text;
    bool calls = false;
  };

  bool read_request(Object request);
  bool read_messages(Element messages);
  bool read_message(Element element, std::size_t number, std::size_t count);
  [[nodiscard]] bool are_calls_answered() const;
  bool read_content(Element content, bool is_answer, Turn& turn);
  bool read_calls(Element calls, bool parse, Turn& turn);
  bool read_call(Element call, bool parse, std::uint64_t& hash);
  bool read_arguments(std::string_view text, std::uint64_t& hash);
  bool read_tools(Element tools);
  bool read_tool_choice(Element choice);
  bool are_sound(Element tools, std::uint64_t hash);
  std::uint64_t answer_of_calls(Element calls, std::uint64_t plain_hash);
  const evals::PythonValue& tools_with_defaults();
  bool read_metadata(Object request);
  bool read_response(Object response);
  bool read_answer(Object choice);
  void end_turn(std::string_view role, const Turn& turn);
  void keep_prefix(Prefix prefix);

  bool parse_arguments_;
  simdjson::dom::parser request_parser_;
  simdjson::dom::parser response_parser_;
  simdjson::dom::parser arguments_parser_;
  std::unordered_set<std::uint64_t> sound_tools_;  // hashes of tools that normalise() leaves as they are
  std::unordered_map<std::uint64_t, evals::PythonValue> tools_with_defaults_;  // by hash; null: without defaults
  Element tools_;                                                              // of the request, where it has any
  std::uint64_t tools_hash_ = 0;                                               // 0: it has none
  RecordFacts* facts_ = nullptr;
  std::vector<std::string_view> call_ids_;    // of the request so far
  std::vector<std::string_view> open_calls_;  // of the last message that called: those without a result yet
  std::vector<std::string_view> tool_names_;
  std::string first_label_;     // of the calls read last
  std::uint64_t messages_ = 0;  // hash of all messages so far
  std::uint64_t system_ = 0;    // of the system messages before the first turn
  std::uint64_t turns_ = 0;     // of all others so far
  std::size_t bytes_ = 0;       // of the turns' texts
  std::uint64_t answered_ = 0;  // turns_ at the last answer
  std::string_view answer_;     // its text
  std::string_view said_;       // by the user at last
  std::string_view last_role_;
  bool is_reply_ = false;       // the last turn is a user's, the first after that answer
  std::size_t turn_bytes_ = 0;  // of the calls read last
  bool user_seen_ = false;
  bool is_normal_ = false;
};

}  // namespace fw::dataset
