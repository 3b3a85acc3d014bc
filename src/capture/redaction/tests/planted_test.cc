#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "capture/redaction/impl/checks.h"
#include "capture/redaction/redactor.h"

/// Precision and recall on texts with planted values: known values in sentences, and values that only look like one.
namespace fw::capture {
namespace {

class Planter {
 public:
  explicit Planter(std::uint64_t seed) : random_(seed) {}

  std::string value(const std::string& kind) {
    if (kind == "email")
      return pick({"ann", "j.smith", "o'neil", "max_mustermann", "info"}) + digits(2) + "@" +
             pick({"example.com", "mail.example.co.uk", "müller.example.de"});
    if (kind == "phone") return phone();
    if (kind == "iban") return iban();
    if (kind == "card") return card();
    if (kind == "ip")
      return random_.below(2) == 0
                 ? "203.0." + std::to_string(random_.below(256)) + "." + std::to_string(random_.below(256))
                 : "2001:db8:" + hex(4) + "::" + hex(4);
    if (kind == "api_key") return pick({"sk-", "sk-proj-", "ghp_", "hf_", "nvapi-"}) + mixed(36);
    return "eyJhbGciOiJIUzI1NiJ9.eyJ" + mixed(20) + "." + mixed(30);
  }

  /// What is nobody's and yet has digits, colons and dots.
  std::string decoy() {
    switch (random_.below(9)) {
      case 0: return "order " + pick({"A-", "B-"}) + digits(5);
      case 1:
        return "2026-11-" + std::to_string(10 + random_.below(20)) + " 10:" + std::to_string(10 + random_.below(50));
      case 2: return "version " + digits(1) + "." + digits(2) + "." + digits(1);
      case 3: return std::to_string(random_.below(5000)) + "." + digits(2) + " pounds";
      case 4: return "ticket #" + digits(7);
      case 5: return "item " + digits(4) + " at 09:30";
      case 6: return "invoice 9" + digits(15);
      case 7: return "ref " + hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12);
      default: return "14." + pick({"03", "11"}) + ".2026";
    }
  }

  std::string sentence(const std::string& within) {
    return pick({"Please use ", "My details: ", "It was sent to ", "(", "Look at \"", "contact="}) + within +
           pick({", thanks.", ".", "!", " please", " and that is all"});
  }

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

 private:
  std::string pick(std::vector<std::string> from) { return from[random_.below(from.size())]; }
  std::string digits(std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += static_cast<char>('0' + random_.below(10));
    return out;
  }
  std::string hex(std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += "123456789abcdef"[random_.below(15)];
    return out;
  }
  std::string mixed(std::size_t n) {
    std::string out = "a1";
    while (out.size() < n) out += "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[random_.below(62)];
    return out;
  }
  std::string phone() {
    switch (random_.below(5)) {
      case 0: return "+49 30 9" + digits(6);
      case 1: return "0161 496 0" + digits(3);
      case 2: return "(020) 7946 0" + digits(3);
      case 3: return "555-2" + digits(2) + "-" + digits(4);
      default: return "+44 7700 900" + digits(3);
    }
  }
  std::string card() {
    std::string number = pick({"4", "51", "2221"});
    number += digits(15 - number.size());
    for (char last = '0'; last <= '9'; ++last) {
      if (!has_luhn_checksum(number + last)) continue;
      number += last;
      break;
    }
    if (random_.below(2) == 0) return number;
    return number.substr(0, 4) + " " + number.substr(4, 4) + " " + number.substr(8, 4) + " " + number.substr(12);
  }
  std::string iban() {
    const std::string account = digits(18);
    for (int check = 2; check < 99; ++check) {
      const std::string number = "DE" + std::string(check < 10 ? "0" : "") + std::to_string(check) + account;
      if (!iban_length(number)) continue;
      if (random_.below(2) == 0) return number;
      std::string spaced;
      for (std::size_t i = 0; i < number.size(); i += 4) spaced += (i > 0 ? " " : "") + number.substr(i, 4);
      return spaced;
    }
    return "DE89370400440532013000";
  }

  Random random_;
};

Redactor masking() {
  RedactionSettings settings;
  for (const char* kind : {"api_key", "jwt", "email", "iban", "card", "ip", "phone"})
    settings.rules.push_back({.kind = kind});
  return Redactor::create(settings, "").value();
}

TEST(PlantedValues, AreFoundWithThePrecisionAndRecallThatTheDocumentationStates) {
  const auto redact = masking();
  Planter plant(20261127);
  for (const std::string kind : {"email", "phone", "iban", "card", "ip", "api_key", "jwt"}) {
    int found = 0;
    int as_another = 0;
    constexpr int kCount = 2000;
    for (int i = 0; i < kCount; ++i) {
      const std::string value = plant.value(kind);
      RedactionCounts counts;
      const std::string after = redact.redact_text(plant.sentence(value), counts);
      const bool is_gone = after.find(value) == std::string::npos;
      found += is_gone && counts[kind] == 1 ? 1 : 0;
      for (const auto& [name, count] : counts) as_another += name == kind ? 0 : static_cast<int>(count);
    }
    RecordProperty(kind + "_recall", std::to_string(found / double{kCount}));
    EXPECT_GE(found, kCount * 0.995) << kind;
    EXPECT_LE(as_another, kCount * 0.005) << kind;
  }
}

TEST(PlantedValues, DecoysStay) {
  const auto redact = masking();
  Planter plant(7);
  int touched = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    RedactionCounts counts;
    const std::string text = plant.sentence(plant.decoy());
    touched += redact.redact_text(text, counts) == text ? 0 : 1;
  }
  EXPECT_LE(touched, kCount / 200);
}

TEST(PlantedValues, AreGoneFromDocumentsWhichStayJson) {
  const auto redact = masking();
  Planter plant(11);
  for (int i = 0; i < 500; ++i) {
    const std::string value = plant.value("email");
    const nlohmann::json arguments = {{"to", value}, {"list", {1, value, nullptr}}};
    const nlohmann::json request = {{"messages", {{{"role", "user"}, {"content", plant.sentence(value)}}}},
                                    {"arguments", arguments.dump()},
                                    {value, 1}};
    record::Interaction record{.id = record::RecordId("r"),
                               .workload = record::WorkloadId("w"),
                               .client = record::ClientId("c"),
                               .request = request.dump(),
                               .response = "{}"};
    ASSERT_TRUE(redact.apply(record).ok());
    const auto after = nlohmann::json::parse(record.request);
    EXPECT_EQ(after["messages"][0]["content"].get<std::string>().find(value), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(after["arguments"].get<std::string>())["to"], "[EMAIL]");
    EXPECT_TRUE(after.contains(value));  // keys stay
  }
}

}  // namespace
}  // namespace fw::capture
