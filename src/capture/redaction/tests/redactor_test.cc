#include "capture/redaction/redactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace fw::capture {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kKey = "0123456789abcdef0123456789abcdef";

RedactionRule kind(const std::string& name, RedactionAction action = RedactionAction::kMask) {
  return {.kind = name, .action = action};
}
RedactionRule path(const std::string& text, RedactionAction action = RedactionAction::kMask) {
  return {.path = text, .action = action};
}
RedactionSettings all_kinds(RedactionAction action = RedactionAction::kMask) {
  RedactionSettings out;
  for (const char* name : {"api_key", "jwt", "email", "iban", "card", "ip", "phone"})
    out.rules.push_back(kind(name, action));
  return out;
}
Redactor redactor(std::vector<RedactionRule> rules) {
  auto out = Redactor::create({.rules = std::move(rules)}, kKey);
  EXPECT_TRUE(out.ok()) << out.error();
  return std::move(*out);
}

record::Interaction interaction(const std::string& request, const std::string& response = "{}",
                                const std::string& client = "shop") {
  return {.id = record::RecordId("r"),
          .workload = record::WorkloadId("router"),
          .client = record::ClientId(client),
          .request = request,
          .response = response};
}
std::string asking(const std::string& content) {
  return R"({"messages":[{"role":"user","content":)" + json(content).dump() + "}]}";
}
std::string said(const record::Interaction& from) { return json::parse(from.request)["messages"][0]["content"]; }

std::string masked(const std::string& text) {
  RedactionCounts counts;
  return Redactor::create(all_kinds(), "")->redact_text(text, counts);
}

TEST(Redactor, ReplacesValuesAndNothingElse) {
  const auto redact = redactor(all_kinds().rules);
  const std::string request =
      R"({ "messages" : [ {"role":"user", "content":"Mail me at ann@example.com \u00e9\/!"} ],  "a@b.com": 4111111111111111, "x":1.0e5 })";
  auto record = interaction(request);
  const auto counts = redact.apply(record);
  ASSERT_TRUE(counts.ok()) << counts.error();
  EXPECT_EQ(*counts, (RedactionCounts{{"email", 1}}));
  EXPECT_EQ(
      record.request,
      R"({ "messages" : [ {"role":"user", "content":"Mail me at [EMAIL] \u00e9\/!"} ],  "a@b.com": 4111111111111111, "x":1.0e5 })");
}

TEST(Redactor, WhatHoldsNothingKeepsItsBytes) {
  const std::string request =
      R"({"messages":[{"role":"user","content":"order A-12345 of 2026-11-24 10:15:33, 3 x 12.50"}]})";
  auto record = interaction(request, R"({"usage":{"total_tokens":1234567890123}})");
  EXPECT_TRUE(redactor(all_kinds().rules).apply(record)->empty());
  EXPECT_EQ(record.request, request);
}

TEST(Redactor, TokensThatSpellWhatWasReplacedGoWithIt) {
  const auto redact = redactor({kind("email")});
  const std::string tokens =
      R"({"content":[{"token":"bob","logprob":-1,"bytes":[98],"top_logprobs":[]},{"token":"@x.se","logprob":-1}]})";
  const auto chat = [&](const std::string& text) {
    return R"({"choices":[{"message":{"content":")" + text + R"("},"logprobs":)" + tokens +
           R"(}],"prompt_logprobs":[)" + R"({"1":{"logprob":-1,"decoded_token":"bob"}}],"prompt_token_ids":[1,2]})";
  };
  auto record = interaction(asking("who?"), chat("mail bob@x.se"));
  EXPECT_EQ(redact.apply(record).value(), (RedactionCounts{{"email", 1}, {"logprobs", 3}}));
  EXPECT_EQ(
      record.response,
      R"({"choices":[{"message":{"content":"mail [EMAIL]"},"logprobs":null}],"prompt_logprobs":null,"prompt_token_ids":null})");

  auto harmless = interaction(asking("who?"), chat("nobody"));
  EXPECT_TRUE(redact.apply(harmless)->empty());
  EXPECT_EQ(harmless.response, chat("nobody"));

  // What spells the request goes with it, what spells the answer stays with that.
  auto asked = interaction(asking("is bob@x.se there?"), chat("nobody"));
  EXPECT_EQ(redact.apply(asked).value(), (RedactionCounts{{"email", 1}, {"logprobs", 2}}));
  EXPECT_THAT(asked.response, HasSubstr(tokens));
  EXPECT_THAT(asked.response, HasSubstr(R"("prompt_logprobs":null,"prompt_token_ids":null)"));
}

TEST(Redactor, TokensGoInEveryFormTheyAreWrittenIn) {
  const auto redact = redactor({kind("email", RedactionAction::kPseudonym), path("$..secret")});
  for (
      const char* answer :
      {R"({"output":[{"content":[{"type":"output_text","text":"bob@x.se","logprobs":[{"token":"bob","logprob":0}]}]}]})",
       R"({"choices":[{"text":"bob@x.se","logprobs":{"tokens":["bob","@x"],"token_logprobs":[0,0],"top_logprobs":[{"bob":0}]}}]})",
       R"({"message":{"content":"bob@x.se"},"logprobs":[{"token":"bob","logprob":0}]})",
       R"({"candidates":[{"content":{"parts":[{"text":"bob@x.se"}]},"logprobsResult":{"chosenCandidates":[{"token":"bob"}]}}]})",
       R"({"content":"bob@x.se","completion_probabilities":[{"content":"bob","probs":[]}]})",
       R"({"choices":[{"text":"bob@x.se","token_ids":[ 7 , 8]}]})",
       R"({"choices":[{"text":"x","secret":"bob","logprobs":{"tokens":["bob"]}}]})",
       R"({"text":"{\"t\":\"bob@x.se\",\"logprobs\":[{\"token\":\"bob\"}]}"})"}) {
    auto record = interaction("{}", answer);
    ASSERT_TRUE(redact.apply(record).ok());
    EXPECT_THAT(record.response, Not(HasSubstr("bob"))) << answer;
    EXPECT_THAT(record.response, Not(HasSubstr("7"))) << answer;
    EXPECT_TRUE(json::accept(record.response)) << record.response;
  }
}

TEST(Redactor, SettingsAndSchemasOfThatNameAreNoTokens) {
  const std::string request =
      R"({"logprobs":true,"user":"bob@x.se","tools":[{"function":{"parameters":{"properties":{"logprobs":{"type":"boolean"},"token_ids":{"type":"array"}}}}}]})";
  auto record = interaction(request);
  EXPECT_EQ(redactor({kind("email")}).apply(record).value(), (RedactionCounts{{"email", 1}}));
  EXPECT_THAT(record.request, HasSubstr(R"("logprobs":{"type":"boolean"},"token_ids":{"type":"array"})"));
}

std::string in_escapes(const std::string& text, const std::string& backslash = "\\") {
  std::string out;
  for (const char c : text) {
    char code[8];
    std::snprintf(code, sizeof code, "u%04X", static_cast<unsigned char>(c));
    out += backslash + code;
  }
  return out;
}

TEST(Redactor, BrokenJsonIsReadAsItsEscapesMean) {
  const auto redact = redactor(all_kinds().rules);
  for (const std::string& backslash : {"\\", "\\\\", "\\\\\\\\"}) {
    EXPECT_EQ(redact.redact_unread(R"({"to": ")" + in_escapes("bob@x.se", backslash) + R"(", "n)"),
              R"({"to": "[EMAIL]", "n)");
  }
  EXPECT_EQ(masked("card " + in_escapes("4111") + "1111" + in_escapes("11111111") + "."), "card [CARD].");
  EXPECT_EQ(masked(R"({"to": "j\u00fcrgen@m\u00fcller.de")"), R"({"to": "[EMAIL]")");
  EXPECT_EQ(masked(R"(C:\users\bob@x.se \u12)"), R"(C:\users\[EMAIL] \u12)");
  EXPECT_EQ(masked(R"(caf\u00e9 \ud83d\ude00 \ud83d)"), R"(caf\u00e9 \ud83d\ude00 \ud83d)");
  // As the message of an error, where the answer that a server broke off is quoted.
  auto record = interaction("{}", json{{"error", {{"message", R"({"a": ")" + in_escapes("bob@x.se")}}}}.dump());
  EXPECT_EQ(redact.apply(record).value(), (RedactionCounts{{"email", 1}}));
  EXPECT_EQ(json::parse(record.response)["error"]["message"], R"({"a": "[EMAIL])");
}

TEST(Redactor, APseudonymIsThatOfTheValueHoweverItIsEscaped) {
  const auto redact = redactor({kind("email", RedactionAction::kPseudonym)});
  EXPECT_EQ(redact.redact_unread("[" + in_escapes("bob@x.se")), redact.redact_unread("[bob@x.se"));
}

TEST(Redactor, EveryKindIsFoundInASentence) {
  EXPECT_EQ(masked("write to Ann.Lee+shop@mail.example.co.uk."), "write to [EMAIL].");
  EXPECT_EQ(masked("jürgen@müller.de"), "[EMAIL]");
  EXPECT_EQ(masked("call +44 20 7946 0123 or (0161) 496 0999!"), "call [PHONE] or [PHONE]!");
  EXPECT_EQ(masked("IBAN DE89 3704 0044 0532 0130 00, thanks"), "IBAN [IBAN], thanks");
  EXPECT_EQ(masked("card 4111 1111 1111 1111 exp 12/27"), "card [CARD] exp 12/27");
  EXPECT_EQ(masked("from 10.1.2.3 and 2001:db8::7334."), "from [IP] and [IP].");
  EXPECT_EQ(masked("key sk-proj-abcDEF0123456789abcd"), "key [API_KEY]");
  EXPECT_EQ(masked("Authorization: Bearer abcdefghij0123456789KLMN=="), "Authorization: [API_KEY]");
  EXPECT_EQ(masked("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF-123"), "[JWT]");
  EXPECT_EQ(masked("-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----"), "[API_KEY]");
}

TEST(Redactor, WhatOnlyLooksLikeOneStays) {
  for (const char* text : {"order 1234567812345678", "v1.2.3.4 build", "12:30:45", "at 2026-11-24 10:15",
                           "sk-learn-is-a-library-of-python", "a@b", "std::vector<int>", "ratio 3.14159265358979",
                           "DE88370400440532013000", "id 550e8400-e29b-41d4-a716-446655440000", "item 4711 costs 19.99",
                           "1.000.000 euros", "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "::1"}) {
    EXPECT_EQ(masked(text), text);
  }
}

TEST(Redactor, PseudonymsAreTheSameForTheSameValueOfATenant) {
  const auto redact =
      redactor({kind("email", RedactionAction::kPseudonym), kind("phone", RedactionAction::kPseudonym)});
  const auto token = [&](const std::string& text, const std::string& client = "shop") {
    auto record = interaction(asking(text), "{}", client);
    EXPECT_TRUE(redact.apply(record).ok());
    return said(record);
  };
  EXPECT_THAT(token("ann@example.com"), testing::MatchesRegex("EMAIL_[a-p]{16}"));
  EXPECT_EQ(token("ann@example.com"), token("Ann@Example.COM"));
  EXPECT_EQ(token("+44 20 7946 0123"), token("+44-20-79460123"));
  EXPECT_NE(token("ann@example.com"), token("bob@example.com"));
  EXPECT_NE(token("ann@example.com"), token("ann@example.com", "other"));
}

TEST(Redactor, ArgumentsThatAreJsonInATextStayJson) {
  const auto redact = redactor({kind("email"), path("$..pin", RedactionAction::kDrop)});
  const std::string arguments = R"({"to":"ann@example.com","note":"say \"hi\" \u00e9","n":[1,{"pin":"9 9"}]})";
  const json response = {
      {"choices", {{{"message", {{"tool_calls", {{{"function", {{"name", "send"}, {"arguments", arguments}}}}}}}}}}}};
  auto record = interaction("{}", response.dump());
  ASSERT_TRUE(redact.apply(record).ok());
  const std::string after =
      json::parse(record.response)["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"];
  EXPECT_EQ(after, R"({"to":"[EMAIL]","note":"say \"hi\" \u00e9","n":[1,{"pin":""}]})");
}

TEST(Redactor, ArgumentsThatAreBrokenAreATextLikeAnother) {
  auto record = interaction("{}", R"({"arguments":"{\"to\":\"ann@example.com\", "})");
  ASSERT_TRUE(redactor({kind("email")}).apply(record).ok());
  EXPECT_EQ(record.response, R"({"arguments":"{\"to\":\"[EMAIL]\", "})");
}

TEST(Redactor, ValuesBehindEscapesAreFound) {
  auto record = interaction(R"({"a":"ann\u0040example.com \ud83d\ude42 bob@example.com\n"})");
  ASSERT_TRUE(redactor({kind("email")}).apply(record).ok());
  EXPECT_EQ(record.request, R"({"a":"[EMAIL] \ud83d\ude42 [EMAIL]\n"})");
}

TEST(Redactor, PathsReachValuesOfEveryKind) {
  const auto redact =
      redactor({path("$.request.user", RedactionAction::kPseudonym), path("$.request.metadata", RedactionAction::kDrop),
                path("$.request.messages[*].name"), path("$..ssn")});
  auto record = interaction(
      R"({"user":"u-77","metadata":{"a":[1,"x"]},"messages":[{"name":"Ann","content":"hi"}],"t":[{"ssn":123}]})");
  const auto counts = redact.apply(record);
  ASSERT_TRUE(counts.ok());
  const json after = json::parse(record.request);
  EXPECT_THAT(after["user"].get<std::string>(), StartsWith("REDACTED_"));
  EXPECT_TRUE(after["metadata"].is_null());
  EXPECT_EQ(after["messages"][0], json({{"name", "[REDACTED]"}, {"content", "hi"}}));
  EXPECT_EQ(after["t"][0]["ssn"], "[REDACTED]");
  EXPECT_EQ(counts->at("redacted"), 4U);
}

TEST(Redactor, RulesAreForTheirWorkloads) {
  auto only = kind("email");
  only.workloads = {"billing"};
  auto but = kind("phone");
  but.except = {"router"};
  auto record = interaction(asking("ann@example.com +44 20 7946 0123"));
  ASSERT_TRUE(redactor({only, but}).apply(record).ok());
  EXPECT_EQ(said(record), "ann@example.com +44 20 7946 0123");
  record.workload = record::WorkloadId("billing");
  ASSERT_TRUE(redactor({only, but}).apply(record).ok());
  EXPECT_EQ(said(record), "[EMAIL] [PHONE]");
}

TEST(Redactor, OwnPatternsAndTheirOrder) {
  auto own = RedactionRule{.name = "customer", .pattern = R"(C-\d{6})", .action = RedactionAction::kDrop};
  auto wide = RedactionRule{.name = "line", .pattern = R"(id .*)"};
  auto record = interaction(asking("id C-123456 end"));
  ASSERT_TRUE(redactor({own, wide}).apply(record).ok());
  EXPECT_EQ(said(record), "id  end");
  record = interaction(asking("id C-123456 end"));
  ASSERT_TRUE(redactor({wide, own}).apply(record).ok());
  EXPECT_EQ(said(record), "[LINE]");
}

TEST(Redactor, TagsAndConversationAreRedactedToo) {
  auto record = interaction("{}");
  record.provenance.conversation = "chat of ann@example.com";
  record.provenance.tags = {{"who", "ann@example.com"}};
  ASSERT_TRUE(redactor({kind("email")}).apply(record).ok());
  EXPECT_EQ(record.provenance.conversation, "chat of [EMAIL]");
  EXPECT_EQ(record.provenance.tags[0].value, "[EMAIL]");
}

TEST(Redactor, RedactingAgainChangesNothing) {
  auto rules = all_kinds(RedactionAction::kPseudonym).rules;
  rules.push_back(path("$..user", RedactionAction::kPseudonym));
  const auto redact = redactor(rules);
  auto record = interaction(
      R"({"user":"ann","a":"ann@example.com 10.1.2.3 4111111111111111 +44 20 7946 0123 sk-abcdefghij0123456789"})");
  ASSERT_TRUE(redact.apply(record).ok());
  const auto once = record;
  EXPECT_TRUE(redact.apply(record)->empty());
  EXPECT_EQ(record, once);
}

TEST(Redactor, WhatIsNoJsonIsRefusedAndUntouched) {
  auto record = interaction(R"({"a":"ann@example.com")");
  EXPECT_FALSE(redactor({kind("email")}).apply(record).ok());
  EXPECT_EQ(record.request, R"({"a":"ann@example.com")");
}

TEST(Redactor, BadLinesAreRedactedAsTextAndWithheldWherePathsCannotBeFound) {
  EXPECT_EQ(redactor({kind("email")}).redact_unread(R"({"a":"ann@example.com)"), R"({"a":"[EMAIL])");
  EXPECT_EQ(redactor({path("$.a")}).redact_unread(R"({"a":"x","b":1})"), R"({"a":"[REDACTED]","b":1})");
  EXPECT_THAT(redactor({path("$.a")}).redact_unread(R"({"a":"x)"), Not(HasSubstr("x\"")));
  EXPECT_THAT(redactor({path("$.a")}).redact_unread(R"({"a":"x)"), HasSubstr("withheld"));
}

TEST(Redactor, ImagesAreNotRead) {
  const std::string image = "data:image/png;base64," + std::string(100, 'A') + "+4415012345678";
  auto record = interaction(asking(image));
  EXPECT_TRUE(redactor(all_kinds().rules).apply(record)->empty());
}

TEST(Redactor, RulesThatCannotBeAreRefusedByNumber) {
  const auto why = [](RedactionRule rule, std::string key = kKey) {
    const auto out = Redactor::create({.rules = {kind("email"), std::move(rule)}}, std::move(key));
    return out.ok() ? std::string() : out.error().message;
  };
  EXPECT_THAT(why(kind("mail")), HasSubstr("rules[1]: \"mail\" is no kind; there are email, phone"));
  EXPECT_THAT(why({.pattern = "("}), HasSubstr("rules[1]: pattern: "));
  EXPECT_THAT(why(path("a.b")), HasSubstr("rules[1]: \"a.b\" is no path"));
  EXPECT_THAT(why({}), HasSubstr("one of kind, pattern and path"));
  EXPECT_THAT(why(kind("email", RedactionAction::kPseudonym), ""), HasSubstr("FLYWHEEL_REDACTION_KEY"));
}

}  // namespace
}  // namespace fw::capture
