#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataset/impl/selection.h"
#include "dataset/impl/split.h"

namespace fw::dataset {

/// Figures of the finished rows that only their writer knows.
struct RowFigures {
  std::uint64_t rows_short_of_examples = 0;                      ///< in-context rows with fewer than min_examples
  std::uint64_t example_rows = 0;                                ///< training rows that examples are drawn from
  std::uint64_t cut_texts = 0;                                   ///< that an embedding model has seen the beginning of
  std::vector<std::uint64_t> request_tokens = {};                ///< of each evaluation row, estimated
  std::vector<std::uint64_t> request_tokens_with_examples = {};  ///< of each in-context row
};

/// For each candidate whose context does not hold every evaluation row's request and answer: how many are beyond it,
/// and the context_length that would do.
[[nodiscard]] std::vector<std::string> too_long_for(const std::vector<ContextLimit>& contexts,
                                                    const RowFigures& figures);

/// Says which rows of a hold-out set were retired and how many changed, where any were or did.
void warn_of_changes(const HoldoutCounts& set, std::vector<std::string>& warnings);

/// Says what the window lacks, where it lacks any.
void warn_of_not_read(const NotRead& not_read, std::vector<std::string>& warnings);

/// Says where requests that read alike are answered alike little more than by chance.
void warn_of_noise(const LikeRequests& like, std::vector<std::string>& warnings);

/// The card's notes: plain sentences with figures, for a card that is complete but for them.
[[nodiscard]] std::vector<std::string> write_notes(const BuildRequest& request, const Selected& selected,
                                                   const Split& split, const Card& card, const RowFigures& figures);

/// The step `split`, with what it left out.
[[nodiscard]] Step split_step(const Selected& selected, const Split& split);

/// Conversations and requests on two sides, measured on what is written, without trust in how it was drawn.
[[nodiscard]] Leak measure_leak(const Selected& selected, const Survey& survey, const std::vector<Side>& sides);

/// All but the rows seen and unseen.
[[nodiscard]] TemplateCounts count_templates(const Selected& selected, const Split& split);

}  // namespace fw::dataset
