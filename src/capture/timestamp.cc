#include "capture/timestamp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace fw::capture {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = std::chrono::floor<std::chrono::seconds>(kLastTime).time_since_epoch().count();

struct Unit {
  double from;  // the smallest number that is meant in this unit: in seconds it would be a year after 5000
  std::int64_t nanos;
};
constexpr std::array<Unit, 4> kUnits{{{1e17, 1}, {1e14, 1'000}, {1e11, 1'000'000}, {0, kNanosPerSecond}}};

const Unit& unit_of(double number) {
  for (const Unit& unit : kUnits) {
    if (number >= unit.from) return unit;
  }
  return kUnits.back();
}

std::optional<Timestamp> from_integer(std::int64_t number) {
  const std::int64_t unit = unit_of(static_cast<double>(number)).nanos;
  if (number < 0 || number >= kLastTime.time_since_epoch().count() / unit) return std::nullopt;
  return Timestamp(nanoseconds(number * unit));
}

/// A double holds today's seconds to a quarter of a microsecond: rounded to whole microseconds, the digits are those
/// given.
std::optional<Timestamp> from_double(double number) {
  if (!(number >= 0) || number > 1e19) return std::nullopt;
  const double micros = number * static_cast<double>(unit_of(number).nanos) / 1000;
  if (micros >= static_cast<double>(kMaxSeconds) * 1e6) return std::nullopt;
  return Timestamp(nanoseconds(std::llround(micros) * 1000));
}

/// Seconds with nine digits behind the point: no double has so many, so nanoseconds are meant, each of them.
std::optional<Timestamp> parse_exact_seconds(std::string_view text) {
  constexpr std::size_t kDigits = 9;
  const auto point = text.find('.');
  if (point == std::string_view::npos || text.size() - point - 1 != kDigits) return std::nullopt;
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  const auto is_read = [](std::string_view digits, std::int64_t& into) {
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc() && at == digits.data() + digits.size() && digits.front() != '-';
  };
  if (point == 0 || !is_read(text.substr(0, point), seconds) || !is_read(text.substr(point + 1), nanos)) return {};
  if (unit_of(static_cast<double>(seconds)).nanos != kNanosPerSecond || seconds >= kMaxSeconds) return std::nullopt;
  return Timestamp(nanoseconds(seconds * kNanosPerSecond + nanos));
}

std::optional<Timestamp> parse_number(std::string_view text) {
  const char* end = text.data() + text.size();
  if (const auto time = parse_exact_seconds(text)) return time;
  std::int64_t integer = 0;
  if (const auto [at, error] = std::from_chars(text.data(), end, integer); error == std::errc() && at == end) {
    return from_integer(integer);
  }
  double number = 0;
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return from_double(number);
}

/// Takes fixed-width parts off the front of an ISO-8601 text.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}

  bool digits(std::size_t count, int& out) {
    if (rest_.size() < count) return false;
    out = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view characters, char* which = nullptr) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    if (which != nullptr) *which = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  /// Digits of a second after its point, of which nine count.
  bool fraction(std::int64_t& nanos) {
    std::int64_t unit = kNanosPerSecond / 10;
    int digit = 0;
    if (!digits(1, digit)) return false;
    do {
      nanos += digit * unit;
      unit /= 10;
    } while (digits(1, digit));
    return true;
  }
  /// Takes the word if the rest begins with it.
  bool word(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  [[nodiscard]] std::size_t leading_digits() const {
    return std::min(rest_.find_first_not_of("0123456789"), rest_.size());
  }
  [[nodiscard]] bool begins_with_digit() const { return leading_digits() > 0; }
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool parse_zone(Parts& parts, std::int64_t& offset_seconds) {
  parts.one_of(" ");
  if (parts.is_at_end() || parts.one_of("Zz") || parts.word("UTC") || parts.word("GMT")) return true;
  char sign = parts.word("\xe2\x88\x92") ? '-' : '+';  // the minus sign that the standard prefers
  int hours = 0;
  int minutes = 0;
  if ((sign == '+' && !parts.one_of("+-", &sign)) || !parts.digits(2, hours)) return false;
  if (parts.one_of(":") ? !parts.digits(2, minutes) : parts.begins_with_digit() && !parts.digits(2, minutes))
    return false;
  (void)parts.word(" UTC");  // as Go prints times
  offset_seconds = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
  return hours < 24 && minutes < 60;
}

using Days = std::chrono::sys_days;

/// `W48-7`, `W48`: the days of ISO weeks; week 1 holds January 4th.
std::optional<Days> parse_week(Parts& parts, int year, bool is_extended) {
  int week = 0;
  int day = 1;
  if (!parts.digits(2, week) || week < 1 || week > 53) return std::nullopt;
  const bool has_day = is_extended ? parts.one_of("-") : parts.begins_with_digit();
  if (has_day && (!parts.digits(1, day) || day < 1 || day > 7)) return std::nullopt;
  const Days fourth = std::chrono::year(year) / std::chrono::January / 4;
  const Days monday = fourth - (std::chrono::weekday(fourth) - std::chrono::Monday);
  return monday + std::chrono::days((week - 1) * 7 + day - 1);
}

std::optional<Days> day_of_year(int year, int day) {
  if (day < 1 || day > (std::chrono::year(year).is_leap() ? 366 : 365)) return std::nullopt;
  return Days(std::chrono::year(year) / std::chrono::January / 1) + std::chrono::days(day - 1);
}

/// A calendar date, a week date or an ordinal date, with hyphens or without.
std::optional<Days> parse_date(Parts& parts) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!parts.digits(4, year)) return std::nullopt;
  const bool is_extended = parts.one_of("-/");
  if (parts.one_of("Ww")) return parse_week(parts, year, is_extended);
  const std::size_t digits = parts.leading_digits();
  if (digits == 3) return parts.digits(3, day) ? day_of_year(year, day) : std::nullopt;
  if (!parts.digits(2, month)) return std::nullopt;
  const bool has_day = is_extended ? parts.one_of("-/") : true;
  if (has_day ? !parts.digits(2, day) : (day = 1, false)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return date.ok() ? std::optional(Days(date)) : std::nullopt;
}

/// Nanoseconds since midnight: hours, then minutes and seconds if given, the last of them with a fraction.
std::optional<std::int64_t> parse_time_of_day(Parts& parts) {
  std::array<int, 3> units{};  // hours, minutes, seconds
  constexpr std::array<std::int64_t, 3> kSeconds{3600, 60, 1};
  std::size_t last = 0;
  if (!parts.digits(2, units[0])) return std::nullopt;
  for (; last < 2 && (parts.one_of(":") || parts.begins_with_digit()); ++last) {
    if (!parts.digits(2, units.at(last + 1))) return std::nullopt;
  }
  std::int64_t part = 0;  // billionths of the last unit
  if (parts.one_of(".,") && !parts.fraction(part)) return std::nullopt;
  const bool is_midnight = units[0] == 24 && units[1] == 0 && units[2] == 0 && part == 0;
  if ((units[0] > 23 && !is_midnight) || units[1] > 59 || units[2] > 60) return std::nullopt;
  return (units[0] * 3600 + units[1] * 60 + units[2]) * kNanosPerSecond + part * kSeconds.at(last);
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Parts parts(text);
  const auto date = parse_date(parts);
  if (!date) return std::nullopt;
  std::int64_t nanos = 0;
  std::int64_t offset = 0;
  if (!parts.is_at_end()) {
    if (!parts.one_of("Tt _")) return std::nullopt;
    const auto time = parse_time_of_day(parts);
    if (!time || !parse_zone(parts, offset) || !parts.is_at_end()) return std::nullopt;
    nanos = *time;
  }
  const std::int64_t seconds = date->time_since_epoch().count() * 86'400 - offset + nanos / kNanosPerSecond;
  if (seconds < 0 || seconds >= kMaxSeconds) return std::nullopt;
  return Timestamp(nanoseconds(seconds * kNanosPerSecond + nanos % kNanosPerSecond));
}

/// Eight digits as text are a day: as seconds they would be one of 1970.
bool is_basic_date(std::string_view text) {
  return text.size() == 8 && (text.starts_with("19") || text.starts_with("20")) &&
         text.find_first_not_of("0123456789") == std::string_view::npos && parse_iso8601(text).has_value();
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  text = trimmed(text);
  if (is_basic_date(text)) return parse_iso8601(text);
  if (const auto time = parse_number(text)) return time;
  return parse_iso8601(text);
}

}  // namespace fw::capture
