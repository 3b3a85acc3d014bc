#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fw::modelops {

/// What production did in a row. The two kinds are scored by different metrics and reported apart.
enum class AnswerKind { kText, kToolCalls };

/// `text`, `tool_calls`: as datasets, results and reports write it.
[[nodiscard]] std::string_view to_string(AnswerKind kind);

/// What is known of an evaluation row before any model is asked: what reports group, weigh and pair rows by.
/// docs/formats/dataset_rows.md has their JSON keys.
struct RowTraits {
  std::string label;  ///< class: first tool of the reference answer, `no_tool`, or empty in a workload without tools
  AnswerKind kind = AnswerKind::kText;
  std::string conversation;              ///< cluster: equal for rows of one conversation; the row's own id where alone
  std::uint32_t turn = 1;                ///< the how-manieth answer of its conversation, from 1
  std::uint32_t conversation_turns = 1;  ///< answers that the conversation has in the window
  bool template_in_training = false;     ///< a training row has the same template: the same words between its slots
  bool is_newest = false;                ///< of the newest part of the window, which training never saw
  double weight = 1;                     ///< records of the traffic that this row stands for, relative to other rows
  std::uint32_t repeats = 1;             ///< records of the window that make this very request
  std::uint32_t repeats_agreeing = 1;    ///< those of them that production answered as it did here
  /// So many records make this request that it is an evaluation row in any case: its weight is their share of the
  /// traffic itself, and what it shows needs no allowance for the lot.
  bool is_frequent = false;

  friend bool operator==(const RowTraits&, const RowTraits&) = default;
};

}  // namespace fw::modelops
