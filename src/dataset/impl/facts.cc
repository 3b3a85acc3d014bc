#include "dataset/impl/facts.h"

#include <simdjson.h>

#include "dataset/impl/normalise.h"
#include "dataset/impl/plain_exchange.h"
#include "dataset/reasons.h"

namespace fw::dataset {

struct FactsReader::Impl {
  explicit Impl(bool parse) : parse_arguments(parse), exchange(parse) {}

  RecordFacts normalised(std::string_view request_text, std::string_view response_text) {
    RecordFacts facts;
    if (!is_within_limits(request_text) || !is_within_limits(response_text)) {
      facts.defect = reasons::kBeyondLimits;
      return facts;
    }
    auto request = parse_json(request_text);
    auto response = parse_json(response_text);
    if (!request) facts.defect = reasons::kRequestNotObject;
    if (request && !response)
      facts.defect = request->is_object() ? reasons::kResponseNotObject : reasons::kRequestNotObject;
    if (!facts.defect.empty()) return facts;
    Normalised found = normalise(*request, *response, parse_arguments);
    if (found.defect) {
      facts.defect = *found.defect;
      return facts;
    }
    facts = {};
    if (!exchange.read(to_line(*request), to_line(*response), PlainExchange::Form::kNormal, facts)) {
      facts = {};
      facts.defect = reasons::kNoEngineReads;
      return facts;
    }
    facts.repairs = std::move(found.repairs);
    return facts;
  }

  bool parse_arguments;
  PlainExchange exchange;
};

FactsReader::FactsReader(bool parse_arguments) : impl_(std::make_unique<Impl>(parse_arguments)) {}
FactsReader::~FactsReader() = default;

RecordFacts FactsReader::read(std::string_view request, std::string_view response) {
  RecordFacts facts;
  if (impl_->exchange.read(request, response, PlainExchange::Form::kAsCaptured, facts)) return facts;
  facts = {};
  return impl_->normalised(request, response);
}

}  // namespace fw::dataset
