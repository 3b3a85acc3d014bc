#include "evals/tool_calls/json_schema.h"

#include <re2/re2.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <cmath>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

#include "evals/json_text.h"
#include "evals/tool_calls/schema_document.h"

namespace fw::evals {
namespace {

using valijson::ValidationResults;
using valijson::adapters::Adapter;
using Json = nlohmann::json;
using JsonAdapter = valijson::adapters::NlohmannJsonAdapter;

constexpr std::size_t kMostValues = 5'000;
constexpr std::size_t kMostSteps = 100'000;
constexpr std::uintptr_t kMostStack = 512 * 1024;  // bytes below where the walk began

/// Where a walk is given up: the schema allows then.
struct BeyondBounds final : std::exception {};

/// What one walk has cost; begun anew for each value.
struct Walk {
  std::size_t steps = 0;
  std::uintptr_t began = 0;

  static std::uintptr_t here() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }
  void step() {
    const std::uintptr_t at = here();
    const std::uintptr_t deep = began > at ? began - at : at - began;
    if (++steps > kMostSteps || deep > kMostStack) throw BeyondBounds();
  }
};

template <class Derived>
class OwnConstraint : public valijson::constraints::PolyConstraint {
 private:
  Constraint* cloneInto(void* place) const override { return new (place) Derived(static_cast<const Derived&>(*this)); }
  std::size_t sizeOf() const override { return sizeof(Derived); }
};

class StepConstraint final : public OwnConstraint<StepConstraint> {
 public:
  explicit StepConstraint(Walk& walk) : walk_(&walk) {}
  bool validate(const Adapter&, const std::vector<std::string>&, ValidationResults*) const override {
    walk_->step();
    return true;
  }

 private:
  Walk* walk_;
};

/// A text has the form that a keyword asks for.
class TextConstraint final : public OwnConstraint<TextConstraint> {
 public:
  TextConstraint(const std::string& pattern, std::string otherwise) : otherwise_(std::move(otherwise)) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kMostPatternMemory);
    pattern_ = std::make_shared<re2::RE2>(pattern, options);
  }
  bool validate(const Adapter& target, const std::vector<std::string>& context,
                ValidationResults* results) const override {
    if (!target.isString() || !pattern_->ok() || re2::RE2::PartialMatch(target.getString(), *pattern_)) return true;
    if (results != nullptr) results->pushError(context, otherwise_);
    return false;
  }

 private:
  std::shared_ptr<const re2::RE2> pattern_;
  std::string otherwise_;
};

/// The library's own would call 19.99 no multiple of 0.01.
class MultipleConstraint final : public OwnConstraint<MultipleConstraint> {
 public:
  explicit MultipleConstraint(double of) : of_(of) {}
  bool validate(const Adapter& target, const std::vector<std::string>& context,
                ValidationResults* results) const override {
    if (!target.isNumber()) return true;
    const double times = target.asDouble() / of_;
    if (std::fabs(times - std::round(times)) <= kClose * std::max(1.0, std::fabs(times))) return true;
    if (results != nullptr) results->pushError(context, "is no multiple of its multipleOf");
    return false;
  }

 private:
  static constexpr double kClose = 1e-9;
  double of_;
};

template <class Make>
class Builder final : public valijson::ConstraintBuilder {
 public:
  explicit Builder(Make make) : make_(std::move(make)) {}
  valijson::constraints::Constraint* make(const Adapter& keyword) const override { return make_(keyword); }

 private:
  Make make_;
};

template <class Make>
void add(valijson::SchemaParser& parser, const char* keyword, Make make) {
  parser.addConstraintBuilder(keyword, new Builder<Make>(std::move(make)));
}

/// The library's words for what a person should read otherwise.
std::string in_our_words(const std::string& said) {
  const auto is = [&](std::string_view beginning) { return said.starts_with(beginning); };
  if (is("Failed to match against any enum")) return "is none of its enum";
  if (is("Failed to match expected value set by 'const'")) return "is not its const";
  if (is("Value type not permitted")) return "is of none of its types";
  if (is("Failed to validate against any schemas allowed by anyOf")) return "fits no branch of anyOf";
  if (is("Failed to validate against any")) return "fits no branch of oneOf";
  if (is("Failed to validate against exactly one")) return "fits more than one branch of oneOf";
  if (is("Target should not validate")) return "fits what its schema excludes (not)";
  if (is("Elements at indexes")) return "has an item twice";
  if (!said.empty() && said.front() >= 'A' && said.front() <= 'Z') {
    std::string words = said;
    words.front() = static_cast<char>(words.front() - 'A' + 'a');
    return "is against its schema: " + words;
  }
  return said;
}

/// `"unit"`, `an item of "units"`, `the arguments`.
std::string place_of(const std::vector<std::string>& context) {
  std::string name;
  bool is_item = false;
  for (std::size_t i = 1; i < context.size(); ++i) {
    const std::string inner = context[i].size() < 2 ? "" : context[i].substr(1, context[i].size() - 2);
    is_item = !inner.empty() && inner.find_first_not_of("0123456789") == inner.npos;
    if (!is_item) name = inner;
  }
  if (name.empty()) return is_item ? "an item" : "the arguments";
  return (is_item ? "an item of " : "") + json_quoted(name);
}

/// The name between the last two quotes.
std::string quoted_name(const std::string& said) {
  const std::size_t end = said.rfind('\'');
  const std::size_t begin = end == said.npos || end == 0 ? said.npos : said.rfind('\'', end - 1);
  return begin == said.npos ? "" : json_quoted(said.substr(begin + 1, end - begin - 1));
}

std::string phrase(const ValidationResults::Error& error) {
  const std::string place = place_of(error.context);
  if (error.description.starts_with("Missing required property")) return quoted_name(error.description) + " is missing";
  if (error.description.starts_with("Object contains a property")) {
    return quoted_name(error.description) + " is no parameter" + (place == "the arguments" ? "" : " of " + place);
  }
  return place + ' ' + in_our_words(error.description);
}

/// Whether the error is of branches as a whole: what each branch finds wrong comes before it.
bool is_of_branches(const std::string& said) {
  return said.find(" anyOf ") != said.npos || said.starts_with("Failed to validate against any ") ||
         said.starts_with("Failed to validate against exactly one");
}

bool is_within(const std::vector<std::string>& inner, const std::vector<std::string>& outer) {
  return outer.size() <= inner.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

/// The first thing that is wrong; of branches that they all are.
std::string first_of(ValidationResults& results) {
  std::optional<ValidationResults::Error> first;
  ValidationResults::Error error;
  while (results.popError(error)) {
    if (!first || (is_of_branches(error.description) && is_within(first->context, error.context))) first = error;
  }
  return first ? phrase(*first) : "the arguments are against their schema";
}

}  // namespace

struct JsonSchema::Impl {
  explicit Impl(const PythonValue& schema) {
    auto json = schema_document(schema);
    if (!json) return;
    document = std::move(*json);
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    add(parser, kStepKeyword, [this](const Adapter&) { return new StepConstraint(walk); });
    add(parser, kMultipleKeyword, [](const Adapter& of) { return new MultipleConstraint(of.asDouble()); });
    add(parser, kPatternKeyword,
        [](const Adapter& text) { return new TextConstraint(text.getString(), "does not match its pattern"); });
    add(parser, kFormatKeyword, [](const Adapter& format) {
      const std::string name = format.getString();
      return new TextConstraint("^(?:" + std::string(pattern_of_format(name)) + ")$", "is no " + name + " (format)");
    });
    try {
      compiled.emplace();
      parser.populateSchema(JsonAdapter(document), *compiled);
    } catch (const std::exception&) {
      compiled.reset();
    }
  }

  std::string violation(const PythonValue& value) {
    if (!compiled) return {};
    const auto json = json_of(value, kMostValues);
    if (!json) return {};
    try {
      const JsonAdapter target(*json);
      valijson::Validator validator;
      walk = {.steps = 0, .began = Walk::here()};
      if (validator.validate(*compiled, target, nullptr)) return {};
      walk = {.steps = 0, .began = Walk::here()};
      ValidationResults results;
      validator.validate(*compiled, target, &results);
      return first_of(results);
    } catch (const std::exception&) {
      return {};  // beyond the bounds, or what the library gives up
    }
  }

  Json document;
  std::optional<valijson::Schema> compiled;
  Walk walk;
};

JsonSchema::JsonSchema(const PythonValue& schema) : impl_(std::make_unique<Impl>(schema)) {}
JsonSchema::~JsonSchema() = default;
JsonSchema::JsonSchema(JsonSchema&&) noexcept = default;
JsonSchema& JsonSchema::operator=(JsonSchema&&) noexcept = default;

std::string JsonSchema::violation(const PythonValue& value) const { return impl_->violation(value); }

}  // namespace fw::evals
