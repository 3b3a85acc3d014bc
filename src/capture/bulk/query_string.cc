#include "capture/bulk/impl/query_string.h"

#include <algorithm>
#include <array>
#include <optional>

namespace fw::capture::elastic {
namespace {

constexpr std::size_t kMostClauses = 1024;
constexpr int kMostNesting = 12;

Error malformed(const std::string& what) { return invalid_argument("[query_string] is not understood: " + what); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool ends_word(char c) { return is_space(c) || std::string_view("()[]{}\":^~").find(c) != std::string_view::npos; }

/// A word or a phrase of the text.
struct Term {
  std::string text;
  bool is_quoted = false;
  bool has_star = false;     // one that was not escaped
  bool has_literal = false;  // a star that was
};

/// One clause of a list, as Lucene's classic parser has it: it must, may or must not match.
struct Clause {
  enum class Occurs : std::uint8_t { kShould, kMust, kMustNot };
  Json query;
  Occurs occurs = Occurs::kShould;
};

class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string> fields, bool is_and)
      : text_(text), fields_(std::move(fields)), is_and_(is_and) {}

  Result<Json> parse() {
    FW_ASSIGN(Json query, parse_list("", 0));
    if (!is_at_end()) return malformed("there is a ) too many");
    return query;
  }

 private:
  using Occurs = Clause::Occurs;
  enum class Joint : std::uint8_t { kNone, kAnd, kOr };

  Result<Json> parse_list(const std::string& field, int depth) {
    if (depth > kMostNesting) return malformed("its parentheses are nested too deeply");
    std::vector<Clause> clauses;
    while (true) {
      skip_spaces();
      if (is_at_end() || text_[at_] == ')') break;
      const Joint joint = read_joint();
      const auto modifier = read_modifier();
      skip_spaces();
      if (is_at_end() || text_[at_] == ')') return malformed("it ends with an operator");
      FW_ASSIGN(Json query, parse_clause(field, depth));
      add(clauses, std::move(query), joint, modifier);
      if (++count_ > kMostClauses) return malformed("it has more than 1024 terms");
    }
    return joined(std::move(clauses));
  }

  /// AND makes what stands on both of its sides necessary; what is denied stays so.
  void add(std::vector<Clause>& clauses, Json query, Joint joint, std::optional<Occurs> modifier) const {
    if (!clauses.empty() && clauses.back().occurs != Occurs::kMustNot) {
      if (joint == Joint::kAnd) clauses.back().occurs = Occurs::kMust;
      if (joint == Joint::kOr && is_and_) clauses.back().occurs = Occurs::kShould;
    }
    const bool is_needed = joint == Joint::kAnd || (is_and_ && joint != Joint::kOr);
    clauses.push_back({std::move(query), modifier.value_or(is_needed ? Occurs::kMust : Occurs::kShould)});
  }

  static Json joined(std::vector<Clause> clauses) {
    if (clauses.empty()) return {{"match_none", Json::object()}};
    if (clauses.size() == 1 && clauses.front().occurs != Occurs::kMustNot) return std::move(clauses.front().query);
    Json body = Json::object();
    for (Clause& clause : clauses) {
      const char* key = clause.occurs == Occurs::kMust     ? "must"
                        : clause.occurs == Occurs::kShould ? "should"
                                                           : "must_not";
      body[key].push_back(std::move(clause.query));
    }
    return {{"bool", std::move(body)}};
  }

  Joint read_joint() {
    if (takes_word("AND") || takes("&&")) return Joint::kAnd;
    if (takes_word("OR") || takes("||")) return Joint::kOr;
    return Joint::kNone;
  }

  std::optional<Occurs> read_modifier() {
    skip_spaces();
    if (takes("+")) return Occurs::kMust;
    if (takes("-") || takes("!") || takes_word("NOT")) return Occurs::kMustNot;
    return std::nullopt;
  }

  Result<Json> parse_clause(std::string field, int depth) {
    if (text_[at_] == '(') return parse_group(field, depth);
    if (text_[at_] == '[' || text_[at_] == '{') return parse_range(field);
    FW_ASSIGN(Term term, read_term());
    if (!term.is_quoted && !is_at_end() && text_[at_] == ':') {
      ++at_;
      field = term.text;
      skip_spaces();
      if (is_at_end()) return malformed("[" + field + ":] is followed by nothing");
      if (field != "_exists_" && text_[at_] == '(') return parse_group(field, depth);
      if (text_[at_] == '[' || text_[at_] == '{') return parse_range(field);
      if (text_[at_] == '<' || text_[at_] == '>') return parse_comparison(field);
      FW_ASSIGN(term, read_term());
    }
    FW_TRY(read_boost());
    return leaf(field, term);
  }

  Result<Json> parse_group(const std::string& field, int depth) {
    ++at_;
    FW_ASSIGN(Json query, parse_list(field, depth + 1));
    if (!takes(")")) return malformed("a ( is not closed");
    FW_TRY(read_boost());
    return query;
  }

  Result<Json> parse_range(const std::string& field) {
    if (field.empty()) return malformed("a range needs a field");
    const bool is_from_included = text_[at_++] == '[';
    const auto end = text_.find_first_of("]}", at_);
    if (end == std::string_view::npos) return malformed("a range is not closed");
    const std::string inner(text_.substr(at_, end - at_));
    const bool is_to_included = text_[end] == ']';
    at_ = end + 1;
    const auto to = inner.find(" TO ");
    if (to == std::string::npos) return malformed("a range is [a TO b]");
    Json bounds = Json::object();
    const auto put = [&bounds](const char* key, std::string value) {
      std::erase(value, '"');
      std::erase(value, ' ');
      if (value != "*") bounds[key] = std::move(value);
    };
    put(is_from_included ? "gte" : "gt", inner.substr(0, to));
    put(is_to_included ? "lte" : "lt", inner.substr(to + 4));
    FW_TRY(read_boost());
    return Json{{"range", {{field, std::move(bounds)}}}};
  }

  Result<Json> parse_comparison(const std::string& field) {
    std::string key = text_[at_++] == '<' ? "lt" : "gt";
    if (takes("=")) key += 'e';
    FW_ASSIGN(const Term term, read_term());
    return Json{{"range", {{field, {{key, term.text}}}}}};
  }

  Result<Term> read_term() {
    Term term;
    if (is_at_end()) return malformed("it ends where a term is expected");
    if (text_[at_] == '"') return read_phrase();
    if (text_[at_] == '/') return malformed("regular expressions (/) are not known");
    while (!is_at_end() && !ends_word(text_[at_])) {
      char c = text_[at_++];
      if (c == '\\') {
        if (is_at_end()) return malformed("it ends with a backslash");
        c = text_[at_++];
        term.has_literal |= c == '*';
      } else if (c == '?') {
        return malformed("? is not known, * is");
      } else if (c == '*') {
        term.has_star = true;
      }
      term.text += c;
    }
    if (term.text.empty()) return malformed("[" + std::string(1, text_[at_]) + "] stands where a term is expected");
    return term;
  }

  Result<Term> read_phrase() {
    Term term{.is_quoted = true};
    for (++at_; !is_at_end() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      term.text += text_[at_];
    }
    if (!takes("\"")) return malformed("a \" is not closed");
    return term;
  }

  /// `^2` changes scores alone, and there are none.
  Status read_boost() {
    if (!is_at_end() && text_[at_] == '~') return malformed("~ (fuzzy terms and loose phrases) is not known");
    if (!takes("^")) return {};
    const std::size_t begin = at_;
    while (!is_at_end() && (text_[at_] == '.' || (text_[at_] >= '0' && text_[at_] <= '9'))) ++at_;
    return at_ > begin ? Status() : Status(malformed("^ is followed by a number"));
  }

  [[nodiscard]] Result<Json> leaf(const std::string& field, const Term& term) const {
    if (field == "_exists_") return Json{{"exists", {{"field", term.text}}}};
    const bool is_all = term.has_star && term.text == "*";
    if (is_all && (field.empty() || field == "*")) return Json{{"match_all", Json::object()}};
    if (is_all) return Json{{"exists", {{"field", field}}}};
    if (term.has_star && term.has_literal) return malformed("a term with * and \\* is not known");
    const std::string kind = term.has_star ? "wildcard" : "match";
    if (!field.empty()) return Json{{kind, {{field, term.text}}}};
    Json any = Json::array();
    for (const std::string& name : fields_) any.push_back({{kind, {{name, term.text}}}});
    if (any.size() == 1) return any.front();
    return Json{{"bool", {{"should", std::move(any)}}}};
  }

  [[nodiscard]] bool is_at_end() const { return at_ >= text_.size(); }
  void skip_spaces() {
    while (!is_at_end() && is_space(text_[at_])) ++at_;
  }
  bool takes(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  bool takes_word(std::string_view word) {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word) ||
        (rest.size() > word.size() && !is_space(rest[word.size()]) && rest[word.size()] != '(')) {
      return false;
    }
    at_ += word.size();
    return true;
  }

  const std::string_view text_;
  const std::vector<std::string> fields_;
  const bool is_and_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

/// `workload_id^2` is workload_id: scores there are none.
std::string without_boost(const std::string& field) { return field.substr(0, field.find('^')); }

std::vector<std::string> default_fields() { return {"workload_id", "client_id"}; }

Result<std::vector<std::string>> fields_of(const Json& value) {
  std::vector<std::string> out;
  const Json list = value.is_array() ? value : Json::array({value});
  for (const Json& name : list) {
    if (!name.is_string()) return malformed("fields are names");
    const std::string field = without_boost(name.get<std::string>());
    if (field == "*") return default_fields();
    out.push_back(field);
  }
  return out.empty() ? default_fields() : out;
}

}  // namespace

Result<Json> query_of_text(const Json& clause) {
  constexpr std::array<std::string_view, 11> kWithoutEffect{"analyzer",
                                                            "analyze_wildcard",
                                                            "lenient",
                                                            "boost",
                                                            "_name",
                                                            "rewrite",
                                                            "allow_leading_wildcard",
                                                            "quote_analyzer",
                                                            "tie_breaker",
                                                            "auto_generate_synonyms_phrase_query",
                                                            "enable_position_increments"};
  if (!clause.is_object() || !clause.contains("query") || !clause["query"].is_string()) {
    return invalid_argument("[query_string] needs [query], a text");
  }
  std::vector<std::string> fields = default_fields();
  bool is_and = false;
  for (const auto& [key, value] : clause.items()) {
    if (key == "default_field" || key == "fields") {
      FW_ASSIGN(fields, fields_of(value));
    } else if (key == "default_operator") {
      if (value == "AND" || value == "and") {
        is_and = true;
      } else if (value != "OR" && value != "or") {
        return malformed("[default_operator] is AND or OR");
      }
    } else if (key != "query" && std::ranges::find(kWithoutEffect, key) == kWithoutEffect.end()) {
      return invalid_argument("unknown key of [query_string]: [" + key + "]");
    }
  }
  const std::string text = clause["query"].get<std::string>();
  return Parser(text, std::move(fields), is_and).parse();
}

}  // namespace fw::capture::elastic
