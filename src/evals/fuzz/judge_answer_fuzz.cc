// Whatever a judge says: no crash, and a rating is on the scale.

#include <cstdint>

#include "base/assert.h"
#include "evals/judge/judge_rating.h"
#include "evals/text/rouge.h"
#include "evals/text/text_scores.h"
#include "evals/text/token_f1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fw::evals;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto rating = parse_judge_rating(text, 1, 10);
  FW_ASSERT(!rating || (*rating >= 1 && *rating <= 10));
  const auto rouge = rouge_l_f("the customer asked about the order 4711", text);
  FW_ASSERT(!rouge || (*rouge >= 0 && *rouge <= 1));
  const double f1 = token_f1("the customer asked about an order", text);
  FW_ASSERT(f1 >= 0 && f1 <= 1);
  for (const auto score : {rouge_l_score, token_f1_score, exact_match_score}) {
    FW_ASSERT(*score(text, text) == 1);
    const auto other = score("le café était fermé, 注文番号は4711です", text);
    FW_ASSERT(!other || (*other >= 0 && *other <= 1));
  }
  return 0;
}
