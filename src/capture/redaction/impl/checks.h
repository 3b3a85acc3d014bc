#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fw::capture {

/// The digits of a text, and nothing else of it.
[[nodiscard]] std::string digits_of(std::string_view text);

/// ISO/IEC 7812-1, annex B. `digits` holds digits only.
[[nodiscard]] bool has_luhn_checksum(std::string_view digits);

/// Whether the digits are a payment card's: a known issuer's beginning and length, and the checksum.
[[nodiscard]] bool is_card_number(std::string_view digits);

/// How many bytes at the beginning of `text` are an IBAN (ISO 13616: the country's length, checksum modulo 97), single
/// spaces between its characters allowed.
[[nodiscard]] std::optional<std::size_t> iban_length(std::string_view text);

[[nodiscard]] bool is_ipv4(std::string_view text);
/// Not `::` and `::1`, which are nobody's.
[[nodiscard]] bool is_ipv6(std::string_view text);

/// Whether what looks like a telephone number is one: international, with the zero of a trunk prefix, or in groups of
/// three, three and four; and no date.
[[nodiscard]] bool is_phone_number(std::string_view text);

}  // namespace fw::capture
