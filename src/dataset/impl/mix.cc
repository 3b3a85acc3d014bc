#include "dataset/impl/mix.h"

#include <bit>
#include <map>

namespace fw::dataset {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

/// 1, 2, 3, 4-7, 8-15, ...: by its smallest number.
std::int64_t bucket_of(std::uint32_t turns) { return turns < 4 ? turns : std::bit_floor(turns); }

std::string name_of_bucket(std::int64_t bucket) {
  return bucket < 4 ? std::to_string(bucket) : std::to_string(bucket) + '-' + std::to_string(2 * bucket - 1);
}

std::string name_of_day(std::int64_t day) { return to_iso8601(from_epoch_seconds(day * kDaySeconds)).substr(0, 10); }

std::int64_t day_of(Timestamp time) { return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count(); }

class Measure {
 public:
  Measure(const Selected& selected, const Survey& survey, const Split& split, std::span<const double> weights)
      : selected_(selected), survey_(survey), split_(split), weights_(weights) {}

  /// `value_of(record, place)` is a number, named at the end.
  template <class ValueOf, class NameOf>
  Mix by(std::string of, ValueOf value_of, NameOf name_of) const {
    std::map<std::int64_t, MixCounts> counts;
    for (std::size_t i = 0; i < survey_.records.size(); ++i) {
      ++counts[value_of(survey_.records[i], selected_.places[i])].traffic;
    }
    for (std::size_t i = 0; i < selected_.rows.size(); ++i) {
      const std::uint32_t record = selected_.rows[i].record;
      MixCounts& count = counts[value_of(survey_.records[record], selected_.places[record])];
      count.train += split_.sides[i] == Side::kTrain;
      count.validation += split_.sides[i] == Side::kValidation;
      count.eval += split_.sides[i] == Side::kEval;
      count.eval_weight += weights_[i];
    }
    Mix mix{std::move(of), {}};
    for (auto& [value, count] : counts) {
      count.value = name_of(value);
      mix.values.push_back(std::move(count));
    }
    return mix;
  }

 private:
  const Selected& selected_;
  const Survey& survey_;
  const Split& split_;
  std::span<const double> weights_;
};

}  // namespace

std::vector<Mix> measure_mix(const Selected& selected, const Survey& survey, const Split& split,
                             std::span<const double> weights) {
  const Measure measure(selected, survey, split, weights);
  std::vector<Mix> mix;
  if (selected.type == modelops::WorkloadType::kToolCalling) {
    std::map<std::string, std::int64_t> order;  // labels are numbered as they came
    for (const std::string& label : survey.labels) order[label] = 0;
    std::vector<std::string> names;
    for (auto& [label, number] : order) {
      number = static_cast<std::int64_t>(names.size());
      names.push_back(label);
    }
    std::vector<std::int64_t> numbers;
    for (const std::string& label : survey.labels) numbers.push_back(order.at(label));
    mix.push_back(measure.by(
        "class", [&](const Surveyed& record, const Place&) { return numbers[record.label]; },
        [&](std::int64_t number) { return names[static_cast<std::size_t>(number)]; }));
  }
  mix.push_back(measure.by(
      "answer_kind", [](const Surveyed& record, const Place&) { return std::int64_t{record.calls_tool}; },
      [](std::int64_t calls) {
        return std::string(to_string(calls ? modelops::AnswerKind::kToolCalls : modelops::AnswerKind::kText));
      }));
  mix.push_back(
      measure.by("turn", [](const Surveyed&, const Place& place) { return bucket_of(place.turn); }, name_of_bucket));
  mix.push_back(measure.by(
      "conversation_turns", [](const Surveyed&, const Place& place) { return bucket_of(place.conversation_turns); },
      name_of_bucket));
  mix.push_back(
      measure.by("day", [](const Surveyed& record, const Place&) { return day_of(record.time); }, name_of_day));
  return mix;
}

}  // namespace fw::dataset
