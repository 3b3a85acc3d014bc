#include "capture/timestamp.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace fw::capture {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = INT64_MAX / kNanosPerSecond;

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
  if (number < 0 || number > INT64_MAX / unit) return std::nullopt;
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

std::optional<Timestamp> parse_number(std::string_view text) {
  const char* end = text.data() + text.size();
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
  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool parse_zone(Parts& parts, std::int64_t& offset_seconds) {
  if (parts.is_at_end() || parts.one_of("Zz")) return true;
  char sign = '+';
  int hours = 0;
  int minutes = 0;
  if (!parts.one_of("+-", &sign) || !parts.digits(2, hours)) return false;
  if (!parts.is_at_end()) {
    parts.one_of(":");
    if (!parts.digits(2, minutes)) return false;
  }
  offset_seconds = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
  return hours < 24 && minutes < 60;
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
  Parts parts(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!parts.digits(4, year) || !parts.one_of("-") || !parts.digits(2, month) || !parts.one_of("-") ||
      !parts.digits(2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t nanos = 0;
  std::int64_t offset = 0;
  if (!parts.is_at_end()) {
    if (!parts.one_of("Tt ") || !parts.digits(2, hour) || !parts.one_of(":") || !parts.digits(2, minute) ||
        !parts.one_of(":") || !parts.digits(2, second)) {
      return std::nullopt;
    }
    if (parts.one_of(".,") && !parts.fraction(nanos)) return std::nullopt;
    if (!parse_zone(parts, offset) || !parts.is_at_end()) return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3600 + minute * 60 + second - offset;
  if (seconds < 0 || seconds >= kMaxSeconds) return std::nullopt;
  return Timestamp(nanoseconds(seconds * kNanosPerSecond + nanos));
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  if (const auto time = parse_number(text)) return time;
  return parse_iso8601(text);
}

}  // namespace fw::capture
