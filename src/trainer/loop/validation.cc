#include "trainer/loop/validation.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

#include "trainer/packing/families.h"

namespace fw::trainer {

Result<Score> score(const PackedModel& model, const ModelConfig& config, std::span<const TrainingRow* const> rows,
                    int first_layer, const FrozenStates* states, std::size_t first_row,
                    const std::function<bool()>& keep_going) {
  const at::NoGradGuard no_grad;
  const auto terms = [&](const TokenTree& tree, std::span<const std::size_t> numbers) -> Result<TermScores> {
    const auto input = prepare(config, tree);
    const auto hidden = states != nullptr ? states->gather(*input.tree, numbers) : model.before(input, first_layer);
    auto result = model.loss(hidden, input, first_layer);
    return TermScores{std::move(result.losses), std::move(result.hits)};
  };
  return score(terms, rows, first_row, keep_going);
}

Result<Score> score(const ScoreTerms& terms, std::span<const TrainingRow* const> rows, std::size_t first_row,
                    const std::function<bool()>& keep_going) {
  Score total;
  total.hits.assign(rows.size(), 1);
  total.losses.assign(rows.size(), 0);
  std::vector<std::size_t> counts(rows.size(), 0);
  const std::int64_t common = common_beginning(rows);
  const auto order = side_by_side(rows);
  std::vector<const TrainingRow*> ordered;
  std::vector<std::size_t> numbers;
  for (const auto row : order) {
    ordered.push_back(rows[row]);
    numbers.push_back(first_row + row);
  }
  for (std::size_t begin = 0; begin < rows.size();) {
    const auto batch = std::span(ordered).subspan(begin, batch_end(ordered, begin, common) - begin);
    const auto tree = pack(batch);
    FW_ASSIGN(const auto result, terms(tree, std::span(numbers).subspan(begin, batch.size())));
    for (std::size_t i = 0; i < result.losses.size(); ++i) {
      const auto row = order[begin + static_cast<std::size_t>(tree.terms[i].row)];
      total.losses[row] += static_cast<double>(result.losses[i]);
      total.hits[row] &= result.hits[i];
      ++counts[row];
    }
    begin += batch.size();
    if (keep_going && !keep_going()) return cancelled("training was stopped");
  }
  const double sum = std::accumulate(total.losses.begin(), total.losses.end(), 0.0);
  const auto tokens = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  total.loss = tokens > 0 ? sum / static_cast<double>(tokens) : 0;
  for (std::size_t r = 0; r < rows.size(); ++r)
    total.losses[r] /= static_cast<double>(std::max<std::size_t>(counts[r], 1));
  const auto exact = std::accumulate(total.hits.begin(), total.hits.end(), std::size_t{0});
  total.exact = rows.empty() ? 0 : static_cast<double>(exact) / static_cast<double>(rows.size());
  return total;
}

}  // namespace fw::trainer
