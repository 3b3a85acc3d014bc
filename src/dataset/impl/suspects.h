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

#include "dataset/card.h"

namespace fw::dataset {

/// Finds answers that look wrong, told from the rows alone:
/// 1. the call is of a tool that the request does not have, or its arguments are what the tool's own schema forbids;
/// 2. an argument's value stands nowhere in the request, where nine of ten answers with that argument (ten at least)
///    have taken it from there; of an identifier (an order's number) every second is enough;
/// 3. the row's tools are none of those that half of the rows have, and fewer than one row in twenty is so: another
///    application's traffic;
/// 4. it is a text that reads like a refusal of the model itself (refusals.h): a production model that refuses is
///    nothing that an application wants to have learned, unless it does;
/// 5. it calls what few rows in its situation call: of six rows at least with the same tools, one template of the
///    last user message and of what that answers, and the same turns since, at most 20 % answer as it does, and four
///    times as many, two fifths at least, in one other way.
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

  struct Suspect {
    std::size_t row = 0;
    std::string_view why;  ///< of reasons.h: the first of the list above
    std::string detail;    ///< for a person
  };
  /// Those of `rows`, in their order, after all were looked at.
  [[nodiscard]] std::vector<Suspect> find(std::span<const std::size_t> training,
                                          std::span<const std::size_t> rows) const;

 private:
  struct Argument {
    std::string name;  ///< tool.argument
    std::string value;
    bool is_made_up = false;
  };
  struct Seen {
    std::string violation;
    std::vector<Argument> arguments;
    std::vector<std::string> tools;  ///< that the request has
    std::uint64_t situation = 0;     ///< of 5.
    std::string refusal;             ///< the text, where it reads like one
    std::string answer;              ///< names of the tools called; "" for a text
  };
  /// What is usual in training.
  struct Usual;
  struct Reader;
  static std::string odd_answer(const Seen& row, const Usual& usual);
  static std::string made_up(const Seen& row, const Usual& usual);
  static bool is_foreign(const Seen& row, const Usual& usual);

  std::vector<std::unique_ptr<Reader>> readers_;  // by worker
  std::vector<Seen> seen_;                        // by row
};

}  // namespace fw::dataset
