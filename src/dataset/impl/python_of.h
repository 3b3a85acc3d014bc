#pragma once

#include <simdjson.h>

#include "evals/python_json.h"

namespace fw::dataset {

/// As evaluation reads it; null where it cannot.
[[nodiscard]] inline evals::PythonValue python_of(simdjson::dom::element element) {
  auto value = evals::parse_python_json(simdjson::minify(element));
  return value.ok() ? std::move(*value) : evals::PythonValue();
}

}  // namespace fw::dataset
