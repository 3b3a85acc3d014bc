#include "capture/redaction/impl/checks.h"

#include <gtest/gtest.h>

namespace fw::capture {
namespace {

TEST(RedactionChecks, CardsHaveAKnownBeginningAndTheChecksum) {
  for (const char* number : {"4111111111111111", "5555555555554444", "2223003122003222", "378282246310005",
                             "30569309025904", "6011111111111117", "3530111333300000"}) {
    EXPECT_TRUE(is_card_number(number)) << number;
  }
  for (const char* number :
       {"4111111111111112", "1234567812345670", "411111111111", "0000000000000000", "9111111111111111"}) {
    EXPECT_FALSE(is_card_number(number)) << number;
  }
}

TEST(RedactionChecks, IbansHaveTheirCountrysLengthAndTheChecksum) {
  EXPECT_EQ(iban_length("DE89370400440532013000"), 22U);
  EXPECT_EQ(iban_length("DE89 3704 0044 0532 0130 00 AND MORE"), 27U);
  EXPECT_EQ(iban_length("gb29nwbk60161331926819."), 22U);
  EXPECT_EQ(iban_length("NO9386011117947"), 15U);
  EXPECT_EQ(iban_length("DE88370400440532013000"), std::nullopt);
  EXPECT_EQ(iban_length("DE8937040044053201300012"), std::nullopt);
  EXPECT_EQ(iban_length("ZZ89370400440532013000"), std::nullopt);
}

TEST(RedactionChecks, AddressesAreThoseOfSomebody) {
  EXPECT_TRUE(is_ipv4("192.168.2.1"));
  EXPECT_FALSE(is_ipv4("1.2.3"));
  EXPECT_FALSE(is_ipv4("256.1.1.1"));
  EXPECT_TRUE(is_ipv6("2001:db8::8a2e:370:7334"));
  EXPECT_TRUE(is_ipv6("fe80::1"));
  EXPECT_FALSE(is_ipv6("::1"));
  EXPECT_FALSE(is_ipv6("12:30:45"));
}

TEST(RedactionChecks, TelephoneNumbersAreNoDatesAndNoAmounts) {
  for (const char* number : {"+49 30 901820", "+1 (555) 123-4567", "0161 496 0123", "(020) 7946 0123",
                             "0049 171 1234567", "555-123-4567", "07911123456"}) {
    EXPECT_TRUE(is_phone_number(number)) << number;
  }
  for (const char* text : {"2026-11-24", "24.11.2026 10", "01/02/2024", "1234567890", "12345678", "100 000 000"}) {
    EXPECT_FALSE(is_phone_number(text)) << text;
  }
}

}  // namespace
}  // namespace fw::capture
