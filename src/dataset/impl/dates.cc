#include "dataset/impl/dates.h"

#include <algorithm>
#include <array>

namespace fw::dataset {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) { return is_letter(c) || is_digit(c); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Reads forward in a text; what does not match leaves it where it was.
class Reader {
 public:
  Reader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool is_at_end_of_word() const { return at_ >= text_.size() || !is_word(text_[at_]); }

  /// `fewest` to `most` digits and no more; how many, 0 for none.
  std::size_t digits(std::size_t fewest, std::size_t most) {
    std::size_t count = 0;
    while (at_ + count < text_.size() && is_digit(text_[at_ + count])) ++count;
    if (count < fewest || count > most) return 0;
    at_ += count;
    return count;
  }
  char one_of(std::string_view characters) {
    if (at_ >= text_.size() || characters.find(text_[at_]) == characters.npos) return 0;
    return text_[at_++];
  }
  bool is(char c) { return one_of(std::string_view(&c, 1)) != 0; }
  void blanks() {
    while (is(' ')) {
    }
  }
  bool word(std::string_view lower_case) {
    if (text_.size() - at_ < lower_case.size()) return false;
    if (!std::ranges::equal(text_.substr(at_, lower_case.size()), lower_case, {}, lower)) return false;
    at_ += lower_case.size();
    return true;
  }
  bool letters(std::size_t fewest) {
    std::size_t count = 0;
    while (at_ + count < text_.size() && is_letter(text_[at_ + count])) ++count;
    if (count < fewest) return false;
    at_ += count;
    return true;
  }
  bool year() {
    const std::size_t begin = at_;
    if (digits(4, 4) != 0 && (text_.substr(begin, 2) == "19" || text_.substr(begin, 2) == "20")) return true;
    at_ = begin;
    return false;
  }

 private:
  std::string_view text_;
  std::size_t at_;
};

bool read_number_date(Reader& reader) {
  const std::size_t first = reader.digits(1, 4);
  if (first == 0 || first == 3) return false;
  const char separator = reader.one_of("-/.");
  if (separator == 0 || reader.digits(1, 2) == 0 || !reader.is(separator)) return false;
  const std::size_t last = reader.digits(1, 4);
  return first == 4 ? last == 1 || last == 2 : last == 2 || last == 4;
}

void read_zone(Reader& reader) {
  Reader zone = reader;
  zone.blanks();
  if (zone.word("am") || zone.word("pm") || zone.word("a.m.") || zone.word("p.m.")) {
    reader = zone;
    zone.blanks();
  }
  const bool is_offset = zone.one_of("+-") != 0 && zone.digits(2, 4) != 0;
  if (is_offset && zone.is(':')) zone.digits(2, 2);
  if ((is_offset || zone.word("utc") || zone.word("gmt") || zone.word("z")) && zone.is_at_end_of_word()) reader = zone;
}

bool read_time(Reader& reader) {
  if (reader.digits(1, 2) == 0 || !reader.is(':') || reader.digits(2, 2) == 0) return false;
  Reader seconds = reader;
  if (seconds.is(':') && seconds.digits(2, 2) != 0) {
    reader = seconds;
    if (seconds.one_of(".,") != 0 && seconds.digits(1, 9) != 0) reader = seconds;
  }
  read_zone(reader);
  return true;
}

bool read_day(Reader& reader) {
  if (reader.digits(1, 2) == 0) return false;
  if (reader.word("st") || reader.word("nd") || reader.word("rd") || reader.word("th")) return true;
  return reader.is_at_end_of_word();
}

/// `1. Juni 2025`, `1st of June, 2025`
bool read_day_month_year(Reader& reader) {
  if (!read_day(reader)) return false;
  reader.one_of(".");
  if (!reader.is(' ')) return false;
  if (Reader of = reader; of.word("of ") || of.word("de ")) reader = of;
  if (!reader.letters(3)) return false;
  reader.one_of(".,");
  if (!reader.is(' ')) return false;
  if (Reader de = reader; de.word("de ")) reader = de;
  return reader.year();
}

/// `June 1st, 2025`
bool read_month_day_year(Reader& reader) {
  if (!reader.letters(3)) return false;
  reader.one_of(".");
  if (!reader.is(' ') || !read_day(reader)) return false;
  reader.one_of(",");
  return reader.is(' ') && reader.year();
}

bool read_weekday(Reader& reader) {
  static constexpr std::array<std::string_view, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                                         "friday", "saturday", "sunday"};
  return std::ranges::any_of(kDays, [&](std::string_view day) { return reader.word(day); });
}

struct Found {
  std::size_t end = 0;  // 0: none
  bool is_in_words = false;
};

Found date_at(std::string_view text, std::size_t at) {
  const auto end_of = [&](auto read) -> std::size_t {
    Reader reader(text, at);
    return read(reader) && reader.is_at_end_of_word() ? reader.at() : 0;
  };
  if (is_digit(text[at])) {
    const auto stamp = [](Reader& reader) {
      return read_number_date(reader) && reader.one_of("Tt") != 0 && read_time(reader);
    };
    if (const auto end = end_of(stamp)) return {end};
    if (const auto end = end_of(read_number_date)) return {end};
    if (const auto end = end_of(read_time)) return {end};
    return {end_of(read_day_month_year), true};
  }
  if (const auto end = end_of(read_month_day_year)) return {end, true};
  return {end_of(read_weekday)};
}

/// `Montag, ` at the end.
void drop_day_of_week(std::string& text) {
  constexpr std::size_t kMostBytes = 16;
  if (!text.ends_with(", ")) return;
  std::size_t begin = text.size() - 2;
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  if (text.size() - begin <= kMostBytes) text.resize(begin);
}

}  // namespace

std::string without_dates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    const Found found = date_at(text, at);
    if (found.end == 0) {
      while (at < text.size() && is_word(text[at])) ++at;
      continue;
    }
    out += text.substr(copied, at - copied);
    if (found.is_in_words) drop_day_of_week(out);
    out += ' ';
    at = copied = found.end;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace fw::dataset
