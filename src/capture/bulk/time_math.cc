#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "capture/bulk/impl/query.h"
#include "capture/timestamp.h"

namespace fw::capture::elastic {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::string_view kMalformed = "is no time; use epoch seconds, ISO-8601, or now-7d";

Error malformed(std::string_view text) {
  return invalid_argument("[" + std::string(text) + "] " + std::string(kMalformed));
}

/// Counted in seconds, which cannot run over; what lies outside of a Timestamp's years is their first or last moment.
using Seconds = std::chrono::sys_seconds;

Timestamp clamped(Seconds time) {
  constexpr Seconds kLast{std::chrono::seconds(9'000'000'000)};
  return std::clamp(time, Seconds{}, kLast);
}

/// Months are not of one length: the day of the month stays, or is its last one.
Seconds add_months(Seconds time, std::int64_t count) {
  const auto day = std::chrono::floor<days>(time);
  year_month_day date(day);
  date += std::chrono::months(count);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return sys_days(date) + (time - day);
}

Result<Seconds> add(Seconds time, std::int64_t count, char unit, std::string_view text) {
  constexpr std::int64_t kMost = 10'000'000;
  constexpr std::int64_t kMostMonths = 12'000;
  if (count > kMost || count < -kMost) return malformed(text);
  switch (unit) {
    case 's': return time + std::chrono::seconds(count);
    case 'm': return time + std::chrono::minutes(count);
    case 'h':
    case 'H': return time + std::chrono::hours(count);
    case 'd': return time + days(count);
    case 'w': return time + days(7 * count);
    case 'M': return add_months(time, std::clamp(count, -kMostMonths, kMostMonths));
    case 'y': return add_months(time, std::clamp(12 * count, -kMostMonths, kMostMonths));
    default: return malformed(text);
  }
}

Result<Seconds> round_down(Seconds time, char unit, std::string_view text) {
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  switch (unit) {
    case 's': return time;
    case 'm': return Seconds(std::chrono::floor<std::chrono::minutes>(time));
    case 'h':
    case 'H': return Seconds(std::chrono::floor<std::chrono::hours>(time));
    case 'd': return Seconds(day);
    case 'w': return Seconds(day - (std::chrono::weekday(day) - std::chrono::Monday));
    case 'M': return Seconds(sys_days(date.year() / date.month() / 1));
    case 'y': return Seconds(sys_days(date.year() / 1 / 1));
    default: return malformed(text);
  }
}

/// The last moment of the unit that begins at `time`.
Result<Timestamp> last_of(Seconds time, char unit, std::string_view text) {
  FW_ASSIGN(const Seconds next, add(time, 1, unit, text));
  return Timestamp(std::chrono::floor<std::chrono::seconds>(clamped(next))) - Duration(1);
}

/// The unit up to which a text says a time: 'd' of 2026-11-24, 's' of 2026-11-24T10:00:00. None where it says more.
std::optional<char> unit_said(std::string_view text) {
  if (text.size() < 5 || text[4] != '-') return text.size() == 4 ? std::optional('y') : std::nullopt;
  const auto clock = text.find_first_of("Tt ");
  if (clock == std::string_view::npos) return text.size() == 7 ? std::optional('M') : std::optional('d');
  text.remove_prefix(clock + 1);
  switch (text.substr(0, text.find_first_of("Zz+-")).size()) {
    case 2: return 'h';
    case 5: return 'm';
    case 8: return 's';
    default: return std::nullopt;
  }
}

/// `-7d/d` after a time. Fractions of a second go.
Result<Timestamp> apply_math(Timestamp begin, std::string_view math, std::string_view text, Rounding rounding) {
  if (math.empty()) return begin;
  Seconds time = std::chrono::floor<std::chrono::seconds>(begin);
  bool is_last_moment = false;
  while (!math.empty()) {
    const char sign = math.front();
    math.remove_prefix(1);
    std::int64_t count = 1;
    if (sign == '+' || sign == '-') {
      const auto [end, error] = std::from_chars(math.data(), math.data() + math.size(), count);
      if (error == std::errc{}) math.remove_prefix(static_cast<std::size_t>(end - math.data()));
      if (error == std::errc::result_out_of_range || count < 0) return malformed(text);
      if (sign == '-') count = -count;
    } else if (sign != '/') {
      return malformed(text);
    }
    if (math.empty()) return malformed(text);
    FW_ASSIGN(time, sign == '/' ? round_down(time, math.front(), text) : add(time, count, math.front(), text));
    if (sign == '/' && rounding == Rounding::kUp) {
      FW_ASSIGN(time, add(time, 1, math.front(), text));
      is_last_moment = true;
    }
    time = std::chrono::floor<std::chrono::seconds>(clamped(time));
    math.remove_prefix(1);
  }
  return Timestamp(time) - Duration(is_last_moment ? 1 : 0);
}

Result<Timestamp> scaled(std::string_view text, std::int64_t per_second) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return malformed(text);
  const double seconds = number / static_cast<double>(per_second);
  if (!(seconds >= 0) || seconds > 9.2e9) return malformed(text);
  const auto whole = static_cast<std::int64_t>(number);
  const std::int64_t unit = 1'000'000'000 / per_second;
  return Timestamp(Duration(
      whole * unit + static_cast<std::int64_t>((number - static_cast<double>(whole)) * static_cast<double>(unit))));
}

}  // namespace

Result<Timestamp> parse_time(const Json& value, std::string_view format, Timestamp now, Rounding rounding) {
  if (!value.is_number() && !value.is_string()) return malformed(value.dump());
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (format == "epoch_millis") return scaled(text, 1000);
  if (format == "epoch_second") return scaled(text, 1);
  if (text.starts_with("now")) return apply_math(now, std::string_view(text).substr(3), text, rounding);
  const auto bars = text.find("||");
  const auto time = parse_timestamp(std::string_view(text).substr(0, bars));
  if (!time) return malformed(text);
  if (bars != std::string::npos) return apply_math(*time, std::string_view(text).substr(bars + 2), text, rounding);
  if (const auto unit = unit_said(text); unit && value.is_string() && rounding == Rounding::kUp) {
    return last_of(std::chrono::floor<std::chrono::seconds>(*time), *unit, text);
  }
  return *time;
}

}  // namespace fw::capture::elastic
