#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/deadline.h"
#include "base/result.h"
#include "dataset/card.h"

namespace fw::dataset {

/// Finds answers that look wrong, told from the rows alone:
/// 1. the call is of a tool that the request does not have, or its arguments are what the tool's own schema forbids;
///    the text is not what the request's response_format asks for: no JSON object, or what its schema forbids;
/// 2. an argument's value stands nowhere in the request, where nine of ten answers with that argument (ten at least)
///    have taken it from there; of an identifier (an order's number) every second is enough;
/// 3. the user's next message denies it (impl/denial.h);
/// 4. the row's tools are none of those that half of the rows have, and fewer than one row in twenty is so: another
///    application's traffic; or, where up to three of ten rows are so, it shares neither tools nor system message with
///    the others (impl/applications.h);
/// 5. it is a text that reads like a refusal of the model itself (refusals.h): a production model that refuses is
///    nothing that an application wants to have learned, unless it does;
/// 6. a request that is nearly equal (impl/near_clusters.h) is answered with other tools, as often at least: in groups
///    of at most ten rows, of requests that begin a conversation;
/// 7. it calls what few rows in its situation call: of six rows at least with the same tools, one template of the
///    last user message and of what that answers, and the same turns since, at most 20 % answer as it does, and four
///    times as many, two fifths at least, in one other way;
/// 8. the rows whose last user messages are most like its own are answered otherwise (impl/neighbours.h); no texts, and
///    by words that are less like it only where of the rows with either answer three in ten are told right.
/// What is usual is told from the rows of training alone: evaluation rows are judged by it, and have no say in it.
class SuspectFinder final {
 public:
  explicit SuspectFinder(std::size_t rows);
  ~SuspectFinder();
  SuspectFinder(const SuspectFinder&) = delete;
  SuspectFinder& operator=(const SuspectFinder&) = delete;

  /// A row as it was captured; `last_user` is its template. Each row once, each worker (async/parallel_for.h) one at a
  /// time.
  void look(std::size_t worker, std::size_t row, std::uint64_t last_user, std::string_view request,
            std::string_view response);

  /// Of a row: how the user's next message denies its answer.
  void deny(std::size_t row, std::string_view words) { denials_[row] = words; }

  /// Rows that are nearly equal, each of one group.
  void group(std::span<const std::size_t> rows) { groups_.emplace_back(rows.begin(), rows.end()); }

  struct Suspect {
    std::size_t row = 0;
    std::string_view why;  ///< of reasons.h: the first of the list above
    std::string detail;    ///< for a person
  };
  struct Found {
    std::vector<Suspect> suspects;
    LikeRequests like;  ///< of training
  };
  /// Those of `rows`, in their order, after all were looked at; `training` is among them. Fails only at the deadline.
  [[nodiscard]] Result<Found> find(std::span<const std::size_t> training, std::span<const std::size_t> rows,
                                   const Deadline& deadline) const;

 private:
  struct Argument {
    std::string name;  ///< tool.argument
    std::string value;
    bool is_made_up = false;
  };
  struct Seen {
    std::string violation;
    std::string format_violation;  ///< of the request's response_format
    std::vector<Argument> arguments;
    std::vector<std::string> tools;    ///< that the request has
    std::vector<std::uint64_t> marks;  ///< of its application (impl/applications.h)
    bool begins = false;               ///< a conversation: nothing was answered before
    std::uint64_t place = 0;           ///< of the conversation, whatever the user said last
    std::vector<std::uint32_t> words;  ///< of what the user said last, for impl/neighbours.h
    std::uint64_t situation = 0;       ///< of 7.
    std::string refusal;               ///< the text, where it reads like one
    std::string answer;                ///< names of the tools called; "" for a text
  };
  /// What is usual in training.
  struct Usual;
  struct Reader;
  static std::string odd_answer(const Seen& row, const Usual& usual);
  static std::string made_up(const Seen& row, const Usual& usual);
  static bool is_foreign(const Seen& row, const Usual& usual);
  [[nodiscard]] Result<std::vector<std::string>> disagreements(std::span<const std::size_t> training,
                                                               std::span<const std::size_t> rows,
                                                               const Deadline& deadline, LikeRequests& like) const;
  [[nodiscard]] std::unordered_map<std::size_t, std::string> contradictions(
      std::span<const std::size_t> training) const;

  std::vector<std::unique_ptr<Reader>> readers_;  // by worker
  std::vector<Seen> seen_;                        // by row
  std::unordered_map<std::size_t, std::string> denials_;
  std::vector<std::vector<std::size_t>> groups_;
};

}  // namespace fw::dataset
