#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config/config.h"

namespace fw::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

Result<Config> parse(const std::string& keys, const std::string& name = "", const std::string& value = "") {
  const std::string text = "nims: [{model_name: m, url: \"https://h/v1\", " + keys +
                           "}]\ndata_split_config: {eval_size: 100, min_total_records: 500}\n";
  return parse_config(text, "c.yaml", "/", [&](const std::string& asked) { return asked == name ? value : ""; });
}
modelops::Endpoint endpoint(const std::string& keys) {
  const auto config = parse(keys);
  EXPECT_TRUE(config.ok()) << config.error().message;
  return config.ok() ? *config->run.candidates.at(0).model.endpoint : modelops::Endpoint();
}
std::vector<std::string> warnings(const std::string& keys, const std::string& name = "",
                                  const std::string& value = "") {
  return parse(keys, name, value)->warnings;
}
std::string error(const std::string& keys) {
  const auto config = parse(keys);
  return config.ok() ? "(none)" : config.error().message;
}

TEST(EndpointSection, ReadsHeadersQueryAndOverrides) {
  const auto read = endpoint(
      "headers: {X-Team: blue}, query: {api-version: 2024-06-01}, deploy_check: chat, api_key_header: api-key, "
      "request_overrides: {rename: {max_tokens: max_completion_tokens}, remove: [seed], "
      "set: {top_p: 0.5, n: 1, user: \"7\", stop: [a, b], think: {on: true}, none: null}}");
  EXPECT_THAT(read.headers, ElementsAre(Pair("X-Team", "blue")));
  EXPECT_THAT(read.query, ElementsAre(Pair("api-version", "2024-06-01")));
  EXPECT_THAT(read.overrides.rename, ElementsAre(Pair("max_tokens", "max_completion_tokens")));
  EXPECT_THAT(read.overrides.remove, ElementsAre("seed"));
  EXPECT_THAT(read.overrides.set,
              ElementsAre(Pair("top_p", "0.5"), Pair("n", "1"), Pair("user", "\"7\""), Pair("stop", R"(["a","b"])"),
                          Pair("think", R"({"on":true})"), Pair("none", "null")));
  EXPECT_TRUE(read.ask_at_deploy);
  EXPECT_EQ(read.api_key_header, "api-key");
}

TEST(EndpointSection, OneParameterIsRemovedWithoutAList) {
  EXPECT_THAT(endpoint("request_overrides: {remove: seed}").overrides.remove, ElementsAre("seed"));
}

TEST(EndpointSection, OverridesThatContradictThemselvesOrTheRequestAreRefused) {
  EXPECT_THAT(error("request_overrides: {remove: [messages]}"), HasSubstr("\"messages\" has to be sent"));
  EXPECT_THAT(error("request_overrides: {remove: [n], set: {n: 1}}"), HasSubstr("removed and set"));
  EXPECT_THAT(error("request_overrides: {sets: {n: 1}}"), HasSubstr("did you mean \"set\"?"));
  EXPECT_THAT(error("request_overrides: {set: [n]}"), HasSubstr("expected names with values"));
}

TEST(EndpointSection, AKeyInPlaceOfAVariablesNameIsNotRepeated) {
  EXPECT_THAT(error("api_key_env: sk-proj-0123456789abcdef"),
              AllOf(HasSubstr("looks like a key itself"), Not(HasSubstr("sk-proj"))));
  EXPECT_THAT(error("api_key_env: \"MY KEY\""), HasSubstr("is no name of a variable"));
}

TEST(EndpointSection, AVariableThatIsNotSetOrHoldsNoKeyIsSaid) {
  EXPECT_THAT(warnings("api_key_env: K"), ElementsAre(HasSubstr("variable K is not set")));
  EXPECT_THAT(warnings("api_key_env: K", "K", "a\nb"), ElementsAre(HasSubstr("line break within the key")));
  EXPECT_THAT(warnings("api_key_env: K", "K", "abc\n"), ElementsAre(HasSubstr("which were not sent")));
  EXPECT_THAT(warnings("api_key_env: K", "K", "abc"), IsEmpty());
  EXPECT_THAT(warnings("headers: {X: \"${K}\"}"), ElementsAre(HasSubstr("variable K is not set")));
}

TEST(EndpointSection, KeysInPlainTextAreSaidWithoutRepeatingThem) {
  for (const char* keys : {"headers: {api-key: 0123abc}", "query: {code: 0123abc}", "headers: {X: sk-proj-0123abc}"})
    EXPECT_THAT(warnings(keys), ElementsAre(AllOf(HasSubstr("plain text"), Not(HasSubstr("0123abc"))))) << keys;
  EXPECT_THAT(warnings("headers: {X-Team: blue}, query: {api-version: 2024-06-01}"), IsEmpty());
}

Result<Config> with_url(const std::string& url) {
  return parse_config("nims: [{model_name: m, url: \"" + url + "\"}]\npromising: {margin: 0.9, min_rows: 10}\n",
                      "c.yaml", "/", [](const std::string&) { return ""; });
}

TEST(EndpointSection, UrlsThatCannotBeUsedAreErrors) {
  for (const char* url :
       {"http://h:99999/v1", "http:///v1", "http://user:pw@h/v1", "h/v1", "ftp://h", "http://h/a b", ""})
    EXPECT_FALSE(with_url(url).ok()) << url;
  EXPECT_THAT(with_url("http://user:pw@h/v1").error().message, Not(HasSubstr("pw@")));
}

TEST(EndpointSection, BlanksAroundAUrlAreLeftOut) {
  const auto config = with_url(" http://h/v1 ");
  EXPECT_EQ(config->run.candidates[0].model.endpoint->url, "http://h/v1");
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("blanks")));
}

TEST(EndpointSection, AKeyInAUrlIsSaid) {
  EXPECT_THAT(with_url("http://h/v1?key=0123abc")->warnings,
              ElementsAre(AllOf(HasSubstr("${NAME}"), Not(HasSubstr("0123abc")))));
  EXPECT_THAT(with_url("http://h/v1?api-version=1")->warnings, IsEmpty());
}

TEST(EndpointSection, KeysOfEndpointsDoNothingForALocalModel) {
  const auto config = parse_config("nims: [{model_name: m, path: x.gguf, headers: {A: b}}]", "c.yaml", "/",
                                   [](const std::string&) { return ""; });
  EXPECT_THAT(config->warnings, Contains(HasSubstr("headers: has no effect")));
}

}  // namespace
}  // namespace fw::app
