#include "evals/text/exact_match.h"

#include "evals/text/squad_text.h"

namespace fw::evals {

double exact_match(std::string_view reference, std::string_view candidate) {
  return squad_normalized(reference) == squad_normalized(candidate) ? 1.0 : 0.0;
}

}  // namespace fw::evals
